import type { ProbeReport } from './prober.ts';

/** The newest hour of each target, as Prometheus reads it. */
export function metricsText({ pool, probes }: ProbeReport): string {
  const lines = [
    '# HELP skerry_probe_up Whether the target was well when it was last asked.',
    '# TYPE skerry_probe_up gauge',
    ...probes.flatMap((probe) =>
      probe.last ? [line('skerry_probe_up', probe, pool, Number(probe.last.well))] : [],
    ),
    '# HELP skerry_probe_latency_ms What it took when it was last asked.',
    '# TYPE skerry_probe_latency_ms gauge',
    ...probes.flatMap((probe) =>
      probe.last ? [line('skerry_probe_latency_ms', probe, pool, probe.last.ms)] : [],
    ),
    '# HELP skerry_probe_availability_ratio Share of the hour in which it was well.',
    '# TYPE skerry_probe_availability_ratio gauge',
    ...probes.flatMap((probe) => {
      const hour = probe.hours.at(-1);
      return hour ? [line('skerry_probe_availability_ratio', probe, pool, hour.well / hour.asked)] : [];
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function line(metric: string, probe: { name: string; type: string }, pool: string, value: number): string {
  const labels = { probe: probe.name, type: probe.type, pool };
  const text = Object.entries(labels).map(([name, label]) => `${name}=${JSON.stringify(label)}`);
  return `${metric}{${text.join(',')}} ${value}`;
}
