import { expect, test } from 'vitest';
import { RecordingSink } from '#testing/recording-sink.ts';
import { FrameQueue } from '#watch/frame-queue.ts';
import { WatchMemory } from '#watch/watch-memory.ts';

interface Watched {
  readonly sink: RecordingSink;
  readonly queue: FrameQueue;
  readonly ends: string[];
}

function queueOf(bounds: { bytesMax?: number; memory?: WatchMemory } = {}): Watched {
  const sink = new RecordingSink();
  const ends: string[] = [];
  const queue = new FrameQueue(sink, {
    framesMax: 1000,
    bytesMax: bounds.bytesMax ?? 1e9,
    memory: bounds.memory,
    onOverflow: () => ends.push('overflow'),
    onEnd: () => ends.push('end'),
  });
  return { sink, queue, ends };
}

const frame = (size: number) => Buffer.alloc(size, 'x');
const frames = (count: number, size: number) => Array.from({ length: count }, () => frame(size));

/** A watcher that has taken one byte and takes no more. */
function stuck(memory: WatchMemory): Watched {
  const watched = queueOf({ memory });
  watched.sink.full = true;
  watched.queue.push([frame(1)]);
  return watched;
}

test('a sink is handed no more at once than a piece of what waits', () => {
  const { sink, queue } = queueOf();
  sink.full = true;
  queue.push([frame(1)]);
  queue.push(frames(20, 100_000));
  sink.drain();
  expect(Math.max(...sink.chunks.map(({ length }) => length))).toBeLessThanOrEqual(256 * 1024);
  expect(sink.chunks.reduce((sum, { length }) => sum + length, 0)).toBe(2_000_001);
  expect(queue.bytes).toBe(0);
});

test('frames larger than a piece go out whole, and in their order', () => {
  const { sink, queue } = queueOf();
  sink.full = true;
  queue.push([Buffer.from('0')]);
  queue.push([Buffer.from('1'), frame(300 * 1024), Buffer.from('2')]);
  sink.drain();
  expect(sink.text.replaceAll('x', '')).toBe('012');
});

test('one that does not read is told of once, and ended', () => {
  const { sink, queue, ends } = queueOf({ bytesMax: 1000 });
  sink.full = true;
  queue.push([frame(1)]);
  expect(queue.push(frames(20, 100))).toBe(false);
  expect(queue.push([frame(1)])).toBe(false);
  expect(ends).toEqual(['overflow', 'end']);
  expect(sink.ended).toBe(true);
});

test('beyond the bound of all, the one furthest behind is dropped', () => {
  const memory = new WatchMemory(1000);
  const [far, near] = [stuck(memory), stuck(memory)];
  far.queue.push(frames(6, 100));
  near.queue.push(frames(3, 100));
  expect([memory.bytes, memory.size]).toEqual([900, 2]);
  near.queue.push(frames(2, 100));
  expect([far.ends, near.ends]).toEqual([['overflow', 'end'], []]);
  expect([memory.bytes, memory.size]).toEqual([500, 1]);
});

test('what has been read, or belongs to a watch that ended, counts no more', () => {
  const memory = new WatchMemory(1000);
  const [reader, leaver] = [stuck(memory), stuck(memory)];
  reader.queue.push(frames(4, 100));
  leaver.queue.push(frames(4, 100));
  reader.sink.drain();
  leaver.queue.abort();
  expect([memory.bytes, memory.size]).toEqual([0, 0]);
});
