import { array, assert, asyncProperty, boolean, integer } from 'fast-check';
import { expect, test } from 'vitest';
import { joined, pretty, sendBody } from '#answer.ts';

const pieceOf = (size: number, index: number) => Buffer.alloc(size, index % 251);

test('a body is the same bytes however it is cut and however its reader keeps up', async () => {
  const sizes = array(integer({ min: 0, max: 300_000 }), { maxLength: 12 });
  await assert(
    asyncProperty(sizes, array(boolean(), { minLength: 1 }), async (all, waits) => {
      const pieces = all.map(pieceOf);
      const seen: Buffer[] = [];
      const underway: (() => void)[] = [];
      let writes = 0;
      const complete = await sendBody(joined(pieces), (chunk) => {
        // A reader that is behind copies late: what it was given must still be what it was.
        const copy = () => void seen.push(Buffer.from(chunk));
        if (!waits[writes++ % waits.length]) {
          underway.push(copy);
          return true;
        }
        return Promise.resolve().then(() => {
          for (const take of [...underway.splice(0), copy]) take();
          return true;
        });
      });
      for (const take of underway) take();
      expect(complete).toBe(true);
      expect(Buffer.concat(seen).equals(Buffer.concat(pieces))).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('many small pieces are few writes, in one memory when each is taken before the next', async () => {
  const memory = new Set<ArrayBufferLike>();
  let writes = 0;
  await sendBody(joined(Array.from({ length: 5000 }, () => pieceOf(2000, 1))), async (chunk) => {
    memory.add(chunk.buffer);
    writes++;
    return true;
  });
  expect(writes).toBeLessThan(45);
  // The last one is as small as it needs to be.
  expect(memory.size).toBe(2);
});

test('a reader that goes away is written to no more', async () => {
  let writes = 0;
  const complete = await sendBody(joined([pieceOf(500_000, 1), pieceOf(500_000, 2)]), () => {
    writes++;
    return false;
  });
  expect(complete).toBe(false);
  expect(writes).toBe(1);
});

test('a body that no person reads is not indented', () => {
  const body = [Buffer.from(JSON.stringify('x'.repeat(5_000_000)))];
  const headers = { 'Content-Type': 'application/json', 'Content-Length': '5000002' };
  const answer = { status: 200, headers, body };
  expect(pretty(answer)).toBe(answer);
});
