/** The scheduler alone at 5,000 nodes, and all of the center from a pod's creation to its binding. */
import { Cluster, podInfoOf, scheduleOne } from '@skerry/scheduler';
import type { Pod } from '@skerry/api';
import { ApiSession, inParallel } from '../api-session.ts';
import { BenchCenter, until } from '../center.ts';
import { median } from '../figure.ts';
import type { BenchGroup } from '../group.ts';
import { benchNode, benchPod } from '../objects.ts';
import { defaultAccount } from './api.ts';

const zones = ['a', 'b', 'c'];
const widthMax = 64;

export const measureSchedule: BenchGroup = async ({ quick, note }) => {
  const decisions = Array.from({ length: quick ? 3 : 5 }, () => decide(5000, 5000));
  const nodes = quick ? 1000 : 5000;
  const pods = quick ? 1000 : 5000;
  const center = await BenchCenter.start();
  const session = await ApiSession.open(center, 4);
  try {
    await defaultAccount(session);
    await makeNodes(session, nodes);
    note(`${nodes} nodes are there and free of taints`);
    const bound = new BoundPods(session);
    const startedMs = performance.now();
    await inParallel(pods, widthMax, (index) =>
      session.ok(
        'POST',
        '/api/v1/namespaces/default/pods',
        benchPod(`pod-${index}`, { scheduler: 'default-scheduler' }),
      ),
    );
    const createdMs = performance.now();
    await until(`${pods} pods bound`, 60_000, () => bound.count('bench') >= pods);
    const allMs = bound.lastMs - startedMs;
    note(
      `created within ${Math.round(createdMs - startedMs)} ms, the last was bound after ${Math.round(allMs)} ms`,
    );
    // A backlog, as after an outage: what the scheduler does when nothing else holds it up.
    center.pauseControllers();
    await inParallel(pods, widthMax, (index) =>
      session.ok(
        'POST',
        '/api/v1/namespaces/default/pods',
        benchPod(`waiting-${index}`, { scheduler: 'default-scheduler' }),
      ),
    );
    const resumedMs = performance.now();
    center.resumeControllers();
    await until(`${pods} waiting pods bound`, 60_000, () => bound.count('bench') >= 2 * pods);
    const backlogMs = bound.lastMs - resumedMs;
    const daemonMs = performance.now();
    await session.ok('POST', '/apis/apps/v1/namespaces/default/daemonsets', daemonSet);
    await until(`${nodes} pods of the DaemonSet bound`, 60_000, () => bound.count('daemon') >= nodes);
    return [
      { name: 'decisions alone, 5,000 nodes', value: median(decisions), unit: 'pods/s', least: 1000 },
      {
        name: `${pods} pods over ${nodes} nodes, create to all bound`,
        value: (pods / allMs) * 1000,
        unit: 'pods/s',
      },
      {
        name: `backlog of ${pods} pods over ${nodes} nodes, to all bound`,
        value: (pods / backlogMs) * 1000,
        unit: 'pods/s',
        least: 1000,
      },
      {
        name: `DaemonSet over ${nodes} nodes, create to all bound`,
        value: (bound.lastMs - daemonMs) / 1000,
        unit: 's',
        most: (15 * nodes) / 5000,
      },
    ];
  } finally {
    session.close();
    await center.stop();
  }
};

/** Decisions per second, each pod taking its place before the next. */
function decide(nodes: number, pods: number): number {
  const cluster = new Cluster({});
  for (let index = 0; index < nodes; index++)
    cluster.setNode(benchNode(`node-${index}`, zones[index % zones.length]!));
  const startedMs = performance.now();
  let startIndex = 0;
  for (let index = 0; index < pods; index++) {
    const info = podInfoOf(benchPod(`pod-${index}`));
    const decision = scheduleOne(cluster, info, { startIndex });
    if (!('node' in decision)) throw new Error(decision.unschedulable);
    startIndex = (startIndex + decision.examined) % nodes;
    cluster.placePod(info, decision.node);
  }
  return (pods / (performance.now() - startedMs)) * 1000;
}

async function makeNodes(session: ApiSession, count: number): Promise<void> {
  await inParallel(count, widthMax, async (index) => {
    const node = benchNode(`node-${index}`, zones[index % zones.length]!);
    await session.ok('POST', '/api/v1/nodes', node);
    await session.ok(
      'PATCH',
      `/api/v1/nodes/node-${index}/status`,
      { status: node.status },
      'application/merge-patch+json',
    );
  });
  await until('nodes without taints', 60_000, async () => {
    const { items } = await session.json<{ items: { spec?: { taints?: unknown[] } }[] }>('/api/v1/nodes');
    return items.length === count && items.every((node) => !node.spec?.taints?.length);
  });
}

/** Counts pods with a node by their label `app`, as a watch tells of them. */
class BoundPods {
  readonly #names = new Map<string, Set<string>>();
  lastMs = 0;

  constructor(session: ApiSession) {
    session.watch('/api/v1/namespaces/default/pods?watch=true', (line) => {
      const { object } = JSON.parse(line) as { object: Pod };
      if (!object.spec?.nodeName) return;
      const app = object.metadata?.labels?.['app'] ?? '';
      const names = this.#names.get(app) ?? new Set();
      this.#names.set(app, names);
      if (names.has(object.metadata?.name ?? '')) return;
      names.add(object.metadata?.name ?? '');
      this.lastMs = performance.now();
    });
  }

  count(app: string): number {
    return this.#names.get(app)?.size ?? 0;
  }
}

const daemonSet = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'daemon' },
  spec: {
    selector: { matchLabels: { app: 'daemon' } },
    template: {
      metadata: { labels: { app: 'daemon' } },
      spec: { containers: [{ name: 'main', image: 'registry.example.com/agent:1' }] },
    },
  },
};
