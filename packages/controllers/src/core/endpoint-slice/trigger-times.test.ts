import type { Pod, Service } from '@skerry/api';
import { expect, test } from 'vitest';
import { TriggerTimes } from '#core/endpoint-slice/trigger-times.ts';

const service: Service = {
  metadata: { name: 'web', namespace: 'shop', creationTimestamp: '2026-01-01T00:00:00Z' },
};

function pod(name: string, readySince?: string): Pod {
  const conditions = readySince ? [{ type: 'Ready', status: 'True', lastTransitionTime: readySince }] : [];
  return { metadata: { name, namespace: 'shop' }, status: { conditions } };
}

test('the oldest of what is new is told, and what was told once no more', () => {
  const times = new TriggerTimes();
  expect(times.observe(service, [])).toBe('2026-01-01T00:00:00Z');
  expect(times.observe(service, [pod('a')])).toBeUndefined();
  const [a, b] = [pod('a', '2026-01-01T00:00:09Z'), pod('b', '2026-01-01T00:00:07Z')];
  expect(times.observe(service, [a, b])).toBe('2026-01-01T00:00:07Z');
  expect(times.observe(service, [a, b])).toBeUndefined();
  expect(times.observe(service, [a])).toBeUndefined();
  expect(times.observe(service, [pod('a', '2026-01-01T00:01:00Z')])).toBe('2026-01-01T00:01:00Z');
  times.forget('shop/web');
  expect(times.observe(service, [])).toBe('2026-01-01T00:00:00Z');
});
