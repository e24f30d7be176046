/**
 * Numbers of a process, and more of the one that serves the API, under the names that dashboards know: memory, time, file descriptors, the
 * event loop, and the size of the database.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import {
  constants as gcKinds,
  monitorEventLoopDelay,
  performance,
  PerformanceObserver,
} from 'node:perf_hooks';
import type { MetricRegistry } from '@skerry/base';

const gcBuckets = [0.001, 0.01, 0.1, 1, 2, 5];
/** Often enough to see a stall, and rare enough to cost an idle process nothing. */
const loopResolutionMs = 200;

export interface ProcessMeasures {
  /** A TLS handshake failed. */
  handshakeFailed(): void;
}

/** What every process tells of itself. */
export function measureRuntime(metrics: MetricRegistry): void {
  const sampled = (type: 'counter' | 'gauge', name: string, help: string, value: () => number | undefined) =>
    metrics.sampled({ name, help, type }, () => {
      const number = value();
      return number === undefined ? [] : [[[], number]];
    });
  sampled('counter', 'process_cpu_seconds_total', 'Time that the process spent on processors.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  sampled('gauge', 'process_resident_memory_bytes', 'Memory of the process.', () =>
    process.memoryUsage.rss(),
  );
  sampled('gauge', 'process_virtual_memory_bytes', 'Address space of the process.', virtualMemoryBytes);
  sampled('gauge', 'process_open_fds', 'Open file descriptors.', openDescriptors);
  sampled('gauge', 'process_max_fds', 'Most file descriptors that may be open.', descriptorsMax);
  sampled(
    'gauge',
    'process_start_time_seconds',
    'When the process began, in seconds since 1970.',
    () => performance.timeOrigin / 1000,
  );
  measureNode(metrics, sampled);
}

/** What the process that serves the API tells beside that. */
export function measureProcess(
  metrics: MetricRegistry,
  { database }: { readonly database: string },
): ProcessMeasures {
  measureRuntime(metrics);
  metrics.sampled(
    {
      name: 'apiserver_storage_size_bytes',
      help: 'Size of the database with its log.',
      type: 'gauge',
      labels: ['storage_cluster_id'],
    },
    () => [[['sqlite'], sizeOf(database) + sizeOf(`${database}-wal`)]],
  );
  const handshakes = metrics
    .counter({ name: 'apiserver_tls_handshake_errors_total', help: 'TLS handshakes that failed.' })
    .with();
  return { handshakeFailed: () => handshakes.add() };
}

type Sampler = (
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  value: () => number | undefined,
) => void;

function measureNode(metrics: MetricRegistry, sampled: Sampler): void {
  const memory = process.memoryUsage;
  sampled('gauge', 'nodejs_heap_size_used_bytes', 'Heap in use.', () => memory().heapUsed);
  sampled('gauge', 'nodejs_heap_size_total_bytes', 'Heap that is reserved.', () => memory().heapTotal);
  sampled('gauge', 'nodejs_external_memory_bytes', 'Memory outside the heap.', () => memory().external);
  const delay = monitorEventLoopDelay({ resolution: loopResolutionMs });
  delay.enable();
  const lag = (name: string, help: string, value: () => number) =>
    sampled('gauge', name, help, () => Math.max(value() / 1e9 - loopResolutionMs / 1000, 0));
  lag('nodejs_eventloop_lag_mean_seconds', 'Lag of the event loop since the last scrape, on average.', () =>
    Number.isNaN(delay.mean) ? 0 : delay.mean,
  );
  lag('nodejs_eventloop_lag_p99_seconds', 'Lag of the event loop that one in a hundred exceeds.', () =>
    delay.percentile(99),
  );
  lag('nodejs_eventloop_lag_max_seconds', 'Longest lag of the event loop since the last scrape.', () => {
    const { max } = delay;
    delay.reset();
    return max;
  });
  let before = performance.eventLoopUtilization();
  sampled('gauge', 'nodejs_eventloop_utilization', 'Part of the time that the event loop was busy.', () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  });
  const collections = metrics.histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'How long garbage collections took.',
    labels: ['kind'],
    buckets: gcBuckets,
  });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as { detail?: { kind?: number } }).detail ?? {};
      collections.with(kindNames.get(kind ?? -1) ?? 'other').observe(entry.duration / 1000);
    }
  }).observe({ entryTypes: ['gc'] });
}

const kindNames: ReadonlyMap<number, string> = new Map([
  [gcKinds.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [gcKinds.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [gcKinds.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [gcKinds.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

const pageBytes = 4096;

function virtualMemoryBytes(): number | undefined {
  const pages = Number(read('/proc/self/statm')?.split(' ', 1)[0]);
  return Number.isNaN(pages) ? undefined : pages * pageBytes;
}

function openDescriptors(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}

function descriptorsMax(): number | undefined {
  const limit = /^Max open files\s+(\d+)/m.exec(read('/proc/self/limits') ?? '')?.[1];
  return limit === undefined ? undefined : Number(limit);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not on this system.
    return undefined;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
