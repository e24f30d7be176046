/**
 * The usage of this node and its pods as a kubelet reports it: `/stats/summary` for people and autoscalers that read JSON,
 * `/metrics/resource` for the metrics pipeline. Nothing is measured between requests; a request reads `/proc` and asks the
 * runtime. Processor rates come from the reading before; a request that finds none of the last minute takes a second
 * longer. Requests at the same time share one answer.
 */
import { sleep, type Clock } from '@skerry/base';
import type { StatsSource } from '#server/ports.ts';
import { CpuRates, warmUpMs } from '#stats/cpu-rate.ts';
import { filesystemState, readMachineUsage, type MachineUsage } from '#stats/machine-usage.ts';
import { readPodUsage, type ContainerUsage, type PodUsage, type UsageRuntime } from '#stats/pod-usage.ts';
import { prometheusText, type Sample } from '#stats/prometheus-text.ts';

export interface StatsSourceOptions {
  readonly runtime: UsageRuntime;
  readonly nodeName: string;
  readonly clock: Clock;
  /** A folder on the file system that pods and their logs are kept on. */
  readonly dataDirectory: string;
  /** `/proc` unless told. */
  readonly procDirectory?: string;
}

interface CpuReading {
  readonly atMs: number;
  readonly nanoSeconds: bigint;
  readonly startedAtMs?: number;
}

export function createStatsSource(options: StatsSourceOptions): StatsSource {
  const { runtime, nodeName, clock } = options;
  const paths = { proc: options.procDirectory ?? '/proc', data: options.dataDirectory };
  const rates = new CpuRates();
  let current: Promise<object> | undefined;

  return {
    summary() {
      current ??= summarize().finally(() => (current = undefined));
      return current;
    },

    async resourceMetrics() {
      const atMs = clock.now();
      try {
        const [machine, pods] = await Promise.all([readMachineUsage(paths), readPodUsage(runtime)]);
        return resourceText({ machine, pods, atMs });
      } catch {
        return prometheusText([scrapeError(1)]);
      }
    },
  };

  async function summarize(): Promise<object> {
    if (!rates.ready(clock.now())) {
      await readSummary();
      await sleep(clock, warmUpMs);
    }
    return readSummary();
  }

  async function readSummary(): Promise<object> {
    const [machine, pods, images] = await Promise.all([
      readMachineUsage(paths),
      readPodUsage(runtime),
      runtime.imageFilesystem().catch(() => undefined),
    ]);
    const nowMs = clock.now();
    rates.begin(nowMs);
    const time = timeText(nowMs);
    rates.keep(
      new Set(['node', ...pods.flatMap(({ uid, containers }) => [uid, ...containers.map(({ id }) => id)])]),
    );
    const filesystem = { time, ...machine.filesystem };
    const imageState = images && (await filesystemState(images.mountpoint).catch(() => machine.filesystem));
    return {
      node: {
        nodeName,
        startTime: timeText(machine.bootedAtMs),
        cpu: cpu('node', { atMs: nowMs, nanoSeconds: machine.cpuNanoSeconds }),
        memory: { time, ...machine.memory },
        network: networkOf(machine, time),
        fs: filesystem,
        ...(images && imageState
          ? {
              runtime: {
                imageFs: {
                  time,
                  ...imageState,
                  usedBytes: images.usedBytes,
                  inodesUsed: images.inodesUsed,
                },
                containerFs: filesystem,
              },
            }
          : {}),
        rlimit: { time, maxpid: machine.processes.max, curproc: machine.processes.current },
        swap: {
          time,
          swapAvailableBytes: machine.swap.availableBytes,
          swapUsageBytes: machine.swap.usageBytes,
        },
      },
      pods: pods.map((pod) => podSummary(pod, nowMs)),
    };
  }

  function cpu(key: string, { atMs, nanoSeconds, startedAtMs }: CpuReading): object {
    return {
      time: timeText(atMs),
      usageNanoCores: rates.rate(key, { atMs, nanoSeconds }, startedAtMs),
      usageCoreNanoSeconds: Number(nanoSeconds),
    };
  }

  function podSummary(pod: PodUsage, nowMs: number): object {
    const { network } = pod;
    return {
      podRef: { name: pod.name, namespace: pod.namespace, uid: pod.uid },
      startTime: timeText(pod.startedAtMs),
      containers: pod.containers.map((container) => containerSummary(container, nowMs)),
      cpu: cpu(pod.uid, { atMs: nowMs, nanoSeconds: pod.cpuNanoSeconds, startedAtMs: pod.startedAtMs }),
      memory: { time: timeText(nowMs), workingSetBytes: pod.workingSetBytes },
      ...(network
        ? {
            network: {
              time: timeText(network.atMs || nowMs),
              name: network.interface,
              rxBytes: network.rxBytes,
              txBytes: network.txBytes,
            },
          }
        : {}),
    };
  }

  function containerSummary({ id, name, startedAtMs, stats }: ContainerUsage, nowMs: number): object {
    const { memory, writableLayer } = stats;
    return {
      name,
      startTime: timeText(startedAtMs),
      ...(stats.cpu
        ? {
            cpu: cpu(id, {
              atMs: stats.cpu.atMs || nowMs,
              nanoSeconds: stats.cpu.usageCoreNanoSeconds,
              startedAtMs,
            }),
          }
        : {}),
      ...(memory
        ? {
            memory: {
              time: timeText(memory.atMs || nowMs),
              // Zero where there is no limit.
              availableBytes: memory.availableBytes || undefined,
              usageBytes: memory.usageBytes,
              workingSetBytes: memory.workingSetBytes,
              rssBytes: memory.rssBytes,
              pageFaults: memory.pageFaults,
              majorPageFaults: memory.majorPageFaults,
            },
          }
        : {}),
      ...(writableLayer
        ? {
            rootfs: {
              time: timeText(writableLayer.atMs || nowMs),
              usedBytes: writableLayer.usedBytes,
              inodesUsed: writableLayer.inodesUsed,
            },
          }
        : {}),
    };
  }
}

function networkOf({ interfaces }: MachineUsage, time: string): object | undefined {
  const [main] = interfaces;
  return main && { time, ...main, interfaces };
}

function resourceText({
  machine,
  pods,
  atMs,
}: {
  machine: MachineUsage;
  pods: PodUsage[];
  atMs: number;
}): string {
  const containers = pods.flatMap((pod) =>
    pod.containers.map((container) => ({
      ...container,
      labels: { container: container.name, namespace: pod.namespace, pod: pod.name },
    })),
  );
  const podSamples = (value: (pod: PodUsage) => number): Sample[] =>
    pods.map((pod) => ({ labels: { namespace: pod.namespace, pod: pod.name }, value: value(pod), atMs }));
  return prometheusText([
    {
      name: 'container_cpu_usage_seconds_total',
      help: 'Processor time that the container has used, in seconds of one core',
      type: 'counter',
      samples: containers.flatMap(({ labels, stats }) =>
        stats.cpu
          ? [{ labels, value: seconds(stats.cpu.usageCoreNanoSeconds), atMs: stats.cpu.atMs || atMs }]
          : [],
      ),
    },
    {
      name: 'container_memory_working_set_bytes',
      help: 'Memory of the container that the kernel could not take back at once',
      type: 'gauge',
      samples: containers.flatMap(({ labels, stats }) =>
        stats.memory
          ? [{ labels, value: stats.memory.workingSetBytes, atMs: stats.memory.atMs || atMs }]
          : [],
      ),
    },
    {
      name: 'container_start_time_seconds',
      help: 'When the container was started, in seconds since the Unix epoch',
      type: 'gauge',
      samples: containers.map(({ labels, startedAtMs }) => ({ labels, value: startedAtMs / 1000 })),
    },
    {
      name: 'node_cpu_usage_seconds_total',
      help: 'Processor time that the node has used, in seconds of one core',
      type: 'counter',
      samples: [{ value: seconds(machine.cpuNanoSeconds), atMs }],
    },
    {
      name: 'node_memory_working_set_bytes',
      help: 'Memory of the node that the kernel could not take back at once',
      type: 'gauge',
      samples: [{ value: machine.memory.workingSetBytes, atMs }],
    },
    {
      name: 'pod_cpu_usage_seconds_total',
      help: 'Processor time that the pod has used, in seconds of one core',
      type: 'counter',
      samples: podSamples((pod) => seconds(pod.cpuNanoSeconds)),
    },
    {
      name: 'pod_memory_working_set_bytes',
      help: 'Memory of the pod that the kernel could not take back at once',
      type: 'gauge',
      samples: podSamples((pod) => pod.workingSetBytes),
    },
    scrapeError(0),
  ]);
}

function scrapeError(value: 0 | 1): Parameters<typeof prometheusText>[0][number] {
  return {
    name: 'resource_scrape_error',
    help: '1 if the usage could not be read, 0 otherwise',
    type: 'gauge',
    samples: [{ value }],
  };
}

function seconds(nanoSeconds: bigint): number {
  return Number(nanoSeconds) / 1e9;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
