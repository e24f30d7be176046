/** What `/metrics` says of calls to admission webhooks. Names and buckets are Kubernetes'. */
import type { AdmissionContext } from '#security.ts';

export type Phase = 'admit' | 'validating';

const bucketsSeconds = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25];
/** Combinations of labels that are kept; later ones are not counted. */
const seriesMax = 2000;

interface Series {
  count: number;
  sum: number;
  readonly buckets: number[];
}

export interface Called {
  readonly webhook: string;
  readonly phase: Phase;
  readonly operation: AdmissionContext['operation'];
}

export class WebhookMetrics {
  readonly #durations = new Map<string, Series>();
  readonly #counters = new Map<string, Map<string, number>>([
    ['apiserver_admission_webhook_request_total', new Map()],
    ['apiserver_admission_webhook_rejection_count', new Map()],
    ['apiserver_admission_webhook_fail_open_count', new Map()],
    ['apiserver_admission_match_condition_exclusions_total', new Map()],
  ]);

  called(
    call: Called,
    seconds: number,
    outcome: { readonly rejected: boolean; readonly code: number },
  ): void {
    const labels = `${named(call)},rejected="${outcome.rejected}"`;
    let series = this.#durations.get(labels);
    if (!series) {
      if (this.#durations.size >= seriesMax) return;
      series = { count: 0, sum: 0, buckets: bucketsSeconds.map(() => 0) };
      this.#durations.set(labels, series);
    }
    series.count++;
    series.sum += seconds;
    for (const [index, limit] of bucketsSeconds.entries()) if (seconds <= limit) series.buckets[index]!++;
    const { code, rejected } = outcome;
    this.#count(
      'apiserver_admission_webhook_request_total',
      `${named(call)},code="${Math.min(code, 600)}",rejected="${rejected}"`,
    );
  }

  rejected(
    call: Called,
    why: 'calling_webhook_error' | 'apiserver_internal_error' | 'no_error',
    code: number,
  ): void {
    this.#count(
      'apiserver_admission_webhook_rejection_count',
      `${named(call)},error_type="${why}",rejection_code="${Math.min(code, 600)}"`,
    );
  }

  failedOpen({ webhook, phase }: Called): void {
    this.#count('apiserver_admission_webhook_fail_open_count', `name="${escaped(webhook)}",type="${phase}"`);
  }

  excluded({ webhook, phase, operation }: Called): void {
    this.#count(
      'apiserver_admission_match_condition_exclusions_total',
      `name="${escaped(webhook)}",kind="webhook",type="${phase}",operation="${operation}"`,
    );
  }

  /** Prometheus text. */
  render(): string {
    const lines: string[] = [];
    const name = 'apiserver_admission_webhook_admission_duration_seconds';
    if (this.#durations.size > 0) lines.push(`# TYPE ${name} histogram`);
    for (const [labels, { count, sum, buckets }] of this.#durations) {
      for (const [index, limit] of bucketsSeconds.entries()) {
        lines.push(`${name}_bucket{${labels},le="${limit}"} ${buckets[index]}`);
      }
      lines.push(`${name}_bucket{${labels},le="+Inf"} ${count}`);
      lines.push(`${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${count}`);
    }
    for (const [counter, series] of this.#counters) {
      if (series.size > 0) lines.push(`# TYPE ${counter} counter`);
      for (const [labels, count] of series) lines.push(`${counter}{${labels}} ${count}`);
    }
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }

  #count(counter: string, labels: string): void {
    const series = this.#counters.get(counter)!;
    if (!series.has(labels) && series.size >= seriesMax) return;
    series.set(labels, (series.get(labels) ?? 0) + 1);
  }
}

function named({ webhook, phase, operation }: Called): string {
  return `name="${escaped(webhook)}",type="${phase}",operation="${operation}"`;
}

function escaped(text: string): string {
  return text.slice(0, 253).replace(/[\\"\n]/g, '_');
}
