import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, FakeClock } from '@skerry/base/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ContainerStats, ContainerSummary, SandboxSummary } from '#runtime.ts';
import { createStatsSource } from '#stats/stats-source.ts';
import type { UsageRuntime } from '#stats/pod-usage.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stats-'));
  await mkdir(join(directory, 'net'), { recursive: true });
  await mkdir(join(directory, 'sys/kernel'), { recursive: true });
  await cpuTicks(1000);
  await writeFile(
    join(directory, 'meminfo'),
    'MemTotal: 1000 kB\nMemFree: 300 kB\nInactive(file): 200 kB\nAnonPages: 50 kB\nSwapTotal: 10 kB\nSwapFree: 4 kB\n',
  );
  await writeFile(join(directory, 'vmstat'), 'pgfault 7\npgmajfault 2\n');
  await writeFile(
    join(directory, 'net/dev'),
    'Inter-| Receive\n face |bytes\n  lo: 9 0 0 0 0 0 0 0 9 0 0 0 0 0 0 0\nveth0: 1 1 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n  eth0: 500 1 3 0 0 0 0 0 700 0 4 0 0 0 0 0\n',
  );
  await writeFile(join(directory, 'net/route'), 'Iface\tDestination\neth0\t00000000\t0\n');
  await writeFile(join(directory, 'loadavg'), '0.1 0.2 0.3 2/345 678\n');
  await writeFile(join(directory, 'sys/kernel/pid_max'), '4194304\n');
});
afterEach(() => rm(directory, { recursive: true }));

async function cpuTicks(user: number): Promise<void> {
  const text = `cpu  ${user} 10 20 99999 50 5 6 7 0 0\ncpu0 1\nbtime 1700000000\n`;
  await writeFile(join(directory, 'stat'), text);
}

function runtimeWith(stats: Partial<ContainerStats>, options: { containers?: string[] } = {}): UsageRuntime {
  const names = options.containers ?? ['app'];
  return {
    listSandboxes: async () => [
      {
        id: 's1',
        name: 'web',
        namespace: 'default',
        uid: 'u1',
        ready: true,
        createdAtMs: 5_000,
      } as SandboxSummary,
      {
        id: 's2',
        name: 'gone',
        namespace: 'default',
        uid: 'u2',
        ready: false,
        createdAtMs: 1,
      } as SandboxSummary,
    ],
    listContainers: async () =>
      names.map(
        (name) =>
          ({ id: name, sandboxId: 's1', name, state: 'running', createdAtMs: 6_000 }) as ContainerSummary,
      ),
    listContainerStats: async () => names.map((name) => ({ id: name, name, labels: {}, ...stats })),
    listSandboxStats: async () => [
      { id: 's1', labels: {}, network: { atMs: 1, interface: 'eth0', rxBytes: 11, txBytes: 22 } },
    ],
    imageFilesystem: async () => ({ atMs: 1, mountpoint: directory, usedBytes: 12_345, inodesUsed: 6 }),
  };
}

const usage = {
  cpu: { atMs: 0, usageCoreNanoSeconds: 1_500_000_000n },
  memory: { atMs: 0, workingSetBytes: 4096, usageBytes: 8192 },
};

describe('the usage of a node', () => {
  test('is summed from the machine and its running pods', async () => {
    const clock = new FakeClock();
    const source = createStatsSource({
      runtime: runtimeWith(usage, { containers: ['app', 'side'] }),
      nodeName: 'n1',
      clock,
      dataDirectory: directory,
      procDirectory: directory,
    });
    const summary = source.summary();
    await eventually(() => expect(clock.pendingTimers).toBe(1));
    await clock.advance(1_000);
    expect(await summary).toMatchObject({
      node: {
        nodeName: 'n1',
        startTime: '2023-11-14T22:13:20.000Z',
        cpu: { usageCoreNanoSeconds: 1048 * 10_000_000 },
        memory: {
          usageBytes: 700 * 1024,
          workingSetBytes: 500 * 1024,
          availableBytes: 500 * 1024,
          rssBytes: 50 * 1024,
          pageFaults: 7,
        },
        network: { name: 'eth0', rxBytes: 500, rxErrors: 3, txBytes: 700, txErrors: 4 },
        swap: { swapUsageBytes: 6 * 1024 },
        rlimit: { maxpid: 4194304, curproc: 345 },
        runtime: { imageFs: { usedBytes: 12_345 } },
      },
      pods: [
        {
          podRef: { name: 'web', namespace: 'default', uid: 'u1' },
          cpu: { usageCoreNanoSeconds: 3_000_000_000 },
          memory: { workingSetBytes: 8192 },
          network: { name: 'eth0', rxBytes: 11 },
          containers: [{ name: 'app', memory: { workingSetBytes: 4096 } }, { name: 'side' }],
        },
      ],
    });
  });

  test('has processor rates of the last readings, and of a second where there are none', async () => {
    const clock = new FakeClock();
    const source = createStatsSource({
      runtime: runtimeWith(usage),
      nodeName: 'n1',
      clock,
      dataDirectory: directory,
      procDirectory: directory,
    });
    const rate = async () =>
      ((await source.summary()) as { node: { cpu: { usageNanoCores?: number } } }).node.cpu.usageNanoCores;
    const rateOfASecond = async (ticks: number) => {
      const answer = rate();
      await eventually(() => expect(clock.pendingTimers).toBe(1));
      await cpuTicks(ticks);
      await clock.advance(1_000);
      return answer;
    };
    expect(await rateOfASecond(1025)).toBe(250_000_000);
    await cpuTicks(1525);
    await clock.advance(10_000);
    expect(await rate()).toBe(500_000_000);
    await clock.advance(10);
    expect(await rate()).toBe(500_000_000);
    await clock.advance(3_600_000);
    expect(await rateOfASecond(1535)).toBe(100_000_000);
  });

  test('is told to Prometheus with its time', async () => {
    const clock = new FakeClock(1_000_000);
    const source = createStatsSource({
      runtime: runtimeWith(usage),
      nodeName: 'n1',
      clock,
      dataDirectory: directory,
      procDirectory: directory,
    });
    const lines = (await source.resourceMetrics()).split('\n');
    expect(lines).toContain(
      'container_cpu_usage_seconds_total{container="app",namespace="default",pod="web"} 1.5 1000000',
    );
    expect(lines).toContain('pod_memory_working_set_bytes{namespace="default",pod="web"} 4096 1000000');
    expect(lines).toContain('node_cpu_usage_seconds_total 10.48 1000000');
    expect(lines).toContain('resource_scrape_error 0');
  });

  test('is an error in the metrics when the runtime does not answer', async () => {
    const runtime = { ...runtimeWith(usage), listContainerStats: () => Promise.reject(new Error('down')) };
    const source = createStatsSource({
      runtime,
      nodeName: 'n1',
      clock: new FakeClock(),
      dataDirectory: directory,
      procDirectory: directory,
    });
    expect(await source.resourceMetrics()).toContain('resource_scrape_error 1');
  });
});
