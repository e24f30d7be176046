/**
 * What it takes to program Services into the kernel: all of them, and one endpoint's change among them; ours, and beside it
 * the layout of kube-proxy's nftables mode with the same Services, through the same `nft`, in turns.
 */
import { spawnSync } from 'node:child_process';
import type { EndpointSlice, Service } from '@skerry/api';
import { KernelTable, NftSession, serviceState, type Contents, type NodeView } from '@skerry/network';
import type { BenchContext, BenchGroup } from '../group.ts';
import { median } from '../figure.ts';
import { KubeProxyLayout } from '../kube-proxy-layout.ts';

const serviceCount = 1_000;
const endpointsEach = 10;
const node: NodeView = { name: 'node-1', pool: 'pool', zone: undefined, reachablePools: new Set() };

export const measureServices: BenchGroup = async ({ quick, note }: BenchContext) => {
  // Each in a network of its own: before a change `nft` reads what chains there are, those of other tables too.
  const own = `skerry-bench-${process.pid}`;
  const others = `skerry-bench-peer-${process.pid}`;
  const isMade = (namespace: string) => spawnSync('ip', ['netns', 'add', namespace]).status === 0;
  if (process.getuid?.() !== 0 || !isMade(own) || !isMade(others)) {
    spawnSync('ip', ['netns', 'delete', own]);
    note('Services: not measured, for want of root');
    return [];
  }
  const sessions: NftSession[] = [];
  const sessionIn = (namespace: string) => {
    const session = new NftSession({ networkNamespace: `/run/netns/${namespace}` });
    sessions.push(session);
    return session;
  };
  try {
    const session = sessionIn(own);
    const table = new KernelTable({
      families: ['ip', 'ip6'],
      where: { networkNamespace: `/run/netns/${own}` },
      load: (script) => session.load(script),
    });
    const wholeMs = await duration(() =>
      table.apply(
        new Map(numbers(serviceCount).map((index) => [`s${index}`, contentsOf(serviceOf(index, 0))])),
      ),
    );
    const peer = new KubeProxyLayout(sessionIn(others));
    const peerWholeMs = await duration(() =>
      peer.fill(numbers(serviceCount).map((index) => serviceOf(index, 0))),
    );
    const changes: number[] = [];
    const peerChanges: number[] = [];
    for (const round of numbers(quick ? 5 : 25)) {
      const index = (round * 37) % serviceCount;
      const old = serviceOf(index, 0);
      const next = serviceOf(index, round + 1);
      changes.push(await duration(() => table.apply(new Map([[`s${index}`, contentsOf(next)]]))));
      peerChanges.push(await duration(() => peer.change(old, next)));
    }
    const load = `${serviceCount.toLocaleString('en')} Services with ${(serviceCount * endpointsEach).toLocaleString('en')} endpoints`;
    const inOrder = (times: readonly number[]) => times.toSorted((a, b) => a - b).map((ms) => ms.toFixed(0));
    note(
      `one endpoint's change, ms: ${inOrder(changes).join(' ')}; kube-proxy's layout: ${inOrder(peerChanges).join(' ')}`,
    );
    const compared = { peer: "kube-proxy's layout, the same nft", measured: true, smallerIsBetter: true };
    return [
      {
        name: `program ${load}`,
        value: wholeMs,
        unit: 'ms',
        comparison: { ...compared, value: peerWholeMs },
      },
      { name: `one endpoint's change among them`, value: median(changes), unit: 'ms', most: 30 },
      {
        name: `one endpoint's change among them, kube-proxy's layout`,
        value: median(peerChanges),
        unit: 'ms',
        most: 60,
      },
    ];
  } finally {
    for (const session of sessions) session.close();
    for (const namespace of [own, others]) spawnSync('ip', ['netns', 'delete', namespace]);
  }
};

export interface BenchService {
  readonly name: string;
  readonly clusterIP: string;
  readonly endpoints: readonly string[];
}

/** `round` gives one endpoint another address. */
function serviceOf(index: number, round: number): BenchService {
  return {
    name: `service-${index}`,
    clusterIP: `10.96.${index >> 8}.${index & 255}`,
    endpoints: numbers(endpointsEach).map((at) =>
      at === 0 && round > 0
        ? `10.200.${round >> 8}.${round & 255}`
        : `10.${128 + (index >> 8)}.${index & 255}.${at + 1}`,
    ),
  };
}

/** From what the API tells to what the kernel is to hold, as a node computes it. */
function contentsOf({ name, clusterIP, endpoints }: BenchService): Contents {
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
    endpoints: endpoints.map((address, at) => ({
      addresses: [address],
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
