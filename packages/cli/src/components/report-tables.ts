import type { LoadResult } from '#programs/load/generate-load.ts';
import type { ProbeReport } from '#programs/probe/prober.ts';

export interface Placed<T> {
  readonly region: string;
  readonly report: T;
}

type Table = [heading: string[], rows: string[][]];

/**
 * One row for each region. Percentiles of several machines can't be added up: the middle is that of their middles, and 99 % the
 * worst of theirs. The last line says how far apart the machines began.
 */
export function loadByRegion(results: readonly Placed<LoadResult>[]): Table {
  const rows = byRegion(results).map(([region, reports]) => {
    const sum = (of: (report: LoadResult) => number) =>
      reports.reduce((total, report) => total + of(report), 0);
    const sent = sum(({ sent }) => sent);
    const failed = sum(({ failed }) => failed);
    return [
      region,
      String(reports.length),
      skewText(reports),
      String(sent),
      String(sum(({ skipped }) => skipped)),
      sent === 0 ? '-' : `${((failed / sent) * 100).toFixed(2)} %`,
      milliseconds(middle(reports.map(({ latencyMs }) => latencyMs.p50))),
      milliseconds(worst(reports.map(({ latencyMs }) => latencyMs.p99))),
      milliseconds(worst(reports.map(({ latencyMs }) => latencyMs.max))),
    ];
  });
  const all = results.map(({ report }) => report);
  if (all.length > 0) rows.push(['all', String(all.length), skewText(all)]);
  return [['REGION', 'PODS', 'START SKEW', 'SENT', 'SKIPPED', 'FAILED', 'P50', 'P99', 'MAX'], rows];
}

/** One row for each target and region, over the last 24 hours. */
export function probesByRegion(results: readonly Placed<ProbeReport>[]): Table {
  const rows = byRegion(results).flatMap(([region, reports]) => {
    const names = [...new Set(reports.flatMap(({ probes }) => probes.map(({ name }) => name)))];
    return names.map((name) => {
      const probes = reports.flatMap((report) => report.probes.filter((probe) => probe.name === name));
      const hours = probes.flatMap((probe) => probe.hours.slice(-24));
      const asked = hours.reduce((total, hour) => total + hour.asked, 0);
      const well = hours.reduce((total, hour) => total + hour.well, 0);
      const lasts = probes.map(({ last }) => last).filter((last) => last !== undefined);
      const bad = lasts.find((last) => !last.well);
      return [
        region,
        name,
        asked === 0 ? '-' : `${((well / asked) * 100).toFixed(3)} %`,
        String(asked),
        milliseconds(middle(hours.map(({ p50Ms }) => p50Ms))),
        milliseconds(worst(hours.map(({ p99Ms }) => p99Ms))),
        lasts.length === 0 ? '-' : bad ? (bad.why ?? 'failing') : 'well',
      ];
    });
  });
  return [['REGION', 'PROBE', 'AVAILABILITY', 'ASKED', 'P50', 'P99', 'NOW'], rows];
}

function byRegion<T>(results: readonly Placed<T>[]): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const { region, report } of results) groups.set(region, [...(groups.get(region) ?? []), report]);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

function skewText(reports: readonly LoadResult[]): string {
  const skews = reports.map(({ skewMs }) => skewMs);
  return `${Math.round(Math.max(...skews) - Math.min(...skews))} ms`;
}

function middle(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  return known[Math.floor((known.length - 1) / 2)];
}

function worst(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '-' : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
