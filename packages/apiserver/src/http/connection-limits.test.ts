import { expect, test } from 'vitest';
import { ConnectionLimits } from '#http/connection-limits.ts';

test('connections are bounded by client and in all', () => {
  const limits = new ConnectionLimits({ perClientMax: 2, totalMax: 3 });
  const leave = limits.enter({ user: 'a', remoteAddress: '192.0.2.1' });
  limits.enter({ user: 'a', remoteAddress: '192.0.2.2' });
  expect(limits.enter({ user: 'a' })).toBe('client');
  // A name is not an address.
  expect(typeof limits.enter({ remoteAddress: 'a' })).toBe('function');
  expect(limits.enter({ user: 'b' })).toBe('total');
  if (typeof leave === 'function') leave();
  expect(typeof limits.enter({ user: 'a' })).toBe('function');
});

test('connections of the machine itself are not bounded', () => {
  const limits = new ConnectionLimits({ perClientMax: 1, totalMax: 1 });
  limits.enter({ user: 'a' });
  expect(typeof limits.enter({})).toBe('function');
});
