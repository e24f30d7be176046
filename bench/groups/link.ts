/** Bytes between a node and the center, at IP level and both ways, as the node's own network namespace counts them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Pod } from '@skerry/api';
import type { Cluster } from '../../test/support/cluster.ts';
import { ApiSession, inParallel } from '../api-session.ts';
import { BenchCenter, until } from '../center.ts';
import { type Measurement, median } from '../figure.ts';
import type { BenchGroup } from '../group.ts';
import { networkBytes } from '../processes.ts';
import { reconnectStorm } from '../reconnect-storm.ts';
import { endpointOf } from '../target.ts';
import { endpointChange, rollout } from './link-changes.ts';
import { offlineReboot } from './offline-reboot.ts';

const secondsPerDay = 86_400;
const endingPods = 8;

export const measureStorm: BenchGroup = async ({ quick, note }) => {
  const nodes = quick ? 1000 : 5000;
  // Room for the pod range of each node.
  const center = await BenchCenter.start({ flags: ['--cluster-cidr', '10.128.0.0/10'] });
  try {
    const { readySeconds, p99Ms, slowestMs, failed } = await reconnectStorm(center, { nodes, note });
    note(`slowest answer meanwhile: ${Math.round(slowestMs)} ms`);
    return [
      { name: `${nodes} nodes reconnect, until all are Ready`, value: readySeconds, unit: 's', most: 60 },
      { name: 'a GET of one object meanwhile, p99', value: p99Ms, unit: 'ms', most: 1000 },
      { name: 'GETs meanwhile that failed', value: failed, unit: '', most: 0 },
    ];
  } finally {
    await center.stop();
  }
};

export const measureLink: BenchGroup = async ({ quick, cluster: shared, note }): Promise<Measurement[]> => {
  const cluster = await shared.get();
  const processes = await cluster.processes();
  const [name, pid] = Object.entries(processes).find(([process]) => process.startsWith('agent-'))!;
  const node = name.replace(/^agent-/, '');
  const requests = await requestsThroughLink(cluster, node, quick ? 500 : 2000);
  if (!shared.real) {
    note('without network namespaces bytes are not counted');
    return [requests];
  }
  await delay(10_000);
  // Whole heartbeats, of 19 s each; and one report of the node's status, which comes every 300 s, unless it is to be quick.
  const idleSeconds = quick ? 38 : 304;
  // Midway between two heartbeats, so that as many fall into the window as belong there.
  const quiet = networkBytes(pid);
  await until('a heartbeat', 30_000, () => networkBytes(pid) !== quiet);
  await delay(9500);
  const before = networkBytes(pid);
  await delay(idleSeconds * 1000);
  const idlePerSecond = (networkBytes(pid) - before) / idleSeconds;
  const without = quick ? ', without the report of its status' : '';
  note(`idle: ${Math.round(idlePerSecond * 60)} bytes a minute${without}`);
  // Not before: a connection that asks for nothing is closed.
  const session = await ApiSession.open(endpointOf(cluster), 2);
  try {
    const bytes = () => networkBytes(pid);
    const status = await statusChange(cluster, session, node, idlePerSecond, bytes);
    const link = { cluster, session, idlePerSecond, bytes };
    const changes = [await rollout(link), ...(await endpointChange(link))];
    const reboot = await offlineReboot(cluster, session, node);
    return [
      requests,
      { name: 'idle node, both ways', value: (idlePerSecond * secondsPerDay) / 1e6, unit: 'MB/day', most: 2 },
      { name: 'one pod status change, both ways', value: status, unit: 'bytes', most: 1500 },
      ...changes,
      reboot,
    ];
  } finally {
    session.close();
  }
};

async function requestsThroughLink(cluster: Cluster, node: string, perRun: number): Promise<Measurement> {
  const session = await ApiSession.open(endpointOf(cluster), 2);
  try {
    const rates: number[] = [];
    const path = `/api/v1/nodes/${node}/proxy/healthz`;
    for (let index = 0; index < 3; index++) {
      const startedMs = performance.now();
      await inParallel(perRun, 32, () => session.ok('GET', path));
      rates.push((perRun / (performance.now() - startedMs)) * 1000);
    }
    return { name: 'requests through the link, 32 at a time', value: median(rates), unit: 'requests/s' };
  } finally {
    session.close();
  }
}

/** Pods that come to their end by themselves: status crosses the link, and no event with it. */
async function statusChange(
  cluster: Cluster,
  session: ApiSession,
  node: string,
  idlePerSecond: number,
  bytes: () => number,
): Promise<number> {
  const versions = new Set<string>();
  let running = 0;
  const ended = new Set<string>();
  session.watch('/api/v1/namespaces/default/pods?watch=true&labelSelector=app%3Dbench-end', (line) => {
    const { object } = JSON.parse(line) as { object: Pod };
    versions.add(object.metadata?.resourceVersion ?? '');
    if (object.status?.phase === 'Succeeded') ended.add(object.metadata?.name ?? '');
  });
  const names = Array.from({ length: endingPods }, (_, index) => `bench-end-${index}`);
  try {
    for (const name of names)
      await session.ok('POST', '/api/v1/namespaces/default/pods', endingPod(name, node));
    await until(`${endingPods} pods running`, 60_000, async () => {
      const pods = await session.json<{ items: Pod[] }>(
        '/api/v1/namespaces/default/pods?labelSelector=app%3Dbench-end',
      );
      running = pods.items.filter((pod) => pod.status?.phase === 'Running').length;
      return running === endingPods;
    });
    // Whatever still follows a start, events among it.
    await delay(8000);
    versions.clear();
    const before = bytes();
    const startedMs = performance.now();
    await until(`${endingPods} pods ended`, 90_000, () => ended.size === endingPods);
    await delay(3000);
    const seconds = (performance.now() - startedMs) / 1000;
    return (bytes() - before - idlePerSecond * seconds) / versions.size;
  } finally {
    await cluster.kubectl(['delete', 'pod', '-l', 'app=bench-end', '--timeout=60s']);
  }
}

function endingPod(name: string, node: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: 'bench-end' } },
    spec: {
      nodeName: node,
      restartPolicy: 'Never',
      containers: [{ name: 'main', image: 'skerry.io/stand-in/busybox:1.35', command: ['sleep', '40'] }],
    },
  };
}
