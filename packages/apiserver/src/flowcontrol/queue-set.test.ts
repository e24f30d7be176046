import { FakeClock } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import { QueueSet, Ticket, type Queuing, type Refusal, type Work } from '#flowcontrol/queue-set.ts';

const silent = { waiting: () => {}, executing: () => {}, queued: () => {}, notAccommodated: () => {} };
const queued: Queuing = { type: 'queue', queues: 4, handSize: 1, lengthMax: 50 };

function setOf(limit: number, queuing: Queuing = queued) {
  const clock = new FakeClock();
  return { clock, set: new QueueSet<string>(queuing, { clock, limit, observer: silent }) };
}

function work(initialSeats = 1, linger: Partial<Work> = {}): Work {
  return { initialSeats, finalSeats: 0, lingerMs: 0, ...linger };
}

function admitted(entered: Ticket<string> | Refusal): Ticket<string> {
  if (!(entered instanceof Ticket)) throw new Error(`refused: ${entered}`);
  return entered;
}

/** Takes seats until none is free, then ends one request after another; the order in which requests began. */
async function orderOfService(
  set: QueueSet<string>,
  clock: FakeClock,
  requests: readonly (readonly [flow: string, queue: number])[],
): Promise<string> {
  const began: Ticket<string>[] = [];
  for (const [flow, queue] of requests) {
    const ticket = admitted(set.enter(flow, work(), [queue]));
    if (ticket.state === 'executing') began.push(ticket);
    else ticket.onStart = () => began.push(ticket);
  }
  for (let next = 0; next < began.length; next++) {
    await clock.advance(100);
    set.finish(began[next]!);
  }
  return began.map(({ about }) => about).join('');
}

test('a flow that came late with little is served among a flow that came first with much', async () => {
  const { set, clock } = setOf(2);
  const flood = Array.from({ length: 12 }, () => ['a', 0] as const);
  const order = await orderOfService(set, clock, [...flood, ['b', 1], ['b', 1], ['b', 1]]);
  expect(order).toHaveLength(15);
  expect(order.lastIndexOf('b')).toBeLessThan(8);
});

test('requests of one queue are served in the order they came', async () => {
  const { set, clock } = setOf(1);
  const order = await orderOfService(set, clock, [
    ['a', 0],
    ['b', 0],
    ['c', 0],
  ]);
  expect(order).toBe('abc');
});

test('a flow goes to the queue of its hand with the least work waiting', () => {
  const { set } = setOf(1, { type: 'queue', queues: 4, handSize: 2, lengthMax: 50 });
  admitted(set.enter('busy', work(), [0]));
  admitted(set.enter('wide', work(5), [1]));
  const ticket = admitted(set.enter('new', work(), [1, 2]));
  expect(ticket.queue?.index).toBe(2);
});

test('a full queue refuses while no seat is free', () => {
  const { set } = setOf(1, { type: 'queue', queues: 1, handSize: 1, lengthMax: 2 });
  const entered = [1, 2, 3, 4].map(() => set.enter('a', work(), [0]));
  expect(entered.map((each) => (each instanceof Ticket ? each.state : each))).toEqual([
    'executing',
    'waiting',
    'waiting',
    'queue-full',
  ]);
});

test('a level that rejects has no queue', () => {
  const { set } = setOf(2, { type: 'reject' });
  const entered = [1, 1, 1].map((seats) => set.enter('a', work(seats), []));
  expect(entered[2]).toBe('concurrency-limit');
  set.finish(admitted(entered[0]!));
  expect(set.enter('a', work(), [])).toBeInstanceOf(Ticket);
});

test('nothing bounds the exempt', () => {
  const { set } = setOf(0, { type: 'exempt' });
  const entered = Array.from({ length: 100 }, () => admitted(set.enter('a', work(), [])));
  expect(entered.every(({ state }) => state === 'executing')).toBe(true);
});

test('a wide request waits until so many seats are free, and holds back what is behind it', () => {
  const { set } = setOf(3);
  const first = admitted(set.enter('a', work(), [0]));
  const wide = admitted(set.enter('b', work(3), [1]));
  expect(wide.state).toBe('waiting');
  set.finish(first);
  expect([wide.state, set.seatsInUse]).toEqual(['executing', 3]);
});

test('a request wider than the level is served alone', () => {
  const { set } = setOf(2);
  const first = admitted(set.enter('a', work(), [0]));
  const wide = admitted(set.enter('b', work(9), [1]));
  expect(wide.state).toBe('waiting');
  set.finish(first);
  expect(wide.state).toBe('executing');
});

test('what a write leaves to be done holds its seats for that long', async () => {
  const { set, clock } = setOf(4);
  set.finish(admitted(set.enter('a', work(1, { finalSeats: 4, lingerMs: 50 }), [0])));
  const next = admitted(set.enter('b', work(), [1]));
  expect(next.state).toBe('waiting');
  await clock.advance(50);
  expect(next.state).toBe('executing');
});

test('who gives up waiting leaves its place to the next', () => {
  const { set } = setOf(2);
  const first = admitted(set.enter('a', work(), [0]));
  const wide = admitted(set.enter('a', work(2), [0]));
  const narrow = admitted(set.enter('a', work(), [0]));
  expect(set.giveUp(wide, 'time-out')).toBe(true);
  expect([narrow.state, set.giveUp(narrow, 'time-out')]).toEqual(['executing', false]);
  set.finish(first);
  set.finish(narrow);
  expect([set.idle, set.seatsInUse, set.demand.value, [...set.queues].length]).toEqual([true, 0, 0, 0]);
});

test('more seats let more begin', () => {
  const { set } = setOf(1);
  const tickets = [1, 2, 3].map(() => admitted(set.enter('a', work(), [0])));
  set.configure({ limit: 2 });
  expect(tickets.map(({ state }) => state)).toEqual(['executing', 'executing', 'waiting']);
});
