import { MetricRegistry } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import { QueueMetrics } from '#runtime/metrics.ts';
import { WorkQueue } from '#runtime/work-queue.ts';

test('a queue tells what waits, what is worked on and how long both take, under the stock names', async () => {
  const clock = new FakeClock();
  const registry = new MetricRegistry();
  const queue = new WorkQueue({ clock, meter: new QueueMetrics(registry, clock).queue('job') });
  const value = (name: string) =>
    Number(new RegExp(`^${name}\\{name="job"\\} (.*)$`, 'm').exec(registry.render())?.[1]);
  queue.add('a');
  queue.add('b');
  queue.add('a');
  expect([value('workqueue_adds_total'), value('workqueue_depth')]).toEqual([2, 2]);
  await clock.advance(2_000);
  await queue.take();
  await clock.advance(3_000);
  expect(value('workqueue_depth')).toBe(1);
  expect(value('workqueue_queue_duration_seconds_sum')).toBe(2);
  expect(value('workqueue_unfinished_work_seconds')).toBe(3);
  queue.addRateLimited('a');
  queue.done('a');
  expect(value('workqueue_retries_total')).toBe(1);
  expect(value('workqueue_work_duration_seconds_sum')).toBe(3);
  expect(value('workqueue_unfinished_work_seconds')).toBe(0);
});
