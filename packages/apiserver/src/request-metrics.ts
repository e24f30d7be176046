import type { RequestInfo } from '#request-info.ts';

const bucketsSeconds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

interface Series {
  count: number;
  sumSeconds: number;
  readonly buckets: number[];
}

/** Label combinations that are kept; beyond it requests count under `other`. */
const seriesMax = 5000;

/** Requests in work at once; beyond it they are told to come back. Bodies of 3 MiB make the bound on writes the tighter one. */
const inFlightMax = { mutating: 500, readOnly: 2000 };

/** Requests by verb, resource and code, and how long they took, as `/metrics` shows them. Watches are counted, not timed. */
export class RequestMetrics {
  readonly #totals = new Map<string, number>();
  readonly #durations = new Map<string, Series>();
  readonly #inFlight = { mutating: 0, readOnly: 0 };
  #watchers = 0;

  begin(info: RequestInfo): void {
    if (info.verb === 'watch') this.#watchers++;
    else this.#inFlight[kindOf(info)]++;
  }

  /** More is being answered than memory should be given to; health and metrics are never refused. */
  isOverloaded(info: RequestInfo): boolean {
    if (info.type === 'path' || info.verb === 'watch') return false;
    const kind = kindOf(info);
    return this.#inFlight[kind] > inFlightMax[kind];
  }

  end(info: RequestInfo, code: number, durationMs: number): void {
    if (info.verb === 'watch') this.#watchers--;
    else this.#inFlight[kindOf(info)]--;
    const labels = labelsOf(info);
    const total = this.#bounded(this.#totals, `${labels},code="${code}"`);
    this.#totals.set(total, (this.#totals.get(total) ?? 0) + 1);
    if (info.verb === 'watch') return;
    const at = this.#bounded(this.#durations, labels);
    let series = this.#durations.get(at);
    if (!series) {
      series = { count: 0, sumSeconds: 0, buckets: bucketsSeconds.map(() => 0) };
      this.#durations.set(at, series);
    }
    const seconds = durationMs / 1000;
    series.count++;
    series.sumSeconds += seconds;
    bucketsSeconds.forEach((limit, index) => {
      if (seconds <= limit) series.buckets[index]!++;
    });
  }

  /** Prometheus text. */
  render(): string {
    const lines = ['# TYPE apiserver_request_total counter'];
    for (const [labels, count] of this.#totals) lines.push(`apiserver_request_total{${labels}} ${count}`);
    lines.push('# TYPE apiserver_request_duration_seconds histogram');
    for (const [labels, series] of this.#durations) {
      const name = 'apiserver_request_duration_seconds';
      bucketsSeconds.forEach((limit, index) => {
        lines.push(`${name}_bucket{${labels},le="${limit}"} ${series.buckets[index]}`);
      });
      lines.push(`${name}_bucket{${labels},le="+Inf"} ${series.count}`);
      lines.push(`${name}_sum{${labels}} ${series.sumSeconds}`, `${name}_count{${labels}} ${series.count}`);
    }
    lines.push('# TYPE apiserver_current_inflight_requests gauge');
    lines.push(`apiserver_current_inflight_requests{request_kind="mutating"} ${this.#inFlight.mutating}`);
    lines.push(`apiserver_current_inflight_requests{request_kind="readOnly"} ${this.#inFlight.readOnly}`);
    lines.push('# TYPE apiserver_longrunning_requests gauge');
    lines.push(`apiserver_longrunning_requests{verb="WATCH"} ${this.#watchers}`);
    return `${lines.join('\n')}\n`;
  }

  #bounded(series: ReadonlyMap<string, unknown>, labels: string): string {
    return series.has(labels) || series.size < seriesMax ? labels : 'verb="other"';
  }
}

function kindOf(info: RequestInfo): 'mutating' | 'readOnly' {
  return ['get', 'list', 'head', 'options'].includes(info.verb) ? 'readOnly' : 'mutating';
}

function labelsOf(info: RequestInfo): string {
  const verb = info.verb.toUpperCase();
  if (info.type === 'path') return `verb="${verb}",group="",version="",resource="",subresource=""`;
  const { group, version, resource, subresource } = info;
  return [
    `verb="${verb}"`,
    `group="${escapeLabel(group)}"`,
    `version="${escapeLabel(version)}"`,
    `resource="${escapeLabel(resource)}"`,
    `subresource="${escapeLabel(subresource)}"`,
  ].join(',');
}

function escapeLabel(text: string): string {
  return text.slice(0, 128).replace(/[\\"\n]/g, '_');
}
