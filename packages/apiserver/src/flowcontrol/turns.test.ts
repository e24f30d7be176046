import { expect, test } from 'vitest';
import { Turns, type TurnAsked } from '#flowcontrol/turns.ts';

/** A thread on which each request takes some time, and rounds of its event loop. */
function threadOf() {
  let nowMs = 0;
  let deferred: (() => void)[] = [];
  const turns = new Turns({ now: () => nowMs, defer: (fn) => void deferred.push(fn) });
  const begun: string[] = [];
  const ask = (name: string, more: Partial<TurnAsked> & { tookMs?: number } = {}) => {
    const { tookMs = 5, level = 'low', weight = 10, flow = 'flow', cost = 1 } = more;
    const run = () => {
      begun.push(name);
      nowMs += tookMs;
    };
    const turn = turns.take({ level, weight, flow, cost });
    if (turn) void turn.then(run);
    else run();
  };
  const round = async () => {
    const due = deferred;
    deferred = [];
    for (const fn of due) fn();
    await Promise.resolve();
  };
  return { turns, begun, ask, round };
}

test('while the thread has time, requests begin at once', () => {
  const { begun, ask, turns } = threadOf();
  ask('a', { tookMs: 4 });
  ask('b', { tookMs: 4 });
  expect(begun).toEqual(['a', 'b']);
  expect(turns.waiting).toBe(0);
});

test('one that comes when it has been busy waits for the next round, and each round begins one', async () => {
  const { begun, ask, round } = threadOf();
  for (const name of ['a', 'b', 'c', 'd']) ask(name, { tookMs: 10 });
  expect(begun).toEqual(['a']);
  await round();
  expect(begun).toEqual(['a', 'b']);
  await round();
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('a level that asks little is next whenever it asks', async () => {
  const { begun, ask, round } = threadOf();
  for (let index = 0; index < 100; index++) ask('flood', { tookMs: 10, weight: 245 });
  await round();
  await round();
  ask('heartbeat', { level: 'node-high', weight: 98, tookMs: 1 });
  await round();
  expect(begun).toEqual(['flood', 'flood', 'flood', 'heartbeat']);
});

test('levels that all ask much are served by their weight', async () => {
  const { begun, ask, round } = threadOf();
  for (let index = 0; index < 100; index++) {
    ask('heavy', { level: 'heavy', weight: 30, tookMs: 10 });
    ask('light', { level: 'light', weight: 10, tookMs: 10 });
  }
  for (let index = 0; index < 40; index++) await round();
  const light = begun.filter((name) => name === 'light').length;
  expect(light).toBeGreaterThanOrEqual(9);
  expect(light).toBeLessThanOrEqual(12);
});

test('flows of one level take turns', async () => {
  const { begun, ask, round } = threadOf();
  for (let index = 0; index < 5; index++) ask('a', { flow: 'a', tookMs: 10 });
  for (let index = 0; index < 2; index++) ask('b', { flow: 'b', tookMs: 10 });
  for (let index = 0; index < 6; index++) await round();
  expect(begun.join('')).toBe('aababaa');
});

test('what costs much counts for more', async () => {
  const { begun, ask, round } = threadOf();
  for (let index = 0; index < 20; index++) {
    ask('wide', { level: 'wide', cost: 10, tookMs: 10 });
    ask('narrow', { level: 'narrow', tookMs: 10 });
  }
  for (let index = 0; index < 11; index++) await round();
  expect(begun.filter((name) => name === 'wide').length).toBeLessThan(4);
});

test('when nobody waits any more, requests begin at once again', async () => {
  const { begun, ask, round, turns } = threadOf();
  ask('a', { tookMs: 20 });
  ask('b', { tookMs: 1 });
  await round();
  await round();
  ask('c');
  expect(begun).toEqual(['a', 'b', 'c']);
  expect(turns.waiting).toBe(0);
});
