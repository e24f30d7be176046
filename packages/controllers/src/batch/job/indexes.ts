/** Completion indexes as a Job's status writes them: `1,3-5`. Those from `completions` on are no longer the Job's. */
export function parseIndexes(text: string | undefined, completions = Infinity): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? '').split(',')) {
    const [first, last = first] = part.split('-');
    if (!first || !last) continue;
    const end = Math.min(Number(last), completions - 1);
    for (let index = Number(first); index <= end; index++) indexes.add(index);
  }
  return indexes;
}

/** Two in a row stay two: `3,4`. */
export function formatIndexes(indexes: Iterable<number>): string {
  const parts: string[] = [];
  let first: number | undefined;
  let last: number | undefined;
  const close = () => {
    if (first === undefined || last === undefined) return;
    if (last > first) parts.push(`${first}${last === first + 1 ? ',' : '-'}${last}`);
    else parts.push(`${first}`);
  };
  for (const index of [...indexes].sort((a, b) => a - b)) {
    if (last !== undefined && index === last + 1) {
      last = index;
      continue;
    }
    close();
    first = index;
    last = index;
  }
  close();
  return parts.join(',');
}
