/**
 * Volumes as users have them: claims bound, data kept, grown, given back; quotas reached; and what goes on when the leader of
 * the controllers is killed. On real containers with stock kubectl.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Event, Lease, PersistentVolume, PersistentVolumeClaim, Pod, ResourceQuota } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, Cluster } from '../support/cluster.ts';

const image = 'skerry.io/stand-in/busybox:1.35';
const patient = { timeoutMs: 120_000, everyMs: 300 };

describe.skipIf(!canRunContainers())('storage', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start({ runtime: 'containerd', regions: ['east', 'west'] });
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  const apply = async (...objects: object[]) => {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    const { code, errors } = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(list) });
    if (code !== 0) throw new Error(errors);
  };
  const claim = (name: string, spec: PersistentVolumeClaim['spec'] = {}) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });
  const pod = (name: string, script: string, spec: Partial<Pod['spec']> = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
      containers: [
        {
          name: 'main',
          image,
          command: ['sh', '-c', `${script}; trap "exit 0" TERM; sleep 100000 & wait`],
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
      ...spec,
    },
  });
  const ready = (name: string) =>
    cluster.kubectlOk('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=120s');
  const exec = (name: string, ...command: string[]) => cluster.kubectlOk('exec', name, '--', ...command);
  const get = <T>(...args: string[]) => cluster.json<T>('get', ...args);
  const eventsOf = async (name: string) => {
    const { items } = await get<{ items: Event[] }>('events', `--field-selector=involvedObject.name=${name}`);
    return items.map(({ reason, message }) => `${reason}: ${message}`);
  };

  test('a claim waits for its first pod, gets a folder of that pod’s node, and data outlives pods and the agent', async () => {
    expect(await cluster.kubectlOk('get', 'storageclass')).toMatch(
      /^local-path\.skerry\.io \(default\) +skerry\.io\/local-path +Delete +WaitForFirstConsumer +true /m,
    );
    await apply(claim('data'));
    await eventually(
      async () =>
        expect(await eventsOf('data')).toContain(
          'WaitForFirstConsumer: waiting for first consumer to be created before binding',
        ),
      patient,
    );
    await apply(pod('writer', 'echo kept > /data/file'));
    await ready('writer');
    expect(await cluster.kubectlOk('get', 'pvc', 'data')).toMatch(
      /^data +Bound +pvc-[0-9a-f-]+ +1Gi +RWO +local-path\.skerry\.io /m,
    );
    const { spec } = await get<Pod>('pod', 'writer');
    const node = spec?.nodeName ?? '';
    const { [`agent-${node}`]: pid } = await cluster.processes();
    process.kill(pid ?? 0, 'SIGKILL');
    await eventually(async () => {
      const { [`agent-${node}`]: now } = await cluster.processes();
      expect(now).toBeGreaterThan(0);
      expect(now).not.toBe(pid);
    }, patient);
    await cluster.kubectlOk('delete', 'pod', 'writer', '--wait');
    await apply(pod('reader', 'true'));
    await ready('reader');
    expect(await exec('reader', 'cat', '/data/file')).toBe('kept\n');
    expect((await get<Pod>('pod', 'reader')).spec?.nodeName).toBe(node);
  });

  test('a claim grows, and does not shrink', async () => {
    await cluster.kubectlOk('patch', 'pvc', 'data', '-p', grow('2Gi'));
    await cluster.kubectlOk(
      'wait',
      '--for=jsonpath={.status.capacity.storage}=2Gi',
      'pvc/data',
      '--timeout=60s',
    );
    expect(await eventsOf('data')).toContain('VolumeResizeSuccessful: Resize volume succeeded');
    const { errors } = await cluster.kubectl(['patch', 'pvc', 'data', '-p', grow('1Gi')]);
    expect(errors).toContain('field can not be less than status.capacity');
  });

  test('a StatefulSet keeps its data with its pods, and says why when they cannot go where it is', async () => {
    const { spec } = pod('db', 'echo "$HOSTNAME" >> /data/starts');
    await apply({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: {
        replicas: 1,
        serviceName: 'db',
        selector: { matchLabels: { app: 'db' } },
        template: { metadata: { labels: { app: 'db' } }, spec: { ...spec, volumes: [] } },
        volumeClaimTemplates: [claim('data')],
      },
    });
    await cluster.kubectlOk('rollout', 'status', 'statefulset/db', '--timeout=120s');
    const node = (await get<Pod>('pod', 'db-0')).spec?.nodeName ?? '';
    await cluster.kubectlOk('cordon', node);
    await cluster.kubectlOk('delete', 'pod', 'db-0', '--wait');
    await eventually(async () => {
      const said = (await eventsOf('db-0')).join('\n');
      expect(said).toContain(
        "0/2 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity, 1 node(s) were unschedulable.",
      );
    }, patient);
    await cluster.kubectlOk('uncordon', node);
    await ready('db-0');
    expect((await get<Pod>('pod', 'db-0')).spec?.nodeName).toBe(node);
    expect(await exec('db-0', 'cat', '/data/starts')).toBe('db-0\ndb-0\n');
    await cluster.kubectlOk('delete', 'statefulset/db', 'pvc/data-db-0', '--wait');
  });

  test('parts of a volume, groups, modes and ephemeral volumes are as pods ask', async () => {
    const volumeClaimTemplate = {
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Mi' } } },
    };
    const wanted = pod('parts', 'echo part > /part/file; touch /scratch/mine', {
      securityContext: { fsGroup: 4242, runAsUser: 1000 },
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: 'single' } },
        { name: 'scratch', ephemeral: { volumeClaimTemplate } },
      ],
    });
    const [container] = wanted.spec.containers;
    container!.volumeMounts = [
      { name: 'data', mountPath: '/data', readOnly: true } as { name: string; mountPath: string },
      { name: 'data', mountPath: '/part', subPath: 'a/b' } as { name: string; mountPath: string },
      { name: 'scratch', mountPath: '/scratch' },
    ];
    await apply(claim('single', { accessModes: ['ReadWriteOncePod'] }), wanted);
    await ready('parts');
    expect(await exec('parts', 'cat', '/data/a/b/file')).toBe('part\n');
    expect(await exec('parts', 'stat', '-c', '%g', '/scratch', '/scratch/mine')).toBe('4242\n4242\n');
    const { errors } = await cluster.kubectl(['exec', 'parts', '--', 'touch', '/data/x']);
    expect(errors).toContain('Read-only file system');
    const second = pod('second', 'true', {
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'single' } }],
    });
    await apply(second);
    await eventually(
      async () =>
        expect((await eventsOf('second')).join('\n')).toContain(
          'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
        ),
      patient,
    );
    const scratch = await get<PersistentVolumeClaim>('pvc', 'parts-scratch');
    await cluster.kubectlOk('delete', 'pod', 'parts', '--wait');
    await ready('second');
    await cluster.kubectlOk('wait', '--for=delete', `pv/${scratch.spec?.volumeName}`, '--timeout=60s');
  });

  test('a volume that a person made is kept when its claim goes; one that was made for the claim goes with its folder', async () => {
    const { spec } = await get<PersistentVolumeClaim>('pvc', 'data');
    const made = await get<PersistentVolume>('pv', spec?.volumeName ?? '');
    const path = made.spec?.local?.path ?? '';
    expect(existsSync(join(path, 'file'))).toBe(true);
    const manual = join(cluster.dataDirectory, 'manual');
    await apply(
      {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: 'manual' },
        spec: {
          accessModes: ['ReadWriteOnce'],
          capacity: { storage: '5Gi' },
          hostPath: { path: manual, type: 'DirectoryOrCreate' },
        },
      },
      claim('manual', { storageClassName: '' }),
    );
    await cluster.kubectlOk('wait', '--for=jsonpath={.status.phase}=Bound', 'pvc/manual', '--timeout=60s');
    await cluster.kubectlOk('delete', 'pvc', 'manual', '--wait');
    await cluster.kubectlOk('wait', '--for=jsonpath={.status.phase}=Released', 'pv/manual', '--timeout=60s');
    // Protected until its pod has gone.
    await cluster.kubectlOk('delete', 'pvc', 'data', '--wait=false');
    expect((await get<PersistentVolumeClaim>('pvc', 'data')).metadata?.deletionTimestamp).toBeDefined();
    await cluster.kubectlOk('delete', 'pod', 'reader', '--wait');
    await cluster.kubectlOk('wait', '--for=delete', `pv/${made.metadata?.name}`, '--timeout=60s');
    await eventually(() => {
      expect(existsSync(path)).toBe(false);
      expect(readdirSync(join(path, '..')).filter((name) => name.startsWith('.leaving'))).toEqual([]);
    }, patient);
  });

  test('a quota that is reached stops a rollout and says so, and goes on when there is room', async () => {
    await cluster.kubectlOk('create', 'quota', 'small', '--hard=pods=1,persistentvolumeclaims=0');
    const { errors } = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(claim('more')) });
    expect(errors).toContain(
      'exceeded quota: small, requested: persistentvolumeclaims=1, used: persistentvolumeclaims=1, limited: persistentvolumeclaims=0',
    );
    await cluster.kubectlOk('delete', 'pod', 'second', '--wait');
    const command = ['--', 'sleep', '100000'];
    await cluster.kubectlOk('create', 'deployment', 'web', `--image=${image}`, '--replicas=2', ...command);
    const used = async () => (await get<ResourceQuota>('quota', 'small')).status?.used?.['pods'];
    await eventually(async () => {
      expect(await used()).toBe('1');
      const { items } = await get<{ items: Event[] }>('events', '--field-selector=reason=FailedCreate');
      expect(items.map(({ message }) => message).join('\n')).toContain(
        'exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1',
      );
    }, patient);
    await cluster.kubectlOk(
      'patch',
      'quota',
      'small',
      '-p',
      JSON.stringify({ spec: { hard: { pods: '2' } } }),
    );
    await cluster.kubectlOk('rollout', 'status', 'deployment/web', '--timeout=120s');
    expect(await used()).toBe('2');
    await cluster.kubectlOk('delete', 'quota', 'small');
  });

  test('when the leader is killed, controllers and scheduler go on under the same leases, each with its own rights', async () => {
    const holders = async () => {
      const { items } = await get<{ items: Lease[] }>('lease', '-n', 'kube-system');
      const led = items.filter(({ metadata }) => metadata.name?.startsWith('kube-'));
      return led.map(({ metadata, spec }) => `${metadata.name} ${spec?.holderIdentity !== ''}`).toSorted();
    };
    const leads = ['kube-controller-manager true', 'kube-scheduler true'];
    expect(await holders()).toEqual(leads);
    const { controllers: pid } = await cluster.processes();
    process.kill(pid ?? 0, 'SIGKILL');
    await cluster.kubectlOk('scale', 'deployment/web', '--replicas=4');
    await cluster.kubectlOk('rollout', 'status', 'deployment/web', '--timeout=120s');
    expect(await holders()).toEqual(leads);
    const pods = await get<{ items: Pod[] }>('pods', '-l', 'app=web');
    expect(pods.items).toHaveLength(4);
    for (const [page, metric] of [
      ['controllers', 'leader_election_master_status{name="kube-controller-manager"} 1'],
      ['controllers', 'workqueue_adds_total{name="deployment"}'],
      ['scheduler', 'scheduler_schedule_attempts_total{profile="default-scheduler",result="scheduled"}'],
    ] as const)
      expect(await cluster.kubectlOk('get', '--raw', `/metrics/${page}`)).toContain(metric);
    const log = readFileSync(join(cluster.dataDirectory, 'logs/controllers.log'), 'utf8');
    expect(log.split('\n').filter((line) => line.includes('is forbidden: User'))).toEqual([]);
  });
});

function grow(storage: string): string {
  return JSON.stringify({ spec: { resources: { requests: { storage } } } });
}
