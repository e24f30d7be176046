/** What a benchmark says: one number with its unit and, where the design sets one, its budget. */
export interface Budget {
  readonly limit: number;
  /** Whether the figure must stay under the limit or reach it. */
  readonly kind: 'most' | 'least';
}

export interface Figure {
  readonly group: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly budget: Budget | null;
  /** `null`: there is no budget, or its peer is not on this machine. */
  readonly ok: boolean | null;
  /** What the budget compares with. */
  readonly peer?: string;
}

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly most?: number;
  readonly least?: number;
  readonly peer?: string;
}

export function figureOf(group: string, measured: Measurement): Figure {
  const { name, value, unit, most, least, peer } = measured;
  const budget =
    most !== undefined
      ? ({ limit: most, kind: 'most' } as const)
      : least !== undefined
        ? ({ limit: least, kind: 'least' } as const)
        : null;
  const ok = budget === null ? null : budget.kind === 'most' ? value <= budget.limit : value >= budget.limit;
  return { group, name, value, unit, budget, ok, ...(peer ? { peer } : {}) };
}

/** The figures as a table for a terminal. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [
    ['group', 'figure', 'value', 'unit', 'budget', 'ok'],
    ...figures.map((figure) => [
      figure.group,
      figure.name,
      rounded(figure.value),
      figure.unit,
      figure.budget
        ? `${figure.budget.kind === 'most' ? '<=' : '>='} ${figure.budget.limit}`
        : (figure.peer ?? '-'),
      figure.ok === null ? (figure.peer ? 'not compared' : '-') : figure.ok ? 'yes' : 'NO',
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 2 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join(' | ')
      .trimEnd();
  return [
    line(rows[0]!),
    widths.map((width) => '-'.repeat(width)).join('-|-'),
    ...rows.slice(1).map(line),
  ].join('\n');
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('no values were measured');
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

function rounded(value: number): string {
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
