import { MetricRegistry } from '@skerry/base';
import { expect, test } from 'vitest';
import { ControllerHealth } from '#runtime/health.ts';

test('a controller is well while it runs, not when it broke, and untold when it was stopped', async () => {
  const metrics = new MetricRegistry();
  const health = new ControllerHealth(metrics);
  const told = () =>
    metrics
      .render()
      .split('\n')
      .filter((line) => line.startsWith('kubernetes_healthcheck{'));
  const wellOf = (name: string, value: number) =>
    `kubernetes_healthcheck{name="${name}",type="healthz"} ${value}`;
  const { promise, reject } = Promise.withResolvers<void>();
  const { signal } = new AbortController();
  const run = health.watch('job-controller', { name: 'job', run: () => promise }).run(signal);
  expect(told()).toEqual([wellOf('job-controller', 1), wellOf('ttl-after-finished-controller', 1)]);
  reject(new Error('broken'));
  await expect(run).rejects.toThrow('broken');
  expect(told()).toEqual([wellOf('job-controller', 0), wellOf('ttl-after-finished-controller', 0)]);
  await health.watch('job-controller', { name: 'job', run: async () => undefined }).run(signal);
  expect(told()).toEqual([]);
});
