/**
 * Numbers for `/metrics`, in Prometheus' text format. A family names its labels once; whoever counts asks for the series of
 * its label values and holds on to it where it counts often.
 *
 * Label values come from strangers (a resource that nobody serves is still a word in a path), so a family keeps a bounded
 * number of series: what comes beyond it is counted under `other`, and a scrape costs no more than the bounds say.
 * Format: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export interface Counter {
  add(amount?: number): void;
}

export interface Gauge {
  set(value: number): void;
  add(amount: number): void;
}

export interface Histogram {
  observe(value: number): void;
}

export interface Family<S> {
  with(...labelValues: readonly string[]): S;
}

/** Numbers that are read when they are asked for: label values and value. */
export type Sampled = Iterable<readonly [labelValues: readonly string[], value: number]>;

interface Described {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

const seriesMaxDefault = 2000;
const histogramSeriesMax = 600;

export class MetricRegistry {
  readonly #families = new Map<string, (lines: string[]) => void>();

  counter(described: Described): Family<Counter> {
    return this.#numbers(described, 'counter');
  }

  gauge(described: Described): Family<Gauge> {
    return this.#numbers(described, 'gauge');
  }

  histogram(described: Described & { readonly buckets: readonly number[] }): Family<Histogram> {
    const { name, buckets } = described;
    const table = new SeriesTable(
      described.labels ?? [],
      histogramSeriesMax,
      () => new HistogramSeries(buckets),
    );
    this.#add(described, 'histogram', (lines) => {
      for (const [labels, series] of table.entries()) series.render(lines, name, labels);
    });
    return table;
  }

  /** A family whose numbers somebody else keeps. */
  sampled(described: Described & { readonly type: 'counter' | 'gauge' }, sample: () => Sampled): void {
    const { name, labels = [] } = described;
    this.#add(described, described.type, (lines) => {
      let count = 0;
      for (const [values, value] of sample()) {
        if (++count > seriesMaxDefault) break;
        lines.push(`${name}${braced(labelText(labels, values))} ${value}`);
      }
    });
  }

  render(): string {
    const lines: string[] = [];
    for (const render of this.#families.values()) render(lines);
    lines.push('');
    return lines.join('\n');
  }

  #numbers(described: Described, type: 'counter' | 'gauge'): Family<NumberSeries> {
    const table = new SeriesTable(described.labels ?? [], seriesMaxDefault, () => new NumberSeries());
    this.#add(described, type, (lines) => {
      for (const [labels, { value }] of table.entries())
        lines.push(`${described.name}${braced(labels)} ${value}`);
    });
    return table;
  }

  #add({ name, help }: Described, type: string, render: (lines: string[]) => void): void {
    if (this.#families.has(name)) throw new Error(`metric ${name} is there already`);
    this.#families.set(name, (lines) => {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      render(lines);
    });
  }
}

class NumberSeries implements Counter, Gauge {
  value = 0;

  add(amount = 1): void {
    this.value += amount;
  }

  set(value: number): void {
    this.value = value;
  }
}

class HistogramSeries implements Histogram {
  readonly #bounds: readonly number[];
  /** Of each bucket alone; the last is for what is above all bounds. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    let index = 0;
    while (index < this.#bounds.length && value > this.#bounds[index]!) index++;
    this.#counts[index]!++;
  }

  render(lines: string[], name: string, labels: string): void {
    const before = labels ? `${labels},` : '';
    let total = 0;
    for (const [index, bound] of this.#bounds.entries()) {
      total += this.#counts[index]!;
      lines.push(`${name}_bucket{${before}le="${bound}"} ${total}`);
    }
    total += this.#counts.at(-1)!;
    lines.push(
      `${name}_bucket{${before}le="+Inf"} ${total}`,
      `${name}_sum${braced(labels)} ${this.#sum}`,
      `${name}_count${braced(labels)} ${total}`,
    );
  }
}

/** Series by their label values. */
class SeriesTable<S> implements Family<S> {
  readonly #labels: readonly string[];
  readonly #seriesMax: number;
  readonly #make: () => S;
  readonly #series: { readonly labels: string; readonly series: S }[] = [];
  /** By one label value after the other: a key joined of all of them would be made anew for every request. */
  readonly #byValue: Step<S> = new Map();

  constructor(labels: readonly string[], seriesMax: number, make: () => S) {
    this.#labels = labels;
    this.#seriesMax = seriesMax;
    this.#make = make;
    // A family without labels is shown from the start.
    if (labels.length === 0) this.with();
  }

  with(...values: readonly string[]): S {
    const known = this.#find(values);
    if (known) return known;
    if (this.#series.length >= this.#seriesMax && values.some((value) => value !== 'other'))
      return this.with(...this.#labels.map(() => 'other'));
    const series = this.#make();
    this.#series.push({ labels: labelText(this.#labels, values), series });
    let step = this.#byValue;
    for (const value of values.slice(0, -1)) {
      let next = step.get(value) as Step<S> | undefined;
      if (!next) step.set(value, (next = new Map()));
      step = next;
    }
    step.set(values.at(-1) ?? '', { series });
    return series;
  }

  #find(values: readonly string[]): S | undefined {
    let step: Step<S> | undefined = this.#byValue;
    const last = values.length - 1;
    for (let index = 0; index < last; index++) {
      step = step.get(values[index]!) as Step<S> | undefined;
      if (!step) return undefined;
    }
    return (step.get(values[last] ?? '') as { series: S } | undefined)?.series;
  }

  *entries(): Iterable<readonly [labels: string, series: S]> {
    for (const { labels, series } of this.#series) yield [labels, series];
  }
}

/** All series of a family have as many values, so what a step leads to is known from how far it is. */
type Step<S> = Map<string, Step<S> | { readonly series: S }>;

/** Characters of one label value that are shown. */
const valueLengthMax = 128;

function labelText(labels: readonly string[], values: readonly string[]): string {
  return labels.map((label, index) => `${label}="${escaped(values[index] ?? '')}"`).join(',');
}

function escaped(value: string): string {
  return value
    .slice(0, valueLengthMax)
    .replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}

function braced(labels: string): string {
  return labels ? `{${labels}}` : '';
}
