/**
 * Many nodes in one process (`skerry sim`), each with a certificate, a link and an agent of its own: cut off all at once, then
 * a DaemonSet over some of them, with the controllers' process killed in the middle. What is waited for are states, and what is
 * counted are pods, requests and memory: all are the same on a machine of any speed. Periods are short, so that nodes are soon written
 * off; workloads over many nodes without agents are in `thousand.e2e.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Node } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { childrenOf, pssMb } from '../../bench/processes.ts';
import { Center } from '../support/center.ts';
import { Fleet, nodeName } from '../support/fleet.ts';
import { lengths } from '../support/lengths.ts';
import { Line } from '../support/line.ts';
import { template, Workloads } from '../support/workloads.ts';
import { writesBetween, writesIn } from '../support/writes.ts';

const { returningNodes: nodes, nodesWithPods } = lengths;
const regions = Array.from({ length: nodes / nodesWithPods }, (_, index) => `region-${index}`);
/** Ends what hangs, and decides nothing else. */
const patienceMs = nodes * 300;
const patient = { timeoutMs: patienceMs, everyMs: 2_000 };
let directory: string;
let center: Center;
let line: Line;
let fleet: Fleet;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'skerry-fleet-'));
  center = await Center.start(undefined, [
    // Room for the pod range of each node.
    '--cluster-cidr=10.128.0.0/10',
    '--link-heartbeat-period=14s',
    '--node-monitor-grace-period=35s',
    '--node-monitor-period=1s',
  ]);
  line = await Line.to(center.port, { refuses: true });
  const address = `127.0.0.1:${line.port}`;
  fleet = await Fleet.start({ center: center.dataDirectory, directory, address, nodes, regions });
  await eventually(expectAllReady, patient);
}, 2 * patienceMs);

afterAll(async () => {
  await fleet?.stop();
  line?.close();
  await center?.stop();
  if (directory) rmSync(directory, { recursive: true, force: true });
});

async function metrics(): Promise<string> {
  return (await center.request({ path: '/metrics' })).text;
}

const linked = async () => Number(/^skerry_links\{state="linked"\} (\d+)$/m.exec(await metrics())?.[1]);

/** Each node watches its own Node: more of these than nodes are watches of links that have ended. */
const ownNodeWatches = async () => {
  const counts = (await metrics()).matchAll(
    /^apiserver_longrunning_requests\{(?=[^}]*verb="WATCH")(?=[^}]*resource="nodes")(?=[^}]*scope="resource")[^}]*\} (\d+)$/gm,
  );
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
};

async function count(holds: (ready: string | undefined, node: Node) => boolean): Promise<number> {
  const { json } = await center.request({ path: '/api/v1/nodes?resourceVersion=0' });
  const { items } = json as { items?: Node[] };
  const readyOf = ({ status }: Node) => status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  return (items ?? []).filter((node) => holds(readyOf(node), node)).length;
}

/** The list of them all, which is long, is asked for last. */
async function expectAllReady(): Promise<void> {
  expect(await linked()).toBe(nodes);
  expect(await count((ready, { spec }) => ready === 'True' && !spec?.taints?.length)).toBe(nodes);
}

async function expectAllWrittenOff(): Promise<void> {
  expect(await linked()).toBe(0);
  expect(await count((ready) => ready === 'Unknown')).toBe(nodes);
}

/** A DaemonSet of one pod for each node of the first region. */
async function daemonSetIn(namespace: string): Promise<Workloads> {
  const workloads = new Workloads(center, namespace);
  await workloads.makeNamespace();
  await workloads.ask('POST', workloads.daemonSets(), daemonSet('1'));
  return workloads;
}

const daemonSet = (image: string) => {
  const { metadata, spec } = template('agent', image);
  const nodeSelector = { 'topology.kubernetes.io/region': regions[0] };
  return {
    metadata: { name: 'agent' },
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '20%' } },
      template: { metadata, spec: { ...spec, nodeSelector } },
    },
  };
};

const statusIn = async (workloads: Workloads) => (await workloads.daemonSet('agent')).status;

async function expectOneEach(workloads: Workloads): Promise<void> {
  const pods = await workloads.podsOf('agent');
  expect(pods).toHaveLength(nodesWithPods);
  expect(new Set(pods.map(({ spec }) => spec?.nodeName)).size).toBe(nodesWithPods);
}

/** Who they are, and whether they run as they did. */
async function lifeOf(workloads: Workloads) {
  return (await workloads.podsOf('agent')).map(({ metadata, status }) => ({
    uid: metadata.uid,
    ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status,
    containers: status?.containerStatuses?.map(({ containerID, restartCount }) => [
      containerID,
      restartCount,
    ]),
  }));
}

/** Of the API server and the controllers. */
function memoryMb(): number {
  return childrenOf(center.pid)
    .filter(({ command }) => / serve-(api|controllers) /.test(command))
    .reduce((sum, { pid }) => sum + pssMb(pid), 0);
}

/** Asks for one object again and again until told to stop, and says how it was answered. */
function askSteadily(): () => Promise<number[]> {
  const stopped = new AbortController();
  const asking = (async () => {
    const answers = new Set<number>();
    while (!stopped.signal.aborted) {
      answers.add((await center.request({ path: `/api/v1/nodes/${nodeName(0)}` })).status);
      await delay(250);
    }
    return [...answers];
  })();
  return () => {
    stopped.abort();
    return asking;
  };
}

test(
  'nodes that are cut off all at once and written off are all back soon after their lines are mended: the API answers meanwhile, no pod is restarted, and no memory kept',
  async () => {
    const workloads = await daemonSetIn('cut');
    await eventually(
      async () => expect((await statusIn(workloads))?.numberAvailable).toBe(nodesWithPods),
      patient,
    );
    const before = await lifeOf(workloads);
    const memoryBeforeMb = memoryMb();
    const stopAsking = askSteadily();
    line.cut();
    await eventually(expectAllWrittenOff, patient);
    await line.mend();
    await eventually(expectAllReady, patient);
    expect(await stopAsking()).toEqual([200]);
    await eventually(async () => expect(await lifeOf(workloads)).toEqual(before), patient);
    await eventually(async () => expect(await ownNodeWatches()).toBe(nodes), patient);
    await eventually(() => expect(memoryMb()).toBeLessThan(1.3 * memoryBeforeMb), patient);
    expect(fleet.output).not.toContain('"level":"error"');
  },
  4 * patienceMs,
);

test(
  'a DaemonSet comes to those it is for with at most five requests a pod, is changed by controllers that are killed, and goes',
  async () => {
    const before = writesIn(await metrics());
    const workloads = await daemonSetIn('fleet');
    await eventually(
      async () => expect((await statusIn(workloads))?.numberAvailable).toBe(nodesWithPods),
      patient,
    );
    await expectOneEach(workloads);
    const written = writesBetween(before, writesIn(await metrics()));
    expect(written).toMatchObject({ 'POST pods': nodesWithPods, 'POST pods/binding': nodesWithPods });
    // Events of these pods alone: those of thousands of nodes that came back may still be on their way.
    const others = Object.entries(written).filter(([what]) => !what.endsWith(' events'));
    const requests = others.reduce((sum, [, each]) => sum + each, 0) + (await workloads.eventsOfManagers());
    // Beside what each pod takes, a namespace is furnished, and the set is written and read a few times.
    expect(requests, JSON.stringify(written)).toBeLessThanOrEqual(5 * nodesWithPods + 30);

    await workloads.ask('PATCH', `${workloads.daemonSets()}/agent`, daemonSet('2'));
    await eventually(
      async () =>
        expect((await statusIn(workloads))?.updatedNumberScheduled).toBeGreaterThan(nodesWithPods / 10),
      { ...patient, everyMs: 50 },
    );
    workloads.killControllers();
    const changed = {
      updatedNumberScheduled: nodesWithPods,
      numberAvailable: nodesWithPods,
      observedGeneration: 2,
    };
    await eventually(async () => expect(await statusIn(workloads)).toMatchObject(changed), patient);
    await expectOneEach(workloads);
    await workloads.ask('DELETE', `${workloads.daemonSets()}/agent`);
    await eventually(async () => expect(await workloads.podsOf('agent')).toEqual([]), patient);
    expect(fleet.output).not.toContain('"level":"error"');
  },
  4 * patienceMs,
);
