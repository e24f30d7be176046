/**
 * Does `count` things, first one, then two, four, …, and stops at the first round with a failure: when creation is refused
 * (quota, admission), the server is asked a few times, not thousands.
 */
export async function slowStart(
  count: number,
  act: (index: number) => Promise<void>,
): Promise<{ done: number; error?: unknown }> {
  let done = 0;
  for (let size = 1; done < count; size *= 2) {
    const round = Math.min(size, count - done);
    const first = done;
    const results = await Promise.allSettled(Array.from({ length: round }, (_, index) => act(first + index)));
    const failed = results.find((result) => result.status === 'rejected');
    done += results.filter((result) => result.status === 'fulfilled').length;
    if (failed) return { done, error: failed.reason };
  }
  return { done };
}

/** Does something for every item, at most `parallel` at a time, and rejects at its end with the first failure. */
export async function atOnce<T>(
  parallel: number,
  items: readonly T[],
  act: (item: T) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const work = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) {
      await act(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, work));
  if (failures.length > 0) throw failures[0];
}
