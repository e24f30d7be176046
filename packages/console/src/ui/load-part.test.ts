import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadPart, PartError } from './load-part.ts';

let reloads: number;

beforeEach(() => {
  reloads = 0;
  const kept = new Map<string, string>();
  vi.useFakeTimers();
  vi.stubGlobal('location', { reload: () => reloads++ });
  vi.stubGlobal('document', { querySelectorAll: () => [] });
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  });
  centerAnswers(true);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function centerAnswers(ok: boolean): void {
  vi.stubGlobal('fetch', () => Promise.resolve({ ok }));
}

const gone = () => Promise.reject(new Error('404'));

/** What becomes of a part within that time. */
async function within(ms: number, load: () => Promise<string>): Promise<unknown> {
  let outcome: unknown = 'waiting';
  loadPart(load).then(
    (part) => (outcome = part),
    (error: unknown) => (outcome = error),
  );
  await vi.advanceTimersByTimeAsync(ms);
  return outcome;
}

test('a part that comes at the third try is shown, and nothing is loaded anew', async () => {
  let tries = 0;
  expect(await within(5_000, () => (++tries < 3 ? gone() : Promise.resolve('part')))).toBe('part');
  expect(reloads).toBe(0);
});

test('a part that has gone with an update has the page loaded anew, and what is shown stays until then', async () => {
  expect(await within(5_000, gone)).toBe('waiting');
  expect(reloads).toBe(1);
});

test('who asked is told when the page does not come anew', async () => {
  expect(await within(15_000, gone)).toBeInstanceOf(PartError);
  // Asked again soon after, the page is left as it is.
  expect(await within(5_000, gone)).toBeInstanceOf(PartError);
  expect(reloads).toBe(1);
});

test('who asked is told at once when the center does not answer', async () => {
  centerAnswers(false);
  expect(await within(5_000, gone)).toBeInstanceOf(PartError);
  expect(reloads).toBe(0);
});
