/** What a benchmark says: one number with its unit and, where the design sets one, its budget. */
export interface Figure {
  readonly group: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** `<= 300`, `>= 1.5x kube-apiserver with etcd`; null: the design sets none. */
  readonly budget: string | null;
  /** `null`: there is no budget, or its peer is not on this machine. */
  readonly ok: boolean | null;
  /** What `ratio` compares with: a server measured in the same run, or a recorded one with machine and date. */
  readonly peer?: string;
  /** How many times better than the peer. */
  readonly ratio?: number;
}

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly most?: number;
  readonly least?: number;
  /** The same load on another server. */
  readonly comparison?: Comparison;
}

export interface Comparison {
  readonly peer: string;
  /** Unset where nothing is known of the peer. */
  readonly value?: number;
  /** Measured in this run: only such a value decides. */
  readonly measured: boolean;
  /** How many times the peer's value the design asks for. */
  readonly ratioLeast?: number;
  /** Whether a smaller value is the better one. */
  readonly smallerIsBetter?: boolean;
}

export function figureOf(group: string, measured: Measurement): Figure {
  const { name, value, unit, most, least, comparison } = measured;
  const figure = { group, name, value, unit };
  if (comparison && most === undefined && least === undefined)
    return { ...figure, ...compared(value, comparison) };
  if (comparison) {
    const { peer, ratio } = compared(value, comparison);
    const bounded = figureOf(group, { name, value, unit, ...(most === undefined ? { least } : { most }) });
    return { ...bounded, ...(ratio === undefined ? {} : { peer, ratio }) };
  }
  if (most !== undefined) return { ...figure, budget: `<= ${most}`, ok: value <= most };
  if (least !== undefined) return { ...figure, budget: `>= ${least}`, ok: value >= least };
  return { ...figure, budget: null, ok: null };
}

function compared(value: number, comparison: Comparison): Pick<Figure, 'budget' | 'ok' | 'peer' | 'ratio'> {
  const { peer, ratioLeast, measured, smallerIsBetter = false } = comparison;
  const budget = ratioLeast === undefined ? null : `>= ${ratioLeast}x`;
  if (comparison.value === undefined) return { budget, ok: null, peer };
  const ratio = smallerIsBetter ? comparison.value / value : value / comparison.value;
  const ok = measured && ratioLeast !== undefined ? ratio >= ratioLeast : null;
  return { budget, ok, peer, ratio };
}

/** The figures as a table for a terminal. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [
    ['group', 'figure', 'value', 'unit', 'budget', 'ratio', 'ok'],
    ...figures.map((figure) => [
      figure.group,
      figure.name,
      rounded(figure.value),
      figure.unit,
      figure.budget ?? '-',
      figure.ratio === undefined ? '-' : `${rounded(figure.ratio)}x`,
      verdict(figure),
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 2 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join(' | ')
      .trimEnd();
  const peers = new Set(figures.flatMap(({ peer, ratio }) => (peer && ratio !== undefined ? [peer] : [])));
  return [
    line(rows[0]!),
    widths.map((width) => '-'.repeat(width)).join('-|-'),
    ...rows.slice(1).map(line),
    ...[...peers].map((peer) => `ratio: to ${peer}`),
  ].join('\n');
}

function verdict({ ok, budget }: Figure): string {
  if (ok !== null) return ok ? 'yes' : 'NO';
  return budget === null ? '-' : 'not compared';
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
