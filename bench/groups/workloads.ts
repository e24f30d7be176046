/** From `kubectl apply` of a DaemonSet until all of its pods run; and other workloads over many simulated nodes. */
import { join } from 'node:path';
import type { Pod } from '@skerry/api';
import { managerPrograms } from '../../test/conformance/reference-managers.ts';
import { kubectlProgram, root, run } from '../../test/support/cluster.ts';
import { ApiSession } from '../api-session.ts';
import { BenchCenter, until } from '../center.ts';
import { type Measurement, median } from '../figure.ts';
import type { BenchGroup } from '../group.ts';
import { comparePeer, type LoadFigure } from '../peer.ts';
import { PlayedNodes } from '../played-nodes.ts';
import { cpuSeconds, pssMb } from '../processes.ts';
import { type ManagedTarget, startOwnManaged, startStockManaged, stockName } from '../stock-cluster.ts';
import { endpointOf } from '../target.ts';
import { measureFleetWorkloads, namespace } from './fleet-workloads.ts';

/** Beside a stock cluster: as many as both are done with in minutes. */
const playedNodesMax = 1_000;
const patienceMs = 900_000;
const manifest = join(root, 'examples/agent-daemonset.yaml');

export const measureWorkloads: BenchGroup = async ({
  quick,
  nodes = quick ? 50 : 5_000,
  cluster: shared,
  note,
}) => {
  const cluster = await shared.get();
  const runs = quick ? 1 : 3;
  const kind = shared.real ? 'containers' : 'simulated containers';
  const times: number[] = [];
  const target = { dataDirectory: cluster.dataDirectory, port: cluster.port, kubeconfig: cluster.kubeconfig };
  for (let index = 0; index < runs; index++) times.push(await applyUntilRunning(target, 3));
  note(`three regions: ${times.map(Math.round).join(' ')} ms`);
  // Room for the pod range of each node.
  const center = await BenchCenter.start({ flags: ['--cluster-cidr', '10.128.0.0/10'] });
  try {
    const startedMs = performance.now();
    await center.simulate(nodes);
    const joinedMs = performance.now() - startedMs;
    const session = await ApiSession.open(center);
    await untilReady(session, nodes).finally(() => session.close());
    const many: number[] = [];
    const kubeconfig = join(center.dataDirectory, 'admin.kubeconfig');
    // Over thousands a run takes minutes, and what is told of the DaemonSet below says the same.
    for (let index = 0; index < (nodes > 1000 ? 0 : runs); index++)
      many.push(
        await applyUntilRunning(
          { dataDirectory: center.dataDirectory, port: center.port, kubeconfig },
          nodes,
        ),
      );
    const fleet = await measureFleetWorkloads({
      target: {
        port: center.port,
        credentials: center.credentials,
        cpuSeconds: () => center.cpuSeconds(),
        managerCpuSeconds: () => cpuSeconds(center.controllersPid),
        killManagers: () => process.kill(center.controllersPid, 'SIGKILL'),
        memoryMb: () => center.pids.reduce((sum, pid) => sum + pssMb(pid), 0),
      },
      nodes,
      kind: 'simulated',
      note,
    });
    await center.stop();
    return [
      {
        name: `DaemonSet in three regions (${kind}), apply to all Running`,
        value: median(times) / 1000,
        unit: 's',
      },
      { name: `${nodes} simulated nodes, start to all joined`, value: joinedMs / 1000, unit: 's' },
      ...(many.length === 0
        ? []
        : [
            {
              name: `DaemonSet over ${nodes} simulated nodes, apply to all Running`,
              value: median(many) / 1000,
              unit: 's',
            },
          ]),
      ...fleet.map(({ name, value, unit, most }) => ({
        name,
        value,
        unit,
        ...(most === undefined ? {} : { most }),
      })),
      ...(await besideStock(Math.min(nodes, playedNodesMax), note)),
    ];
  } finally {
    await center.stop();
  }
};

/** The same objects on our center and on a stock cluster, over nodes that are played; where the machine has the latter. */
async function besideStock(nodes: number, note: (text: string) => void): Promise<Measurement[]> {
  if (!managerPrograms()) return [];
  const load = async (target: ManagedTarget) => {
    const session = await ApiSession.open(target);
    await session.ok('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    session.close();
    const played = await PlayedNodes.start(target, { nodes, namespace });
    try {
      return await measureFleetWorkloads({ target, nodes, kind: 'played', note });
    } finally {
      played.close();
    }
  };
  const own = await startOwnManaged();
  let ours: LoadFigure[];
  try {
    ours = await load(own);
  } finally {
    await own.stop();
  }
  return comparePeer(ours, startStockManaged, load, stockName);
}

async function applyUntilRunning(
  { kubeconfig, ...target }: { dataDirectory: string; port: number; kubeconfig: string },
  count: number,
): Promise<number> {
  const session = await ApiSession.open(endpointOf(target));
  const kubectl = async (...args: string[]) => {
    const result = await run(kubectlProgram, args, {
      env: { ...process.env, KUBECONFIG: kubeconfig, HOME: target.dataDirectory },
    });
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.errors}`);
  };
  const running = new Set<string>();
  try {
    await untilReady(session, count);
    let lastMs = 0;
    session.watch('/api/v1/namespaces/default/pods?watch=true&labelSelector=app%3Dfleet-agent', (line) => {
      const { type, object } = JSON.parse(line) as { type: string; object: Pod };
      const name = object.metadata?.name ?? '';
      if (type === 'DELETED') running.delete(name);
      else if (object.status?.phase === 'Running' && !running.has(name)) {
        running.add(name);
        lastMs = performance.now();
      }
    });
    const startedMs = performance.now();
    await kubectl('apply', '-f', manifest);
    await until(`${count} pods of the DaemonSet running`, patienceMs, () => running.size >= count);
    const tookMs = lastMs - startedMs;
    await kubectl('delete', '-f', manifest);
    await until('pods of the DaemonSet gone', patienceMs, () => running.size === 0);
    return tookMs;
  } finally {
    session.close();
  }
}

/** Until so many nodes are Ready and take pods. */
async function untilReady(session: ApiSession, count: number): Promise<void> {
  interface Listed {
    readonly spec?: { readonly taints?: unknown[] };
    readonly status?: { readonly conditions?: { readonly type: string; readonly status: string }[] };
  }
  const isReady = ({ spec, status }: Listed) =>
    !spec?.taints?.length &&
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True');
  await until(`${count} nodes Ready`, patienceMs, async () => {
    const { items } = await session.json<{ items: Listed[] }>('/api/v1/nodes');
    return items.filter(isReady).length === count;
  });
}
