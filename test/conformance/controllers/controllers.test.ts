/** Our controllers leave objects as kube-controller-manager did when the same was asked of it, but for what is told as known. */
import { AccountRights } from '@skerry/apiserver/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PlayedCluster, startOwnCluster } from './clusters.ts';
import { differencesOf } from './differences.ts';
import { playSequence } from './play.ts';
import recorded from './recorded.json' with { type: 'json' };
import { sequences } from './sequences/index.ts';

const rights = new AccountRights();
let cluster: PlayedCluster;

beforeAll(async () => {
  cluster = await startOwnCluster(rights);
});

afterAll(() => cluster.close());
test.concurrent.each(sequences.map((sequence, index) => [sequence.name, sequence, index] as const))(
  '%s as by the stock controllers',
  async (name, sequence, index) => {
    const expected = (recorded as Record<string, Record<string, unknown>>)[name];
    const looks = await playSequence(cluster, {
      sequence,
      namespace: `sequence-${index}`,
      ...(expected ? { recorded: expected } : {}),
    });
    expect(differencesOf(sequence, looks, expected ?? {})).toEqual([]);
  },
  600_000,
);

test('each controller did that with the rights of its account, and those that are used nowhere else were needed', () => {
  expect(rights.refused).toEqual([]);
  expect(['job-controller', 'statefulset-controller'].flatMap((account) => rights.unused(account))).toEqual(
    [],
  );
});
