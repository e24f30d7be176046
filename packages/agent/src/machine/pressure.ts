import { readFile, statfs } from 'node:fs/promises';

/** What runs short on this machine. */
export interface Pressure {
  readonly memory: boolean;
  readonly disk: boolean;
  readonly pid: boolean;
}

/** For machines whose containers take nothing. */
export const noPressure: Pressure = { memory: false, disk: false, pid: false };

/** Thresholds as the kubelet has them: 100 MiB of memory, a tenth of the disk, a twentieth of its inodes. */
const memoryMinBytes = 100 * 1024 * 1024;
const diskMinShare = 0.1;
const inodesMinShare = 0.05;

export async function readPressure({ dataDirectory }: { dataDirectory: string }): Promise<Pressure> {
  const [memory, disk, loads, pidMax] = await Promise.all([
    readFile('/proc/meminfo', 'utf8').catch(() => ''),
    statfs(dataDirectory).catch(() => undefined),
    readFile('/proc/loadavg', 'utf8').catch(() => ''),
    readFile('/proc/sys/kernel/pid_max', 'utf8').catch(() => ''),
  ]);
  const availableKb = Number(/^MemAvailable:\s+(\d+)/m.exec(memory)?.[1] ?? Number.MAX_SAFE_INTEGER);
  const processes = Number(/\/(\d+)/.exec(loads)?.[1] ?? 0);
  const shortOfSpace = disk !== undefined && disk.blocks > 0 && disk.bavail / disk.blocks < diskMinShare;
  const shortOfInodes = disk !== undefined && disk.files > 0 && disk.ffree / disk.files < inodesMinShare;
  return {
    memory: availableKb * 1024 < memoryMinBytes,
    disk: shortOfSpace || shortOfInodes,
    pid: processes > 0.95 * (Number(pidMax) || Number.MAX_SAFE_INTEGER),
  };
}
