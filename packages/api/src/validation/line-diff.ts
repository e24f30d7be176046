/**
 * The difference of two texts as `diff -u` prints it, with three lines around each change. The lines that are matched are
 * those that Python's difflib matches, which the API server's own messages follow: the longest run of equal lines first,
 * then the longest on either side of it; lines that are very frequent in a long text don't begin a run.
 */
const contextLines = 3;
const popularFrom = 200;

interface Match {
  readonly a: number;
  readonly b: number;
  readonly size: number;
}

interface Change {
  readonly equal: boolean;
  readonly a1: number;
  readonly a2: number;
  readonly b1: number;
  readonly b2: number;
}

/** Two values as indented JSON, compared line by line. */
export function jsonDiff(before: unknown, after: unknown): string {
  return lineDiff(JSON.stringify(before, null, 1).split('\n'), JSON.stringify(after, null, 1).split('\n'));
}

export function lineDiff(a: readonly string[], b: readonly string[]): string {
  return groupsOf(changesOf(a, b))
    .map((group) => hunk(group, a, b))
    .join('');
}

function hunk(group: readonly Change[], a: readonly string[], b: readonly string[]): string {
  const first = group[0]!;
  const last = group.at(-1)!;
  let text = `@@ -${rangeText(first.a1, last.a2)} +${rangeText(first.b1, last.b2)} @@\n`;
  for (const { equal, a1, a2, b1, b2 } of group) {
    for (const line of a.slice(a1, a2)) text += `${equal ? ' ' : '-'}${line}\n`;
    if (!equal) for (const line of b.slice(b1, b2)) text += `+${line}\n`;
  }
  return text;
}

function rangeText(start: number, end: number): string {
  const length = end - start;
  if (length === 1) return `${start + 1}`;
  return `${length === 0 ? start : start + 1},${length}`;
}

function changesOf(a: readonly string[], b: readonly string[]): Change[] {
  const changes: Change[] = [];
  let i = 0;
  let j = 0;
  for (const match of [...matchesOf(a, b), { a: a.length, b: b.length, size: 0 }]) {
    if (i < match.a || j < match.b) changes.push({ equal: false, a1: i, a2: match.a, b1: j, b2: match.b });
    i = match.a + match.size;
    j = match.b + match.size;
    if (match.size > 0) changes.push({ equal: true, a1: match.a, a2: i, b1: match.b, b2: j });
  }
  return changes;
}

function groupsOf(changes: readonly Change[]): Change[][] {
  const groups: Change[][] = [];
  let group: Change[] = [];
  for (const [index, change] of changes.entries()) {
    if (!change.equal) {
      group.push(change);
      continue;
    }
    const { a1, a2, b1, b2 } = change;
    const length = a2 - a1;
    const first = index === 0;
    const last = index === changes.length - 1;
    const head = Math.min(length, contextLines);
    if (first) group.push({ equal: true, a1: a2 - head, a2, b1: b2 - head, b2 });
    else if (last) group.push({ equal: true, a1, a2: a1 + head, b1, b2: b1 + head });
    else if (length > 2 * contextLines) {
      group.push({ equal: true, a1, a2: a1 + head, b1, b2: b1 + head });
      groups.push(group);
      group = [{ equal: true, a1: a2 - head, a2, b1: b2 - head, b2 }];
    } else group.push(change);
  }
  if (group.some(({ equal }) => !equal)) groups.push(group);
  return groups;
}

function matchesOf(a: readonly string[], b: readonly string[]): Match[] {
  const places = placesOf(b);
  const found: Match[] = [];
  const open: [number, number, number, number][] = [[0, a.length, 0, b.length]];
  while (open.length > 0) {
    const [a1, a2, b1, b2] = open.pop()!;
    const match = longest(a, b, places, [a1, a2, b1, b2]);
    if (match.size === 0) continue;
    found.push(match);
    if (a1 < match.a && b1 < match.b) open.push([a1, match.a, b1, match.b]);
    const aEnd = match.a + match.size;
    const bEnd = match.b + match.size;
    if (aEnd < a2 && bEnd < b2) open.push([aEnd, a2, bEnd, b2]);
  }
  found.sort((x, y) => x.a - y.a || x.b - y.b);
  return joined(found);
}

function joined(matches: readonly Match[]): Match[] {
  const out: Match[] = [];
  for (const match of matches) {
    const before = out.at(-1);
    if (before && before.a + before.size === match.a && before.b + before.size === match.b)
      out[out.length - 1] = { ...before, size: before.size + match.size };
    else out.push(match);
  }
  return out;
}

function placesOf(lines: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [index, line] of lines.entries()) {
    const list = places.get(line);
    if (list) list.push(index);
    else places.set(line, [index]);
  }
  if (lines.length < popularFrom) return places;
  const most = Math.floor(lines.length / 100) + 1;
  for (const [line, list] of places) if (list.length > most) places.delete(line);
  return places;
}

function longest(
  a: readonly string[],
  b: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  [a1, a2, b1, b2]: [number, number, number, number],
): Match {
  let best: Match = { a: a1, b: b1, size: 0 };
  let lengths = new Map<number, number>();
  for (let i = a1; i < a2; i++) {
    const next = new Map<number, number>();
    for (const j of places.get(a[i]!) ?? []) {
      if (j < b1) continue;
      if (j >= b2) break;
      const size = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size };
    }
    lengths = next;
  }
  let { a: start, b: other, size } = best;
  while (start > a1 && other > b1 && a[start - 1] === b[other - 1]) {
    start -= 1;
    other -= 1;
    size += 1;
  }
  while (start + size < a2 && other + size < b2 && a[start + size] === b[other + size]) size += 1;
  return { a: start, b: other, size };
}
