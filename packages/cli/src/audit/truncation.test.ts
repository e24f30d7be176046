import type { AuditEvent } from '@skerry/apiserver';
import { expect, test } from 'vitest';
import { fitted, parted } from './truncation.ts';

const event = (more: Partial<AuditEvent> = {}) =>
  ({ kind: 'Event', auditID: 'id', annotations: { a: 'b' }, ...more }) as AuditEvent;
const sizes = { eventBytesMax: 200, batchBytesMax: 400 };

test('an event that fits is kept as it is', () => {
  const whole = event({ requestObject: { data: 'x' } });
  expect(fitted(whole, sizes)).toBe(whole);
});

test('one that is too large loses its bodies, and says so', () => {
  const whole = event({ requestObject: { data: 'x'.repeat(300) }, responseObject: {} });
  expect(fitted(whole, sizes)).toEqual(event({ annotations: { a: 'b', 'audit.k8s.io/truncated': 'true' } }));
});

test('one that is too large without them is not kept', () => {
  expect(fitted(event({ requestURI: 'x'.repeat(300) }), sizes)).toBeUndefined();
});

test('a batch is parted where it is too large', () => {
  const events = Array.from({ length: 5 }, () => event({ userAgent: 'x'.repeat(60) }));
  expect(parted(events, sizes).map((part) => part.length)).toEqual([3, 2]);
  expect(parted(events, undefined)).toEqual([events]);
});
