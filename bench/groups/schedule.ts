/** The scheduler alone at 5,000 nodes, and all of the center from a pod's creation to its binding. */
import { Cluster, podInfoOf, scheduleOne } from '@skerry/scheduler';
import type { Pod } from '@skerry/api';
import { ApiSession, inParallel } from '../api-session.ts';
import { until } from '../center.ts';
import { median } from '../figure.ts';
import type { BenchGroup } from '../group.ts';
import { benchNode, benchPod } from '../objects.ts';
import { comparePeer, type LoadFigure } from '../peer.ts';
import { makeNodes } from '../played-nodes.ts';
import { type ManagedTarget, startOwnManaged, startStockManaged, stockName } from '../stock-cluster.ts';
import { defaultAccount } from './api.ts';

const zones = ['a', 'b', 'c'];
const widthMax = 64;
/** Far more than either takes; on a machine that others keep busy, too. */
const patienceMs = 300_000;

/** Figures whose bounds are set by the design, whatever the peer does. */
export const measureSchedule: BenchGroup = async ({ quick, nodes = quick ? 1000 : 5000, note }) => {
  const decisions = Array.from({ length: quick ? 3 : 5 }, () => decide(5000, 5000));
  const size = { nodes, pods: nodes, note };
  const load = async (target: ManagedTarget) => {
    try {
      return await measureBinding(target, size);
    } finally {
      await target.stop();
    }
  };
  const ours = await load(await startOwnManaged());
  return [
    { name: 'decisions alone, 5,000 nodes', value: median(decisions), unit: 'pods/s', least: 1000 },
    ...(await comparePeer(ours, startStockManaged, (peer) => measureBinding(peer, size), stockName)),
  ];
};

interface BindingSize {
  readonly nodes: number;
  readonly pods: number;
  readonly note: (text: string) => void;
}

async function measureBinding(
  target: ManagedTarget,
  { nodes, pods, note }: BindingSize,
): Promise<LoadFigure[]> {
  const session = await ApiSession.open(target, 4);
  const create = (prefix: string) =>
    inParallel(pods, widthMax, (index) =>
      session.ok(
        'POST',
        '/api/v1/namespaces/default/pods',
        benchPod(`${prefix}-${index}`, { scheduler: 'default-scheduler' }),
      ),
    );
  try {
    await defaultAccount(session);
    await makeNodes(session, nodes);
    note(`${nodes} nodes are there and free of taints`);
    const bound = new BoundPods(session);
    const cpu = () => ({ managers: target.managerCpuSeconds(), server: target.cpuSeconds() });
    const before = cpu();
    const startedMs = performance.now();
    await create('pod');
    const createdMs = performance.now();
    await until(`${pods} pods bound`, patienceMs, () => bound.count('bench') >= pods);
    const allMs = bound.lastMs - startedMs;
    note(
      `created within ${Math.round(createdMs - startedMs)} ms, the last was bound after ${Math.round(allMs)} ms`,
    );
    const afterPods = cpu();
    // A backlog, as after an outage: what the scheduler does when nothing else holds it up.
    target.pauseManagers();
    await create('waiting');
    const resumedMs = performance.now();
    target.resumeManagers();
    await until(`${pods} waiting pods bound`, patienceMs, () => bound.count('bench') >= 2 * pods);
    const backlogMs = bound.lastMs - resumedMs;
    const beforeDaemon = cpu();
    const daemonMs = performance.now();
    await session.ok('POST', '/apis/apps/v1/namespaces/default/daemonsets', daemonSet);
    await until(`${nodes} pods of the DaemonSet bound`, patienceMs, () => bound.count('daemon') >= nodes);
    const afterDaemon = cpu();
    const cpuMs = (from: number, to: number, count: number) => ({
      value: ((to - from) / count) * 1000,
      unit: 'ms',
      smallerIsBetter: true,
    });
    const over = `over ${nodes} nodes`;
    return [
      { name: `${pods} pods ${over}, create to all bound`, value: (pods / allMs) * 1000, unit: 'pods/s' },
      {
        name: `${pods} pods ${over}, processor time of controllers and scheduler a pod`,
        ...cpuMs(before.managers, afterPods.managers, pods),
      },
      {
        name: `${pods} pods ${over}, processor time of the API server a pod`,
        ...cpuMs(before.server, afterPods.server, pods),
      },
      {
        name: `backlog of ${pods} pods ${over}, to all bound`,
        value: (pods / backlogMs) * 1000,
        unit: 'pods/s',
        least: 1000,
      },
      {
        name: `DaemonSet ${over}, create to all bound`,
        value: (bound.lastMs - daemonMs) / 1000,
        unit: 's',
        smallerIsBetter: true,
        most: (15 * nodes) / 5000,
      },
      {
        name: `DaemonSet ${over}, processor time of controllers and scheduler a pod`,
        ...cpuMs(beforeDaemon.managers, afterDaemon.managers, nodes),
      },
      {
        name: `DaemonSet ${over}, processor time of the API server a pod`,
        ...cpuMs(beforeDaemon.server, afterDaemon.server, nodes),
      },
    ];
  } finally {
    session.close();
  }
}

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

/** Counts pods with a node by their label `app`, as a watch tells of them. */
class BoundPods {
  readonly #names = new Map<string, Set<string>>();
  lastMs = 0;

  constructor(session: ApiSession) {
    session.follow('/api/v1/namespaces/default/pods?watch=true', (line) => {
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
