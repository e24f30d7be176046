import { slowStart } from '#runtime/batch.ts';
import { isEndingNamespace } from '#runtime/ending-namespace.ts';
import type { Expectations } from '#runtime/expectations.ts';

export interface CreatePodsOptions {
  readonly expectations: Expectations;
  /** Of the owner. */
  readonly key: string;
  readonly count: number;
  readonly create: (index: number) => Promise<unknown>;
}

/**
 * Creates pods as `slowStart` does, expecting each until the copy shows it; returns what failed.
 *
 * A namespace that is on its way out takes nothing new: that is no failure, and a creation stays expected, so that nobody
 * asks again with each pod that goes.
 */
export async function createPods({ expectations, key, count, create }: CreatePodsOptions): Promise<unknown> {
  if (count === 0) return undefined;
  expectations.expectCreations(key, count);
  let seen = 0;
  let isEnding = false;
  const { error } = await slowStart(count, async (index) => {
    try {
      await create(index);
      seen++;
    } catch (caught) {
      isEnding ||= isEndingNamespace(caught);
      throw caught;
    }
  });
  // What was made is observed by whoever follows pods.
  const kept = isEnding ? 1 : 0;
  for (let failed = seen + kept; failed < count; failed++) expectations.creationObserved(key);
  return isEnding ? undefined : error;
}
