/** What differs between two texts, line by line, as `diff -u` shows it but with all lines of both: objects are short. */
const linesMax = 2_000;

export function textDiff(before: string, after: string): string {
  const [a, b] = [linesOf(before), linesOf(after)];
  if (a.length > linesMax || b.length > linesMax)
    return `too long to compare: ${a.length} and ${b.length} lines`;
  const common = commonLengths(a, b);
  const out: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push(`  ${a[i]}`);
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && at(common, i + 1, j) >= at(common, i, j + 1)))
      out.push(`- ${a[i++]}`);
    else out.push(`+ ${b[j++]}`);
  }
  return onlyAround(out, 3).join('\n');
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** Lengths of the longest common subsequences of what is left behind (i, j). */
function commonLengths(a: readonly string[], b: readonly string[]): Uint16Array[] {
  const rows = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = rows[i];
      if (row)
        row[j] =
          a[i] === b[j] ? at(rows, i + 1, j + 1) + 1 : Math.max(at(rows, i + 1, j), at(rows, i, j + 1));
    }
  }
  return rows;
}

function at(rows: readonly Uint16Array[], i: number, j: number): number {
  return rows[i]?.[j] ?? 0;
}

/** Changed lines with so many unchanged ones around them; `…` for what is left out. */
function onlyAround(lines: readonly string[], context: number): string[] {
  const near = (index: number) =>
    lines.slice(Math.max(0, index - context), index + context + 1).some((line) => !line.startsWith('  '));
  const kept: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (near(index)) kept.push(line);
    else if (kept.at(-1) !== '…' && kept.length > 0) kept.push('…');
  }
  return kept;
}
