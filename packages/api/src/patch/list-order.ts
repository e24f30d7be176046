import { equalJson } from './json-value.ts';

/** Whether `wanted` comes in the order of `listed`, which may hold more. */
export function inOrder(wanted: readonly unknown[], listed: readonly unknown[]): boolean {
  let at = 0;
  for (const key of wanted) {
    while (at < listed.length && !equalJson(listed[at], key)) at++;
    if (at === listed.length) return false;
    at++;
  }
  return true;
}

/**
 * The order of a merged list: items of `first` in their order there, the server's other items in theirs, and between
 * the two the order the server had; where the server knows no order, items of `first` go before.
 */
export function mergedOrder(
  items: readonly unknown[],
  {
    first,
    server,
    keyOf,
  }: { first: readonly unknown[]; server: readonly unknown[]; keyOf: (item: unknown) => unknown },
): unknown[] {
  const firstAt = positions(first, keyOf);
  const serverAt = positions(server, keyOf);
  const position = (at: ReadonlyMap<string, number>, item: unknown) => at.get(textOf(keyOf(item))) ?? -1;
  const ordered = (list: unknown[], at: ReadonlyMap<string, number>) =>
    list.sort((a, b) => position(at, a) - position(at, b));
  const left = ordered(
    items.filter((item) => position(firstAt, item) < 0),
    serverAt,
  );
  const right = ordered(
    items.filter((item) => position(firstAt, item) >= 0),
    firstAt,
  );
  const result: unknown[] = [];
  let next = 0;
  for (const item of right) {
    const at = position(serverAt, item);
    while (next < left.length && between(position(serverAt, left[next]), at)) result.push(left[next++]);
    result.push(item);
  }
  return [...result, ...left.slice(next)];
}

function between(at: number, end: number): boolean {
  return at >= 0 && at < end;
}

function positions(items: readonly unknown[], keyOf: (item: unknown) => unknown): Map<string, number> {
  return new Map(items.map((item, index) => [textOf(keyOf(item)), index] as const).toReversed());
}

function textOf(key: unknown): string {
  return JSON.stringify(key) ?? 'undefined';
}
