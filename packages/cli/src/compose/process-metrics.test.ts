import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { MetricRegistry } from '@skerry/base';
import { measureProcess } from './process-metrics.ts';

const directory = mkdtempSync(join(tmpdir(), 'process-metrics-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Keeps what is sampled and counted by name. */
class Collected {
  readonly samples = new Map<string, () => Iterable<readonly [readonly string[], number]>>();
  readonly counted = new Map<string, number>();

  readonly registry = {
    sampled: ({ name }, sample) => void this.samples.set(name, sample),
    counter: ({ name }) => ({
      with: () => ({ add: (amount = 1) => this.counted.set(name, (this.counted.get(name) ?? 0) + amount) }),
    }),
    histogram: () => ({ with: () => ({ observe: () => undefined }) }),
  } as Partial<MetricRegistry> as MetricRegistry;

  value(name: string): number | undefined {
    return [...(this.samples.get(name)?.() ?? [])][0]?.[1];
  }
}

test('a process says what it uses', () => {
  const collected = new Collected();
  measureProcess(collected.registry, { database: join(directory, 'none.db') });
  expect(collected.value('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  expect(collected.value('process_cpu_seconds_total')).toBeGreaterThan(0);
  expect(collected.value('nodejs_heap_size_used_bytes')).toBeGreaterThan(1e6);
  expect(collected.value('nodejs_eventloop_lag_max_seconds')).toBeGreaterThanOrEqual(0);
  expect(collected.value('apiserver_storage_size_bytes')).toBe(0);
});

test('the database is counted with its log', () => {
  const database = join(directory, 'cluster.db');
  writeFileSync(database, 'x'.repeat(100));
  writeFileSync(`${database}-wal`, 'x'.repeat(10));
  const collected = new Collected();
  measureProcess(collected.registry, { database });
  expect(collected.value('apiserver_storage_size_bytes')).toBe(110);
});

test('handshakes that fail are counted', () => {
  const collected = new Collected();
  measureProcess(collected.registry, { database: directory }).handshakeFailed();
  expect(collected.counted.get('apiserver_tls_handshake_errors_total')).toBe(1);
});
