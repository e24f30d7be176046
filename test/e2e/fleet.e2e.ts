/**
 * Many nodes in one process (`skerry sim`), each with a certificate, a link and an agent of its own: cut off all at once, then
 * a DaemonSet over all of them, with the controllers' process killed in the middle. What is waited for are states, and what is
 * counted are pods and requests: both are the same on a machine of any speed. More nodes, without agents: `thousand.e2e.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Center } from '../support/center.ts';
import { Fleet, nodeName } from '../support/fleet.ts';
import { lengths } from '../support/lengths.ts';
import { Line } from '../support/line.ts';
import { template, Workloads } from '../support/workloads.ts';
import { writesBetween, writesIn } from '../support/writes.ts';

/** As many as there is time for; the bench has 5,000. */
const nodes = lengths.returningNodes;
const patienceMs = Math.max(240_000, nodes * 1_000);
const patient = { timeoutMs: patienceMs, everyMs: 500 };
const namespace = 'fleet';
let directory: string;
let center: Center;
let workloads: Workloads;
let line: Line;
let fleet: Fleet;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'skerry-fleet-'));
  center = await Center.start();
  workloads = new Workloads(center, namespace);
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

const linked = async () =>
  Number(/^skerry_links\{state="linked"\} (\d+)$/m.exec(await workloads.metrics())?.[1]);

/** Each node watches its own Node: more of these than nodes are watches of links that have ended. */
const ownNodeWatches = async () => {
  const counts = (await workloads.metrics()).matchAll(
    /^apiserver_longrunning_requests\{(?=[^}]*verb="WATCH")(?=[^}]*resource="nodes")(?=[^}]*scope="resource")[^}]*\} (\d+)$/gm,
  );
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
};

async function ready(): Promise<number> {
  const { items } = await workloads.ask<{ items: Node[] }>('GET', '/api/v1/nodes?resourceVersion=0');
  return items.filter(
    ({ spec, status }) =>
      !spec?.taints?.length && status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True',
  ).length;
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
    await workloads.makeNamespace();
    const before = writesIn(await workloads.metrics());
    await workloads.ask('POST', workloads.daemonSets(), {
      metadata: { name: 'agent' },
      spec: {
        selector: { matchLabels: { app: 'agent' } },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '20%' } },
        template: template('agent', '1'),
      },
    });
    const status = async () => (await workloads.daemonSet('agent')).status;
    const expectOneEach = async () => {
      const pods = await workloads.podsOf('agent');
      expect(pods).toHaveLength(nodes);
      expect(new Set(pods.map(({ spec }) => spec?.nodeName)).size).toBe(nodes);
    };
    await eventually(async () => expect((await status())?.numberAvailable).toBe(nodes), patient);
    await expectOneEach();
    const written = writesBetween(before, writesIn(await workloads.metrics()));
    expect(written).toMatchObject({ 'POST pods': nodes, 'POST pods/binding': nodes });
    const requests =
      Object.values(written).reduce((sum, count) => sum + count, 0) - (await workloads.eventsOfNodes());
    // Beside what each pod takes, a namespace is furnished, and the set is written and read a few times.
    expect(requests, JSON.stringify(written)).toBeLessThanOrEqual(5 * nodes + 30);

    await workloads.ask('PATCH', `${workloads.daemonSets()}/agent`, {
      spec: { template: template('agent', '2') },
    });
    await eventually(
      async () => expect((await status())?.updatedNumberScheduled).toBeGreaterThan(nodes / 10),
      {
        ...patient,
        everyMs: 50,
      },
    );
    workloads.killControllers();
    const changed = { updatedNumberScheduled: nodes, numberAvailable: nodes, observedGeneration: 2 };
    await eventually(async () => expect(await status()).toMatchObject(changed), patient);
    await expectOneEach();
    await workloads.ask('DELETE', `${workloads.daemonSets()}/agent`);
    await eventually(async () => expect(await workloads.podsOf('agent')).toEqual([]), patient);
    expect(fleet.output).not.toContain('"level":"error"');
  },
  3 * patienceMs,
);
