import { expect, test } from 'vitest';
import { atOnce, slowStart } from '#runtime/batch.ts';

test('no more are under way than may be, and all are done', async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  await atOnce(3, [1, 2, 3, 4, 5, 6, 7], async (item) => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    done.push(item);
  });
  expect(most).toBe(3);
  expect(done).toHaveLength(7);
});

test('one that fails holds up no other, and is told in the end', async () => {
  const done: number[] = [];
  const work = atOnce(2, [1, 2, 3], async (item) => {
    if (item === 1) throw new Error('no');
    done.push(item);
  });
  await expect(work).rejects.toThrow('no');
  expect(done).toEqual([2, 3]);
});

test('a slow start stops at the round that fails', async () => {
  const tried: number[] = [];
  const { done, error } = await slowStart(10, async (index) => {
    tried.push(index);
    if (index === 2) throw new Error('no');
  });
  expect(tried).toEqual([0, 1, 2]);
  expect(done).toBe(2);
  expect(error).toMatchObject({ message: 'no' });
});
