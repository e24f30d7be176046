/** Does `work` for each element, at most `limit` at once; the first failure ends it. */
export async function inParallel<T>(
  elements: Iterable<T>,
  limit: number,
  work: (element: T) => Promise<void>,
): Promise<void> {
  const queue = elements[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: limit }, worker));
}
