/** Sets of completion indexes as texts: `0,2-4`. */

/** How many indexes a text names, or what is wrong with it. */
export function countIndexes(text: string, completions: number): number | string {
  if (text === '') return 0;
  let last: number | undefined;
  let total = 0;
  for (const part of text.split(',')) {
    const interval = readInterval(part, completions);
    if (typeof interval === 'string') return interval;
    const [first, end] = interval;
    if (last !== undefined && last >= first)
      return `non-increasing order, previous: ${last}, current: ${first}`;
    total += end - first + 1;
    last = end;
  }
  return total;
}

function readInterval(text: string, completions: number): [number, number] | string {
  const parts = text.split('-');
  if (parts.length > 2)
    return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  const numbers: number[] = [];
  for (const part of parts) {
    if (!/^[-+]?\d+$/.test(part))
      return `cannot convert string to integer for index: ${JSON.stringify(part)}`;
    if (Number(part) >= completions) return `too large index: ${JSON.stringify(part)}`;
    numbers.push(Number(part));
  }
  const [first = 0, end] = numbers;
  if (end !== undefined && first >= end) return `non-increasing order, previous: ${first}, current: ${end}`;
  return [first, end ?? first];
}

/** The first index that both texts name; undefined when there is none. */
export function overlapOf(completed: string, failed: string, completions: number): number | undefined {
  if (completed === '' || failed === '') return undefined;
  const read = (text: string): [number, number][] =>
    text.split(',').flatMap((part) => {
      const interval = readInterval(part, completions);
      return typeof interval === 'string' ? [] : [interval];
    });
  const others = read(failed);
  let next = 0;
  for (const [first, end] of read(completed)) {
    while (next < others.length && others[next]![1] < first) next += 1;
    const other = others[next];
    if (other && other[0] <= end) return Math.max(first, other[0]);
  }
  return undefined;
}
