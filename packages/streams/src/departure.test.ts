import { duplexPair } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { watchDeparture } from '#departure.ts';

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });

describe('a peer that waits for its answer', () => {
  test.each([
    ['ends', ''],
    ['sends something and ends', 'early'],
  ])('is known to be gone when it %s', async (_, early) => {
    const [near, far] = duplexPair();
    const { signal } = watchDeparture(near);
    if (early) far.write(early);
    far.end();
    await aborted(signal);
  });

  test('is known to be gone when its connection breaks', async () => {
    const [near] = duplexPair();
    near.on('error', () => undefined);
    const { signal } = watchDeparture(near);
    near.destroy(new Error('reset'));
    await aborted(signal);
    expect(watchDeparture(near).signal.aborted).toBe(true);
  });

  test('is dropped when it goes on sending, behind which its end could not be seen', async () => {
    const [near, far] = duplexPair();
    const { signal } = watchDeparture(near);
    for (let count = 0; count < 3; count++) {
      far.write('a'.repeat(40_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await aborted(signal);
    expect(signal.reason).toEqual(new Error('the client sent more than 65536 bytes before it had an answer'));
  });

  test.each(['pipe', 'data', 'iterate'])(
    'loses nothing it sent meanwhile to a reader that comes by %s',
    async (way) => {
      const [near, far] = duplexPair();
      const departure = watchDeparture(near);
      far.write('a'.repeat(100_000));
      await new Promise((resolve) => setImmediate(resolve));
      departure.stop();
      near.unshift('head ');
      let text = '';
      const [sink, out] = duplexPair();
      if (way === 'pipe') near.pipe(sink);
      if (way === 'data') near.on('data', (chunk: Buffer) => sink.write(chunk)).on('end', () => sink.end());
      if (way === 'iterate')
        void (async () => {
          for await (const chunk of near) sink.write(chunk);
          sink.end();
        })();
      far.end('b');
      for await (const chunk of out) text += String(chunk);
      expect(text).toBe(`head ${'a'.repeat(100_000)}b`);
      expect(departure.signal.aborted).toBe(false);
    },
  );
});
