/** Watchers as agents are: each sees the pods of its own node. The same load goes to the real kube-apiserver where the machine has it. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiSession, inParallel } from '../api-session.ts';
import { BenchCenter, until } from '../center.ts';
import { median, quantile } from '../figure.ts';
import type { BenchGroup } from '../group.ts';
import { benchPod } from '../objects.ts';
import { comparePeer, type LoadFigure } from '../peer.ts';
import { type BenchTarget, startPeer } from '../target.ts';
import { defaultAccount } from './api.ts';

const pods = '/api/v1/namespaces/default/pods';
const streamsPerConnection = 50;
const changesPerSecond = 500;
/** The median of so many counts: of the first two, compiling is a part that a server has behind it within a minute. */
const roundsMax = 5;

export const measureWatch: BenchGroup = async ({ quick, note }) => {
  const size = { watchers: quick ? 1000 : 5000, changes: quick ? 3000 : 10_000 };
  const center = await BenchCenter.start();
  try {
    center.pauseControllers();
    const ours = await load(center, size);
    await center.stop();
    return await comparePeer(ours, startPeer, (target) => {
      note(`the same load on ${target.port}: kube-apiserver with etcd`);
      return load(target, size);
    });
  } finally {
    await center.stop();
  }
};

async function load(
  target: BenchTarget,
  { watchers, changes }: { watchers: number; changes: number },
): Promise<LoadFigure[]> {
  const session = await ApiSession.open(target);
  const watching = await ApiSession.open(target, watchers / streamsPerConnection);
  try {
    await defaultAccount(session);
    await inParallel(watchers, 64, (index) =>
      session.ok('POST', pods, benchPod(`pod-${index}`, { node: `node-${index}` })),
    );
    const { metadata } = await session.json<{ metadata: { resourceVersion: string } }>(`${pods}?limit=1`);
    let delivered = 0;
    const seen = new Map<string, () => void>();
    // A few at a time: it is the watching that is measured, not the rush of one user.
    await inParallel(watchers, 64, async (index) => {
      const query = `watch=true&fieldSelector=spec.nodeName%3Dnode-${index}&resourceVersion=${metadata.resourceVersion}`;
      const stream = watching.watch(`/api/v1/pods?${query}`, (line) => {
        const round = /"bench-round":"([^"]+)"/.exec(line)?.[1];
        if (round === undefined) return;
        delivered++;
        seen.get(round)?.();
      });
      const [headers] = (await once(stream, 'response')) as [{ ':status'?: number }];
      if (headers[':status'] !== 200) throw new Error(`a watch was answered ${headers[':status']}`);
    });
    const change = (pod: number, round: string) =>
      session.ok(
        'PATCH',
        `${pods}/pod-${pod}`,
        { metadata: { annotations: { 'bench-round': round } } },
        'application/merge-patch+json',
      );
    const rounds: { wall: number; spent: number }[] = [];
    for (let round = 0; round < roundsMax; round++) {
      delivered = 0;
      const cpu = target.cpuSeconds();
      const startedMs = performance.now();
      await inParallel(changes, 64, async (index) => {
        // Paced, as changes of many nodes are; a server that is slower than the pace is measured at its own.
        await delay(Math.max(0, startedMs + (index / changesPerSecond) * 1000 - performance.now()));
        await change(index % watchers, `load-${round}-${index}`);
      });
      await until(`${changes} events`, 120_000, () => delivered >= changes);
      rounds.push({ wall: (performance.now() - startedMs) / 1000, spent: target.cpuSeconds() - cpu });
    }
    const wall = median(rounds.map((round) => round.wall));
    const spent = median(rounds.map((round) => round.spent));
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
    const name = `${watchers} own-node watchers under ${changesPerSecond} changes/s`;
    return [
      { name: `${name}: written and delivered`, value: changes / wall, unit: 'events/s' },
      { name: `${name}, per core`, value: changes / spent, unit: 'events/s/core', ratioLeast: 3 },
      {
        name: 'one change, write sent to event delivered, p50',
        value: median(latencies),
        unit: 'ms',
        smallerIsBetter: true,
      },
      {
        name: 'one change, write sent to event delivered, p99',
        value: quantile(latencies, 0.99),
        unit: 'ms',
        smallerIsBetter: true,
      },
    ];
  } finally {
    watching.close();
    session.close();
  }
}
