/** Our scheduler decides as kube-scheduler did: the same nodes for the same reasons, in the same words, with the same scores. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Outcome } from './case.ts';
import { cases } from './cases/index.ts';
import { type ClosableCluster, startOwnCluster } from './clusters.ts';
import { playCase } from './play.ts';
import recorded from './recorded.json' with { type: 'json' };

let cluster: ClosableCluster;

beforeAll(async () => {
  cluster = await startOwnCluster();
});

afterAll(() => cluster.close());

test.each(cases.map((played) => [played.name, played] as const))(
  '%s as by the stock scheduler',
  async (name, played) => {
    const expected = (recorded as Record<string, Outcome>)[name];
    expect(told(await playCase(cluster, played))).toEqual(told(expected ?? {}));
  },
  120_000,
);

/** A plug-in that rates all nodes alike has said nothing, and some leave it at that. */
function told({ scores, ...rest }: Outcome): Outcome {
  if (!scores) return rest;
  const nodes = Object.keys(scores);
  const plugins = [...new Set(nodes.flatMap((node) => Object.keys(scores[node] ?? {})))];
  const telling = plugins.filter(
    (plugin) => new Set(nodes.map((node) => scores[node]?.[plugin] ?? 0)).size > 1,
  );
  const rated = nodes.map((node) => [
    node,
    Object.fromEntries(telling.map((plugin) => [plugin, scores[node]?.[plugin] ?? 0])),
  ]);
  return { ...rest, scores: Object.fromEntries(rated) as Outcome['scores'] & object };
}
