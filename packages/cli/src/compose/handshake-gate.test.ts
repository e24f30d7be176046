import { expect, test } from 'vitest';
import { HandshakeGate, type Waiting } from './handshake-gate.ts';

function setup(atOnceMax: number, waitingMax = 100) {
  const told: string[] = [];
  const gate = new HandshakeGate({ atOnceMax, waitingMax });
  const enter = (name: string, address = 'x'): Waiting => {
    const waiting = {
      address,
      begin: () => void told.push(name),
      refuse: () => void told.push(`${name} refused`),
    };
    gate.enter(waiting);
    return waiting;
  };
  return { told, gate, enter };
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
