/**
 * Many nodes in one process (`skerry sim`), each with a certificate, a link and an agent of its own: cut off all at once, then
 * workloads over all of them, with the controllers' process killed in the middle. What is waited for are states, and what is
 * counted are pods and requests: both are the same on a machine of any speed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event as CoreEvent, DaemonSet, Deployment, Job, KubeObject, Node, Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { childrenOf } from '../../bench/processes.ts';
import { Center } from '../support/center.ts';
import { Fleet, nodeName } from '../support/fleet.ts';
import { lengths } from '../support/lengths.ts';
import { Line } from '../support/line.ts';
import { writesBetween, writesIn } from '../support/writes.ts';

/** As many as there is time for; the bench has 5,000. */
const nodes = lengths.returningNodes;
const patienceMs = Math.max(240_000, nodes * 1_000);
const patient = { timeoutMs: patienceMs, everyMs: 500 };
const namespace = 'fleet';
let directory: string;
let center: Center;
let line: Line;
let fleet: Fleet;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'skerry-fleet-'));
  center = await Center.start();
  line = await Line.to(center.port);
  fleet = await Fleet.start({
    center: center.dataDirectory,
    directory,
    address: `127.0.0.1:${line.port}`,
    nodes,
  });
}, patienceMs);

afterAll(async () => {
  await fleet?.stop();
  line?.close();
  await center?.stop();
  if (directory) rmSync(directory, { recursive: true, force: true });
});

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const headers = { 'content-type': contentType };
  const answer = await center.request({ method, path, headers, ...(body === undefined ? {} : { body }) });
  if (answer.status >= 400)
    throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
  return JSON.parse(answer.text) as T;
}

const inNamespace = (group: string, rest: string) => `${group}/namespaces/${namespace}/${rest}`;
const daemonSets = inNamespace('/apis/apps/v1', 'daemonsets');
const deployments = inNamespace('/apis/apps/v1', 'deployments');
const jobs = inNamespace('/apis/batch/v1', 'jobs');
const podsOf = async (app: string) =>
  (await ask<{ items: Pod[] }>('GET', `${inNamespace('/api/v1', 'pods')}?labelSelector=app%3D${app}`)).items;
const metrics = async () => (await center.request({ path: '/metrics' })).text;
const linked = async () => Number(/^skerry_links\{state="linked"\} (\d+)$/m.exec(await metrics())?.[1]);

/** Each node watches its own Node: more of these than nodes are watches of links that have ended. */
const ownNodeWatches = async () => {
  const counts = (await metrics()).matchAll(
    /^apiserver_longrunning_requests\{(?=[^}]*verb="WATCH")(?=[^}]*resource="nodes")(?=[^}]*scope="resource")[^}]*\} (\d+)$/gm,
  );
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
};

async function ready(): Promise<number> {
  const { items } = await ask<{ items: Node[] }>('GET', '/api/v1/nodes?resourceVersion=0');
  return items.filter(
    ({ spec, status }) =>
      !spec?.taints?.length && status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True',
  ).length;
}

/** Written by nodes, each one's first time and its repetitions. */
async function eventsOfNodes(): Promise<number> {
  const { items } = await ask<{ items: CoreEvent[] }>('GET', inNamespace('/api/v1', 'events'));
  return items
    .filter(({ source, reportingComponent }) => (source?.component ?? reportingComponent) === 'kubelet')
    .reduce((sum, { count = 1 }) => sum + count, 0);
}

/** One container that ends when it is told to. */
function template(app: string, image: string) {
  const containers = [{ name: 'main', image: `registry.example.com/${app}:${image}` }];
  return { metadata: { labels: { app } }, spec: { terminationGracePeriodSeconds: 1, containers } };
}

/** The next ones begin with nothing in memory, in the middle of the work of these. */
function killControllers(): void {
  const found = childrenOf(center.pid).find(({ command }) => command.includes(' serve-controllers '));
  process.kill(found?.pid ?? 0, 'SIGKILL');
}

test(
  'nodes that are cut off all at once are all back soon after their lines are mended, and the API answers meanwhile',
  async () => {
    await eventually(async () => expect([await linked(), await ready()]).toEqual([nodes, nodes]), patient);
    line.cut();
    await eventually(async () => expect(await linked()).toBe(0), patient);
    line.mend();
    const answers = new Set<number>();
    await eventually(async () => {
      answers.add((await center.request({ path: `/api/v1/nodes/${nodeName(0)}` })).status);
      expect([await linked(), await ready()]).toEqual([nodes, nodes]);
    }, patient);
    expect([...answers]).toEqual([200]);
    await eventually(async () => expect(await ownNodeWatches()).toBe(nodes), patient);
    expect(fleet.output).not.toContain('"level":"error"');
  },
  2 * patienceMs,
);

test(
  'a DaemonSet comes to all of them for at most five requests a pod, is changed by controllers that are killed, and goes',
  async () => {
    await ask('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    const before = writesIn(await metrics());
    await ask('POST', daemonSets, {
      metadata: { name: 'agent' },
      spec: {
        selector: { matchLabels: { app: 'agent' } },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '20%' } },
        template: template('agent', '1'),
      },
    });
    const status = async () => (await ask<DaemonSet>('GET', `${daemonSets}/agent`)).status;
    const expectOneEach = async () => {
      const pods = await podsOf('agent');
      expect(pods).toHaveLength(nodes);
      expect(new Set(pods.map(({ spec }) => spec?.nodeName)).size).toBe(nodes);
    };
    await eventually(async () => expect((await status())?.numberAvailable).toBe(nodes), patient);
    await expectOneEach();
    const written = writesBetween(before, writesIn(await metrics()));
    expect(written).toMatchObject({ 'POST pods': nodes, 'POST pods/binding': nodes });
    const requests = Object.values(written).reduce((sum, count) => sum + count, 0) - (await eventsOfNodes());
    // Beside what each pod takes, a namespace is furnished, and the set is written and read a few times.
    expect(requests, JSON.stringify(written)).toBeLessThanOrEqual(5 * nodes + 30);

    await ask('PATCH', `${daemonSets}/agent`, { spec: { template: template('agent', '2') } });
    await eventually(
      async () => expect((await status())?.updatedNumberScheduled).toBeGreaterThan(nodes / 10),
      {
        ...patient,
        everyMs: 50,
      },
    );
    killControllers();
    const changed = { updatedNumberScheduled: nodes, numberAvailable: nodes, observedGeneration: 2 };
    await eventually(async () => expect(await status()).toMatchObject(changed), patient);
    await expectOneEach();
    await ask('DELETE', `${daemonSets}/agent`);
    await eventually(async () => expect(await podsOf('agent')).toEqual([]), patient);
  },
  3 * patienceMs,
);

test(
  'a Deployment is rolled and Jobs are done while controllers are killed, and their namespace goes with all in it',
  async () => {
    const replicas = nodes;
    await ask('POST', deployments, {
      metadata: { name: 'web' },
      spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template('web', '1') },
    });
    const expectRolledOut = async () => {
      const { metadata, status } = await ask<Deployment>('GET', `${deployments}/web`);
      const counts = { replicas, updatedReplicas: replicas, availableReplicas: replicas };
      expect(status).toMatchObject({ ...counts, observedGeneration: metadata.generation });
    };
    await eventually(expectRolledOut, patient);
    await ask('PATCH', `${deployments}/web`, { spec: { template: template('web', '2') } });
    for (let index = 0; index < nodes / 10; index++) {
      const { spec } = template('job', '1');
      const annotations = { 'skerry.io/simulated-run-seconds': '0' };
      await ask('POST', jobs, {
        metadata: { name: `job-${index}` },
        spec: { template: { metadata: { annotations }, spec: { ...spec, restartPolicy: 'Never' } } },
      });
    }
    killControllers();
    await eventually(expectRolledOut, patient);
    const images = (await podsOf('web')).map(({ spec, metadata }) =>
      metadata.deletionTimestamp ? 'leaving' : spec?.containers[0]?.image,
    );
    expect(images.filter((image) => image?.endsWith(':2'))).toHaveLength(replicas);
    await eventually(async () => {
      const { items } = await ask<{ items: Job[] }>('GET', jobs);
      const counts = items.map(({ status }) => [status?.succeeded, status?.failed ?? 0]);
      expect(counts).toEqual(items.map(() => [1, 0]));
    }, patient);
    for (let index = 0; index < nodes; index++)
      await ask('POST', inNamespace('/api/v1', 'configmaps'), { metadata: { name: `map-${index}` } });
    await ask('DELETE', `/api/v1/namespaces/${namespace}`);
    const left = async () => {
      const { items } = await ask<{ items: KubeObject[] }>('GET', '/api/v1/namespaces');
      return items.map(({ metadata }) => metadata?.name);
    };
    await eventually(async () => expect(await left()).not.toContain(namespace), patient);
    expect(fleet.output).not.toContain('"level":"error"');
  },
  4 * patienceMs,
);
