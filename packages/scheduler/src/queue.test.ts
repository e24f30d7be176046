import { FakeClock } from '@skerry/base/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heap } from '#heap.ts';
import { podInfoOf } from '#pod-info.ts';
import { SchedulingQueue } from '#queue.ts';
import { pod } from '#testing/objects.ts';

function setUp() {
  const clock = new FakeClock();
  const queue = new SchedulingQueue({ clock });
  const add = (name: string, more: object = {}) => queue.add(podInfoOf(pod(name, more)));
  const popped = () => queue.pop()?.info.pod.metadata.name;
  return { clock, queue, add, popped };
}

describe('the scheduling queue', () => {
  it('gives the most important pod first, then the oldest', async () => {
    const { clock, add, popped } = setUp();
    add('a');
    await clock.advance(1);
    add('b');
    add('vip', { priority: 5 });
    expect([popped(), popped(), popped(), popped()]).toEqual(['vip', 'a', 'b', undefined]);
  });

  it('keeps a refused pod until a hint speaks for it, then gives it at once', () => {
    const { queue, add, popped } = setUp();
    add('a');
    queue.addUnschedulable(queue.pop()!, new Set(['NodeResourcesFit']));
    expect(popped()).toBeUndefined();
    queue.wakeIf(({ rejectedBy }) => rejectedBy.has('TaintToleration'), 'NodeAdd');
    expect(popped()).toBeUndefined();
    queue.wakeIf(({ rejectedBy }) => rejectedBy.has('NodeResourcesFit'), 'NodeAdd');
    expect(popped()).toBe('a');
  });

  it('lets fresh pods go before one that backs off', () => {
    const { queue, add, popped } = setUp();
    add('a', { priority: 5 });
    queue.addUnschedulable(queue.pop()!, new Set());
    queue.wakeIf(() => true, 'NodeAdd');
    add('b');
    expect([popped(), popped()]).toEqual(['b', 'a']);
  });

  it('keeps a broken try back for one second, doubling to ten', async () => {
    const { clock, queue, add, popped } = setUp();
    add('a');
    for (const seconds of [1, 2, 4, 8, 10, 10]) {
      queue.addFailed(queue.pop()!);
      await clock.advance(seconds * 1000 - 1);
      expect(popped()).toBeUndefined();
      await clock.advance(1);
      expect(queue.sizes.backoff).toBe(1);
    }
    expect(popped()).toBe('a');
  });

  it('tries a forgotten pod again after five minutes', async () => {
    const { clock, queue, add, popped } = setUp();
    add('a');
    queue.addUnschedulable(queue.pop()!, new Set());
    await clock.advance(299_999);
    expect(popped()).toBeUndefined();
    await clock.advance(1);
    expect(popped()).toBe('a');
  });

  it('holds gated pods until their gates are gone', () => {
    const { queue, add, popped } = setUp();
    add('a', { schedulingGates: [{ name: 'g' }] });
    queue.wakeIf(() => true, 'NodeAdd');
    expect(popped()).toBeUndefined();
    queue.update(podInfoOf(pod('a')), { relevant: true });
    expect(popped()).toBe('a');
  });

  it('doesn’t retry for a change that asks for nothing else', () => {
    const { queue, add, popped } = setUp();
    add('a');
    queue.addUnschedulable(queue.pop()!, new Set());
    queue.update(podInfoOf(pod('a')), { relevant: false });
    expect(popped()).toBeUndefined();
    queue.update(podInfoOf(pod('a')), { relevant: true });
    expect(popped()).toBe('a');
    add('b');
    queue.delete('default/b');
    expect(popped()).toBeUndefined();
  });

  it('wakes who waits for a pod, and when the signal ends it', async () => {
    const { clock, queue, add } = setUp();
    const controller = new AbortController();
    const first = queue.wait(controller.signal);
    add('a');
    await first;
    queue.addFailed(queue.pop()!);
    const second = queue.wait(controller.signal);
    await clock.advance(1000);
    await second;
    expect(queue.pop()).toBeDefined();
    const third = queue.wait(controller.signal);
    controller.abort();
    await third;
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a heap', () => {
  it('gives what is left in order, after any pushes and removals', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ key: fc.integer({ min: 0, max: 20 }), rank: fc.integer() })),
        fc.array(fc.integer({ min: 0, max: 20 })),
        (pushed, removed) => {
          const heap = new Heap<{ key: number; rank: number }>({
            keyOf: ({ key }) => String(key),
            before: (a, b) => a.rank < b.rank,
          });
          const expected = new Map<number, number>();
          for (const item of pushed) {
            heap.push(item);
            expected.set(item.key, item.rank);
          }
          for (const key of removed) {
            heap.delete(String(key));
            expected.delete(key);
          }
          const ranks: number[] = [];
          while (heap.size > 0) ranks.push(heap.pop()!.rank);
          expect(ranks).toEqual([...expected.values()].toSorted((a, b) => a - b));
        },
      ),
    );
  });
});
