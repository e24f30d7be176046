/** What users do with workloads, with stock kubectl, on real containers: one cluster for all. */
import type {
  CronJob,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  Pod,
  PodTemplateSpec,
  StatefulSet,
} from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, Cluster } from '../support/cluster.ts';
import { busyboxImage } from '../support/regions.ts';

const patient = { timeoutMs: 120_000, everyMs: 250 };

/** A container that runs until it is told to end, and then ends at once. */
const waits = 'trap "exit 0" TERM; while true; do sleep 1 & wait; done';

function template(app: string, script = waits, note = 'one'): PodTemplateSpec {
  return {
    metadata: { labels: { app }, annotations: { note } },
    spec: {
      terminationGracePeriodSeconds: 5,
      containers: [
        {
          name: 'main',
          image: busyboxImage,
          command: ['sh', '-c', script],
          resources: { requests: { cpu: '20m' } },
        },
      ],
    },
  };
}

describe.skipIf(!canRunContainers())('workloads', () => {
  let cluster: Cluster;
  const kubectl = (...args: string[]) => cluster.kubectlOk(...args);
  const apply = (object: object) =>
    cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) }).then((result) => {
      if (result.code !== 0) throw new Error(result.errors);
    });
  const get = <T>(kind: string, name: string) => cluster.json<T>('get', kind, name);
  const podsOf = async (app: string) =>
    (await cluster.json<{ items: Pod[] }>('get', 'pods', '-l', `app=${app}`)).items;
  beforeAll(async () => {
    cluster = await Cluster.start({
      regions: ['east', 'west'],
      flags: [
        '--horizontal-pod-autoscaler-sync-period=1s',
        '--horizontal-pod-autoscaler-cpu-initialization-period=0',
        '--horizontal-pod-autoscaler-downscale-stabilization=0',
      ],
    });
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  test('a Deployment is rolled, paused, rolled back, and says how it fares', async () => {
    const deployment = (note: string): Deployment => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas: 3,
        progressDeadlineSeconds: 20,
        selector: { matchLabels: { app: 'web' } },
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: template('web', waits, note),
      },
    });
    await apply(deployment('one'));
    expect(await kubectl('rollout', 'status', 'deployment/web', '--timeout=90s')).toContain(
      'deployment "web" successfully rolled out',
    );
    await kubectl('rollout', 'pause', 'deployment/web');
    await apply({ ...deployment('two'), spec: { ...deployment('two').spec, paused: true } });
    expect(await kubectl('rollout', 'history', 'deployment/web')).not.toMatch(/^2 /m);
    await kubectl('rollout', 'resume', 'deployment/web');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
    expect((await podsOf('web')).map(({ metadata }) => metadata.annotations?.note)).toContain('two');
    await kubectl('set', 'image', 'deployment/web', 'main=skerry.io/stand-in/none:1');
    // It says so when it has come to nothing, and what serves goes on serving.
    const failed = await cluster.kubectl(['rollout', 'status', 'deployment/web', '--timeout=90s']);
    expect(failed.code).toBe(1);
    expect(failed.errors).toContain('deployment "web" exceeded its progress deadline');
    expect((await get<Deployment>('deployment', 'web')).status).toMatchObject({ availableReplicas: 3 });
    await kubectl('rollout', 'undo', 'deployment/web');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
    await eventually(async () => {
      const pods = await podsOf('web');
      expect(pods.map(({ metadata }) => metadata.annotations?.note)).toEqual(['two', 'two', 'two']);
    }, patient);
  });

  test('a drain waits for the budget', async () => {
    await kubectl('create', 'poddisruptionbudget', 'web', '--selector=app=web', '--min-available=3');
    await eventually(
      async () =>
        expect(await kubectl('get', 'pdb', 'web', '-o', 'jsonpath={.status.currentHealthy}')).toBe('3'),
      patient,
    );
    const [pod] = await podsOf('web');
    const node = pod?.spec?.nodeName ?? '';
    const flags = ['--ignore-daemonsets', '--delete-emptydir-data', '--force', '--pod-selector=app=web'];
    const refused = await cluster.kubectl(['drain', node, ...flags, '--timeout=4s']);
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    await kubectl('patch', 'pdb', 'web', '--type=merge', '-p', '{"spec":{"minAvailable":2}}');
    await kubectl('drain', node, ...flags, '--timeout=90s');
    await kubectl('uncordon', node);
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
    await kubectl('delete', 'deployment/web', 'pdb/web', '--wait=false');
  });

  test('a StatefulSet is made in order, scaled and updated, and its pods keep their names', async () => {
    const set = (note: string, partition: number): StatefulSet => ({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: {
        serviceName: 'db',
        replicas: 2,
        selector: { matchLabels: { app: 'db' } },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } },
        template: template('db', waits, note),
      },
    });
    await apply(set('one', 0));
    await kubectl('rollout', 'status', 'statefulset/db', '--timeout=90s');
    const [first, second] = await podsOf('db');
    expect([first?.metadata.name, second?.metadata.name]).toEqual(['db-0', 'db-1']);
    expect(await kubectl('exec', 'db-1', '--', 'hostname')).toBe('db-1\n');
    const readyAt = ({ status }: Pod) =>
      status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '';
    expect(second!.metadata.creationTimestamp! >= readyAt(first!)).toBe(true);
    await apply(set('two', 1));
    await kubectl('rollout', 'status', 'statefulset/db', '--timeout=90s');
    const notes = async () => (await podsOf('db')).map(({ metadata }) => metadata.annotations?.note);
    expect(await notes()).toEqual(['one', 'two']);
    await kubectl('scale', 'statefulset/db', '--replicas=3');
    await kubectl('wait', '--for=jsonpath={.status.readyReplicas}=3', 'statefulset/db', '--timeout=90s');
    await apply(set('two', 0));
    await kubectl('rollout', 'status', 'statefulset/db', '--timeout=90s');
    await eventually(async () => expect(await notes()).toEqual(['two', 'two']), patient);
    await kubectl('rollout', 'undo', 'statefulset/db');
    await kubectl('rollout', 'status', 'statefulset/db', '--timeout=90s');
    await eventually(async () => expect(await notes()).toEqual(['one', 'one']), patient);
    expect(await kubectl('describe', 'statefulset/db')).toContain(
      'Create Pod db-0 in StatefulSet db successful',
    );
    await kubectl('delete', 'statefulset/db', '--wait=false');
  });

  test('a CronJob makes Jobs at its times, and by hand', async () => {
    const command = ['--', 'sh', '-c', 'echo ticked'];
    await kubectl('create', 'cronjob', 'tick', `--image=${busyboxImage}`, '--schedule=@every 3s', ...command);
    await kubectl('create', 'job', 'now', '--from=cronjob/tick');
    await kubectl('wait', '--for=condition=complete', 'job/now', '--timeout=90s');
    expect(await kubectl('logs', 'job/now')).toBe('ticked\n');
    await eventually(async () => {
      const { status } = await get<CronJob>('cronjob', 'tick');
      expect(status?.lastScheduleTime).toBeDefined();
      expect(status?.lastSuccessfulTime).toBeDefined();
    }, patient);
    await eventually(async () => {
      const { items } = await cluster.json<{ items: Job[] }>('get', 'jobs');
      const made = items.find(({ metadata }) => /^tick-\d+$/.test(metadata.name ?? ''));
      const conditions = made?.status?.conditions?.map(({ type }) => type);
      expect(conditions).toEqual(['SuccessCriteriaMet', 'Complete']);
    }, patient);
    await kubectl('delete', 'cronjob/tick');
  });

  test('an indexed Job counts each index once, and ends with its failures told', async () => {
    const job: Job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'parts' },
      spec: {
        completions: 4,
        parallelism: 4,
        completionMode: 'Indexed',
        backoffLimitPerIndex: 0,
        podFailurePolicy: {
          rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } }],
        },
        template: {
          spec: {
            ...template('parts', 'test $JOB_COMPLETION_INDEX != 2 || exit 42').spec!,
            restartPolicy: 'Never',
          },
        },
      },
    };
    await apply(job);
    await kubectl('wait', '--for=condition=failed', 'job/parts', '--timeout=90s');
    expect((await get<Job>('job', 'parts')).status).toMatchObject({
      succeeded: 3,
      failed: 1,
      completedIndexes: '0,1,3',
      failedIndexes: '2',
    });
    await kubectl('delete', 'job/parts');
  });

  test('an autoscaler follows the load of real containers', async () => {
    const deployment: Deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'busy' },
      spec: {
        selector: { matchLabels: { app: 'busy' } },
        template: template('busy', waits.replace('sleep 1', 'sleep 0.02')),
      },
    };
    await apply(deployment);
    await kubectl('rollout', 'status', 'deployment/busy', '--timeout=90s');
    await kubectl('autoscale', 'deployment', 'busy', '--cpu=50%', '--min=1', '--max=2');
    const shown = async () => get<HorizontalPodAutoscaler>('hpa', 'busy');
    await eventually(async () => {
      const { status } = await shown();
      expect(status).toMatchObject({ desiredReplicas: 2 });
      expect(status?.currentMetrics?.[0]?.resource?.current.averageUtilization).toBeGreaterThan(50);
    }, patient);
    expect(await kubectl('get', 'hpa', 'busy')).toMatch(
      /REFERENCE +TARGETS +MINPODS +MAXPODS +REPLICAS[^]*Deployment\/busy +cpu: \d+%\/50% +1 +2/,
    );
    // Without load it shrinks again.
    await kubectl(
      'patch',
      'deployment',
      'busy',
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { template: template('busy', waits, 'idle') } }),
    );
    await eventually(
      async () => expect((await shown()).status).toMatchObject({ desiredReplicas: 1 }),
      patient,
    );
    expect(await kubectl('describe', 'hpa', 'busy')).toMatch(
      /SuccessfulRescale .*New size: 1; reason: All metrics below target/,
    );
    await kubectl('delete', 'hpa/busy', 'deployment/busy', '--wait=false');
  });
});
