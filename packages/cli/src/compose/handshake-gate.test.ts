import { FakeClock } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import { HandshakeGate, type Waiting } from './handshake-gate.ts';

function setup(atOnceMax: number, waitingMax = 100, isBehind = () => false) {
  const told: string[] = [];
  const clock = new FakeClock();
  let behindMs = 0;
  const gate = new HandshakeGate({
    atOnceMax,
    waitingMax,
    isBehind,
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic() + behindMs,
      after: (delayMs, fn) => clock.after(delayMs, fn),
    },
  });
  const enter = (name: string, address = 'x'): Waiting => {
    const waiting = {
      address,
      begin: () => void told.push(name),
      refuse: () => void told.push(`${name} refused`),
    };
    gate.enter(waiting);
    return waiting;
  };
  /** Rounds of the gate, each of which comes so late. */
  const rounds = async (count: number, byMs: number) => {
    for (let round = 0; round < count; round++) {
      behindMs += byMs;
      await clock.advance(20);
    }
  };
  return { told, gate, enter, clock, rounds };
}

test('as many as there is room for begin at once, others in their order', () => {
  const { told, gate, enter } = setup(2);
  const [a, b] = ['a', 'b', 'c', 'd'].map((name) => enter(name));
  expect(told).toEqual(['a', 'b']);
  gate.leave(b!);
  gate.leave(b!);
  expect(told).toEqual(['a', 'b', 'c']);
  gate.leave(a!);
  expect(told).toEqual(['a', 'b', 'c', 'd']);
});

test('addresses take turns', () => {
  const { told, gate, enter } = setup(1);
  const first = enter('x0');
  for (const name of ['x1', 'x2', 'x3']) enter(name);
  const person = enter('person', 'y');
  expect(told).toEqual(['x0']);
  gate.leave(first);
  expect(told).toEqual(['x0', 'x1']);
  gate.leave(person);
  const late = enter('late', 'y');
  gate.leave(late);
  expect(told).toEqual(['x0', 'x1']);
});

test('one of another address is next but one, however many of the first wait', () => {
  const { told, gate, enter } = setup(1);
  let last = enter('x0');
  const order = ['x1', 'x2', 'x3'].map((name) => enter(name));
  order.push(enter('person', 'y'));
  gate.leave(last);
  last = order[0]!;
  gate.leave(last);
  expect(told).toEqual(['x0', 'x1', 'person']);
});

test('whoever finds no room is refused, and who has gone makes room', () => {
  const { told, gate, enter } = setup(1, 1);
  enter('a');
  const b = enter('b');
  enter('c');
  expect(told).toEqual(['a', 'c refused']);
  gate.leave(b);
  enter('d');
  expect(told).toEqual(['a', 'c refused']);
});

test('a process that is behind lets fewer begin, and never none', async () => {
  const { told, gate, enter, rounds } = setup(64);
  const all = Array.from({ length: 100 }, (_, index) => enter(String(index)));
  expect(told).toHaveLength(16);
  await rounds(10, 100);
  for (const waiting of all.slice(0, 16)) gate.leave(waiting);
  expect(told).toHaveLength(17);
  gate.leave(all[16]!);
  expect(told).toHaveLength(18);
});

test('a process that keeps up lets more and more begin, as many as there is room for', async () => {
  const { told, enter, rounds } = setup(20);
  for (let index = 0; index < 100; index++) enter(String(index));
  await rounds(2, 0);
  expect(told).toHaveLength(18);
  await rounds(10, 0);
  expect(told).toHaveLength(20);
});

test('while those who are in ask for more than is answered, one begins a round', async () => {
  let isBehind = true;
  const { told, gate, enter, rounds } = setup(64, 100, () => isBehind);
  const all = Array.from({ length: 10 }, (_, index) => enter(String(index)));
  expect(told).toEqual([]);
  await rounds(2, 0);
  expect(told).toEqual(['0', '1']);
  gate.leave(all[0]!);
  expect(told).toEqual(['0', '1']);
  isBehind = false;
  await rounds(1, 0);
  expect(told).toHaveLength(10);
});

test('while nobody waits nothing is measured', async () => {
  const { gate, enter, clock } = setup(1);
  const first = enter('first');
  expect(clock.pendingTimers).toBe(0);
  const second = enter('second');
  expect(clock.pendingTimers).toBe(1);
  gate.leave(first);
  gate.leave(second);
  await clock.advance(20);
  expect(clock.pendingTimers).toBe(0);
});
