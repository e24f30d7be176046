/** What it takes to program Services into the kernel: all of them, and one endpoint's change among them. */
import { spawnSync } from 'node:child_process';
import type { EndpointSlice, Service } from '@skerry/api';
import { KernelTable, NftSession, serviceState, type Contents, type NodeView } from '@skerry/network';
import type { BenchContext, BenchGroup } from '../group.ts';

const serviceCount = 1_000;
const endpointsEach = 10;
const node: NodeView = { name: 'node-1', pool: 'pool', zone: undefined, reachablePools: new Set() };

export const measureServices: BenchGroup = async ({ quick, note }: BenchContext) => {
  const namespace = `skerry-bench-${process.pid}`;
  if (process.getuid?.() !== 0 || spawnSync('ip', ['netns', 'add', namespace]).status !== 0) {
    note('Services: not measured, for want of root');
    return [];
  }
  let nft: NftSession | undefined;
  try {
    const where = { networkNamespace: `/run/netns/${namespace}` };
    nft = new NftSession(where);

    const session = nft;
    const table = new KernelTable({
      families: ['ip', 'ip6'],
      where,
      load: (script) => session.load(script),
    });
    const wholeMs = await duration(() =>
      table.apply(new Map(numbers(serviceCount).map((index) => [`s${index}`, contentsOf(index, 0)]))),
    );
    const changes: number[] = [];
    for (const round of numbers(quick ? 5 : 25)) {
      const index = (round * 37) % serviceCount;
      changes.push(await duration(() => table.apply(new Map([[`s${index}`, contentsOf(index, round + 1)]]))));
    }
    changes.sort((a, b) => a - b);
    const load = `${serviceCount.toLocaleString('en')} Services with ${(serviceCount * endpointsEach).toLocaleString('en')} endpoints`;
    note(`one endpoint's change, ms: ${changes.map((ms) => ms.toFixed(0)).join(' ')}`);
    return [
      { name: `program ${load}`, value: wholeMs, unit: 'ms' },
      {
        name: `one endpoint's change among them`,
        value: changes[Math.floor(changes.length / 2)] ?? 0,
        unit: 'ms',
        most: 30,
      },
    ];
  } finally {
    nft?.close();
    spawnSync('ip', ['netns', 'delete', namespace]);
  }
};

/** From what the API tells to what the kernel is to hold, as a node computes it; `round` gives one endpoint another address. */
function contentsOf(index: number, round: number): Contents {
  const name = `service-${index}`;
  const clusterIP = `10.96.${index >> 8}.${index & 255}`;
  const service: Service = {
    metadata: { name, namespace: 'default' },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    },
  };
  const slice: EndpointSlice = {
    metadata: {
      name: `${name}-a`,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': name, 'apps.openyurt.io/nodepool': 'pool' },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: numbers(endpointsEach).map((at) => ({
      addresses: [
        at === 0 && round > 0
          ? `10.200.${round >> 8}.${round & 255}`
          : `10.${128 + (index >> 8)}.${index & 255}.${at + 1}`,
      ],
      conditions: { ready: true },
      nodeName: `node-${at}`,
    })),
  };
  const state = serviceState(service, [slice], node);
  if (!state) throw new Error('a Service that means nothing');
  return state.contents;
}

async function duration(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
