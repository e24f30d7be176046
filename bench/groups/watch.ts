/** Watchers as agents are: each sees the pods of its own node. */
import { ApiSession, inParallel } from '../api-session.ts';
import { BenchCenter, until } from '../center.ts';
import { median, quantile } from '../figure.ts';
import type { BenchGroup } from '../group.ts';
import { benchPod } from '../objects.ts';
import { cpuSeconds } from '../processes.ts';
import { defaultAccount } from './api.ts';

const pods = '/api/v1/namespaces/default/pods';
const streamsPerConnection = 50;

export const measureWatch: BenchGroup = async ({ quick, note }) => {
  const watchers = quick ? 1000 : 5000;
  const changes = quick ? 3000 : 10_000;
  const center = await BenchCenter.start();
  const session = await ApiSession.open(center);
  const watching = await ApiSession.open(center, watchers / streamsPerConnection);
  try {
    await defaultAccount(session);
    await inParallel(watchers, 64, (index) =>
      session.ok('POST', pods, benchPod(`pod-${index}`, { node: `node-${index}` })),
    );
    const { metadata } = await session.json<{ metadata: { resourceVersion: string } }>(`${pods}?limit=1`);
    let delivered = 0;
    let opened = 0;
    const seen = new Map<string, () => void>();
    for (let index = 0; index < watchers; index++) {
      const query = `watch=true&fieldSelector=spec.nodeName%3Dnode-${index}&resourceVersion=${metadata.resourceVersion}`;
      watching
        .watch(`/api/v1/pods?${query}`, (line) => {
          const round = /"bench-round":"([^"]+)"/.exec(line)?.[1];
          if (round === undefined) return;
          delivered++;
          seen.get(round)?.();
        })
        .on('response', () => opened++);
    }
    await until(`${watchers} watches open`, 60_000, () => opened === watchers);
    const change = (pod: number, round: string) =>
      session.ok(
        'PATCH',
        `${pods}/pod-${pod}`,
        { metadata: { annotations: { 'bench-round': round } } },
        'application/merge-patch+json',
      );
    const cpu = cpuSeconds(center.apiPid);
    const startedMs = performance.now();
    await inParallel(changes, 64, (index) => change(index % watchers, `load-${index}`));
    await until(`${changes} events`, 60_000, () => delivered >= changes);
    const wall = (performance.now() - startedMs) / 1000;
    const spent = cpuSeconds(center.apiPid) - cpu;
    const latencies: number[] = [];
    for (let index = 0; index < 300; index++) {
      const round = `single-${index}`;
      const arrived = new Promise<void>((resolve) => seen.set(round, resolve));
      const sentMs = performance.now();
      await change((index * 7919) % watchers, round);
      await arrived;
      latencies.push(performance.now() - sentMs);
      seen.delete(round);
    }
    note(`${watchers} watchers over ${watchers / streamsPerConnection} connections`);
    return [
      {
        name: `${watchers} own-node watchers: changes written and delivered`,
        value: changes / wall,
        unit: 'events/s',
      },
      {
        name: `${watchers} own-node watchers, per server core`,
        value: changes / spent,
        unit: 'events/s/core',
        peer: '3x kube-apiserver with etcd',
      },
      { name: 'one change, write sent to event delivered, p50', value: median(latencies), unit: 'ms' },
      {
        name: 'one change, write sent to event delivered, p99',
        value: quantile(latencies, 0.99),
        unit: 'ms',
      },
    ];
  } finally {
    watching.close();
    session.close();
    await center.stop();
  }
};
