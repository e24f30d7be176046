import { expect, onTestFinished, test } from 'vitest';
import { LongWork } from '#registry/long-work.ts';
import { callerOf } from '#testing/caller.ts';
import { startTestServer } from '#testing/start-test-server.ts';

test('one step of long work is taken in a round, in the order of asking; short work never waits', async () => {
  const rounds: (() => void)[] = [];
  const work = new LongWork((fn) => rounds.push(fn));
  const taken: string[] = [];
  const long = async (name: string) => {
    for (const step of [1, 2]) {
      await work.next(1_000_000);
      taken.push(`${name}${step}`);
    }
  };
  const ends = [long('a'), long('b')];
  expect(work.next(1000)).toBeUndefined();
  for (const expected of [['a1'], ['a1', 'b1'], ['a1', 'b1', 'a2'], ['a1', 'b1', 'a2', 'b2']]) {
    expect(rounds.length).toBe(1);
    rounds.shift()!();
    await new Promise(setImmediate);
    expect(taken).toEqual(expected);
  }
  await Promise.all(ends);
  expect(rounds).toEqual([]);
});

test('long writes of one object that come between each other all count', async () => {
  const server = await startTestServer();
  onTestFinished(() => server.close());
  const call = callerOf(server.url);
  const path = '/api/v1/namespaces/default/configmaps';
  const data = Object.fromEntries(Array.from({ length: 20_000 }, (_, key) => [`key-${key}`, 'x']));
  expect((await call('POST', path, { metadata: { name: 'a' }, data })).status).toBe(201);
  const contentType = 'application/merge-patch+json';
  const patches = ['b', 'c', 'd'].map((key) =>
    call('PATCH', `${path}/a`, { data: { [key]: 'y' } }, { contentType }),
  );
  expect((await Promise.all(patches)).map(({ status }) => status)).toEqual([200, 200, 200]);
  const { body } = await call('GET', `${path}/a`);
  expect(body['data']).toMatchObject({ 'key-19999': 'x', b: 'y', c: 'y', d: 'y' });
});
