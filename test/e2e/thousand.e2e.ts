/**
 * Workloads over a thousand nodes that are played (`bench/played-nodes.ts`): what agents would say is said for them, so that what
 * controllers and scheduler do at that size has its place in the suite. Their process is killed in the middle of each change.
 * Agents themselves are in `fleet.e2e.ts`, with pods on some of them.
 */
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PlayedNodes } from '../../bench/played-nodes.ts';
import { endpointOf } from '../../bench/target.ts';
import { Center } from '../support/center.ts';
import { template, Workloads } from '../support/workloads.ts';
import { writesBetween, writesIn } from '../support/writes.ts';

const nodes = 1_000;
const jobs = 50;
const patienceMs = 600_000;
const patient = { timeoutMs: patienceMs, everyMs: 500 };
const namespace = 'thousand';
let center: Center;
let workloads: Workloads;
let played: PlayedNodes;

beforeAll(async () => {
  // Nobody renews their Leases.
  center = await Center.start(undefined, ['--node-monitor-grace-period=1h']);
  workloads = new Workloads(center, namespace);
  await workloads.makeNamespace();
  played = await PlayedNodes.start(endpointOf(center), { nodes, namespace });
}, patienceMs);

afterAll(async () => {
  played?.close();
  await center?.stop();
});

/** Each change is followed by nobody who is killed in the middle of it. */
async function killedOnceBegun(begun: () => Promise<number>): Promise<void> {
  await eventually(async () => expect(await begun()).toBeGreaterThan(nodes / 20), {
    ...patient,
    everyMs: 50,
  });
  workloads.killControllers();
}

test(
  'a DaemonSet comes to a thousand nodes, one pod each, is changed and goes, with controllers and scheduler killed',
  async () => {
    const path = `${workloads.daemonSets()}/agent`;
    const counts = async () => (await workloads.daemonSet('agent')).status;
    const expectOneEach = async (image: string) => {
      const pods = await workloads.podsOf('agent');
      expect(new Set(pods.map(({ spec }) => spec?.nodeName)).size).toBe(nodes);
      expect(pods.filter(({ spec }) => spec?.containers[0]?.image?.endsWith(image))).toHaveLength(nodes);
      expect(pods).toHaveLength(nodes);
    };
    await workloads.ask('POST', workloads.daemonSets(), {
      metadata: { name: 'agent' },
      spec: {
        selector: { matchLabels: { app: 'agent' } },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%' } },
        template: template('agent', '1'),
      },
    });
    await killedOnceBegun(async () => (await counts())?.currentNumberScheduled ?? 0);
    await eventually(async () => expect((await counts())?.numberAvailable).toBe(nodes), patient);
    await expectOneEach(':1');
    await workloads.ask('PATCH', path, { spec: { template: template('agent', '2') } });
    await killedOnceBegun(async () => (await counts())?.updatedNumberScheduled ?? 0);
    const changed = { updatedNumberScheduled: nodes, numberAvailable: nodes, observedGeneration: 2 };
    await eventually(async () => expect(await counts()).toMatchObject(changed), patient);
    await expectOneEach(':2');
    await workloads.ask('DELETE', path);
    await eventually(async () => expect(await workloads.podsOf('agent')).toEqual([]), patient);
  },
  3 * patienceMs,
);

test(
  'a Deployment of a thousand pods costs at most five requests a pod, is rolled, and its namespace goes with Jobs and all',
  async () => {
    const path = `${workloads.deployments()}/web`;
    const before = writesIn(await workloads.metrics());
    await workloads.ask('POST', workloads.deployments(), {
      metadata: { name: 'web' },
      spec: { replicas: nodes, selector: { matchLabels: { app: 'web' } }, template: template('web', '1') },
    });
    const expectRolledOut = async () => {
      const { metadata, status } = await workloads.deployment('web');
      const counts = { replicas: nodes, updatedReplicas: nodes, availableReplicas: nodes };
      expect(status).toMatchObject({ ...counts, observedGeneration: metadata.generation });
    };
    await eventually(expectRolledOut, patient);
    const written = writesBetween(before, writesIn(await workloads.metrics()));
    expect(written).toMatchObject({ 'POST pods': nodes, 'POST pods/binding': nodes });
    const requests = Object.values(written).reduce((sum, count) => sum + count, 0);
    expect(requests, JSON.stringify(written)).toBeLessThanOrEqual(5 * nodes);
    // Events come after the work, and none of a burst is lost.
    await eventually(async () => expect(await workloads.scheduledPods('web')).toHaveLength(nodes), patient);

    await workloads.ask('PATCH', path, { spec: { template: template('web', '2') } });
    for (let index = 0; index < jobs; index++) {
      const { spec } = template('job', '1');
      await workloads.ask('POST', workloads.jobs(), {
        metadata: { name: `job-${index}` },
        spec: { template: { spec: { ...spec, restartPolicy: 'Never' } } },
      });
    }
    await killedOnceBegun(async () => (await workloads.deployment('web')).status?.updatedReplicas ?? 0);
    await eventually(expectRolledOut, patient);
    const staying = (await workloads.podsOf('web')).filter(({ metadata }) => !metadata.deletionTimestamp);
    expect(staying).toHaveLength(nodes);
    expect(staying.every(({ spec }) => spec?.containers[0]?.image?.endsWith(':2'))).toBe(true);
    await eventually(async () => {
      const counts = (await workloads.allJobs()).map(({ status }) => [
        status?.succeeded,
        status?.failed ?? 0,
      ]);
      expect(counts).toEqual(Array.from({ length: jobs }, () => [1, 0]));
    }, patient);
    await workloads.ask('DELETE', `/api/v1/namespaces/${namespace}`);
    await eventually(async () => expect(await workloads.isGone()).toBe(true), patient);
  },
  4 * patienceMs,
);
