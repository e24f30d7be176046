/** Bytes between a node and the center, at IP level and both ways, as the node's own network namespace counts them. */
import { setTimeout as delay } from 'node:timers/promises';
import { ApiSession, inParallel } from '../api-session.ts';
import { until } from '../center.ts';
import { median } from '../figure.ts';
import type { BenchGroup } from '../group.ts';
import { networkBytes } from '../processes.ts';

const secondsPerDay = 86_400;

export const measureLink: BenchGroup = async ({ quick, cluster: shared, note }) => {
  const cluster = await shared.get();
  const processes = await cluster.processes();
  const [name, pid] = Object.entries(processes).find(([process]) => process.startsWith('agent-'))!;
  const node = name.replace(/^agent-/, '');
  const session = await ApiSession.open(cluster, 2);
  try {
    const rates: number[] = [];
    const path = `/api/v1/nodes/${node}/proxy/healthz`;
    const perRun = quick ? 500 : 2000;
    for (let index = 0; index < 3; index++) {
      const startedMs = performance.now();
      await inParallel(perRun, 32, () => session.ok('GET', path));
      rates.push((perRun / (performance.now() - startedMs)) * 1000);
    }
    const requests = {
      name: 'requests through the link, 32 at a time',
      value: median(rates),
      unit: 'requests/s',
    };
    if (!shared.real) {
      note('without network namespaces bytes are not counted');
      return [requests];
    }
    await delay(10_000);
    const idleSeconds = quick ? 30 : 120;
    const before = networkBytes(pid);
    await delay(idleSeconds * 1000);
    const idlePerSecond = (networkBytes(pid) - before) / idleSeconds;
    note(`idle: ${Math.round(idlePerSecond * 60)} bytes a minute`);
    const status = await statusChange(cluster, node, () => networkBytes(pid), {
      idlePerSecond,
      seconds: quick ? 25 : 60,
    });
    return [
      requests,
      { name: 'idle node, both ways', value: (idlePerSecond * secondsPerDay) / 1e6, unit: 'MB/day', most: 2 },
      { name: 'one pod status change, both ways', value: status, unit: 'bytes', most: 1500 },
    ];
  } finally {
    session.close();
  }
};

/** A pod whose readiness comes and goes by itself: nothing but status crosses the link. */
async function statusChange(
  cluster: Awaited<ReturnType<Parameters<BenchGroup>[0]['cluster']['get']>>,
  node: string,
  bytes: () => number,
  { idlePerSecond, seconds }: { idlePerSecond: number; seconds: number },
): Promise<number> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'bench-toggle', namespace: 'default' },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'main',
          image: 'skerry.io/stand-in/busybox:1.35',
          command: ['sh', '-c', 'while :; do touch /tmp/ready; sleep 4; rm /tmp/ready; sleep 4; done'],
          readinessProbe: {
            exec: { command: ['test', '-f', '/tmp/ready'] },
            periodSeconds: 1,
            failureThreshold: 1,
          },
        },
      ],
    },
  };
  const applied = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(pod) });
  if (applied.code !== 0) throw new Error(applied.errors);
  try {
    await cluster.kubectlOk('wait', '--for=condition=Ready', 'pod/bench-toggle', '--timeout=60s');
    const version = async () =>
      Number(
        await cluster.kubectlOk('get', 'pod', 'bench-toggle', '-o', 'jsonpath={.metadata.resourceVersion}'),
      );
    let changes = 0;
    let last = await version();
    const before = bytes();
    const startedMs = performance.now();
    while (performance.now() - startedMs < seconds * 1000) {
      await delay(500);
      const now = await version();
      if (now !== last) changes++;
      last = now;
    }
    await until('some changes', 10_000, () => changes > 0);
    const measuredSeconds = (performance.now() - startedMs) / 1000;
    return (bytes() - before - idlePerSecond * measuredSeconds) / changes;
  } finally {
    await cluster.kubectl(['delete', 'pod', 'bench-toggle', '--timeout=60s']);
  }
}
