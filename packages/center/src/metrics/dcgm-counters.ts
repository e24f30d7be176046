/**
 * What NVIDIA's DCGM exporter tells of a machine's GPUs, in Prometheus' text format: how busy each is, and which pod holds it where the
 * exporter knows (https://docs.nvidia.com/datacenter/cloud-native/gpu-telemetry/latest/dcgm-exporter.html).
 */

export interface GpuReading {
  readonly gpu: string;
  /** 0 to 1. */
  readonly busy: number;
  readonly pod?: { readonly namespace: string; readonly name: string };
}

/** A machine has some GPUs and each some instances; an exporter that tells of more is none. */
const readingsMax = 1024;
const utilization = /^DCGM_FI_DEV_GPU_UTIL\{([^\n]*)\}\s+([0-9.eE+-]+)(?:\s+\d+)?$/;
const label = /(\w+)="((?:[^"\\]|\\.)*)"/g;

export function gpuReadings(text: string): readonly GpuReading[] {
  const readings: GpuReading[] = [];
  for (const line of text.split('\n')) {
    const [, labels, value] = utilization.exec(line.trim()) ?? [];
    const percent = Number(value);
    if (labels === undefined || !(percent >= 0 && percent <= 100)) continue;
    const of = Object.fromEntries([...labels.matchAll(label)].map(([, name, text]) => [name, text]));
    // One name of one GPU is enough; partitions have their own.
    const gpu = `${of['UUID'] ?? of['gpu'] ?? ''}/${of['GPU_I_ID'] ?? ''}`;
    const { namespace, pod: name } = of;
    readings.push({ gpu, busy: percent / 100, ...(namespace && name ? { pod: { namespace, name } } : {}) });
    if (readings.length === readingsMax) break;
  }
  return readings;
}
