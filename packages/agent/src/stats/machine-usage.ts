/** What the machine as a whole uses, from `/proc`: the same on cgroup v1 and v2, and in a network namespace of its own. */
import { readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';

export interface MachineUsage {
  readonly bootedAtMs: number;
  readonly cpuNanoSeconds: bigint;
  readonly memory: {
    readonly availableBytes: number;
    readonly usageBytes: number;
    readonly workingSetBytes: number;
    readonly rssBytes: number;
    readonly pageFaults: number;
    readonly majorPageFaults: number;
  };
  readonly swap: { readonly availableBytes: number; readonly usageBytes: number };
  /** The interface of the default route first. */
  readonly interfaces: readonly InterfaceUsage[];
  readonly filesystem: FilesystemState;
  readonly processes: { readonly max: number; readonly current: number };
}

export interface InterfaceUsage {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxErrors: number;
  readonly txBytes: number;
  readonly txErrors: number;
}

export interface FilesystemState {
  readonly availableBytes: number;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly inodesFree: number;
  readonly inodes: number;
  readonly inodesUsed: number;
}

export interface MachinePaths {
  readonly proc: string;
  /** A folder on the file system that pods are kept on. */
  readonly data: string;
}

/** The kernel counts time in hundredths of a second towards programs, whatever its own tick is. */
const nanoSecondsPerTick = 10_000_000n;

export async function readMachineUsage({ proc, data }: MachinePaths): Promise<MachineUsage> {
  const read = (name: string) => readFile(join(proc, name), 'utf8');
  const [stat, meminfo, vmstat, devices, routes, loads, pidMax, filesystem] = await Promise.all([
    read('stat'),
    read('meminfo'),
    read('vmstat'),
    read('net/dev'),
    read('net/route').catch(() => ''),
    read('loadavg'),
    read('sys/kernel/pid_max').catch(() => '0'),
    filesystemState(data),
  ]);
  const memory = keyedNumbers(meminfo);
  const faults = keyedNumbers(vmstat);
  const bytes = (name: string) => (memory.get(name) ?? 0) * 1024;
  const usageBytes = bytes('MemTotal') - bytes('MemFree');
  const workingSetBytes = Math.max(0, usageBytes - bytes('Inactive(file)'));
  return {
    bootedAtMs: Number(/^btime (\d+)/m.exec(stat)?.[1] ?? 0) * 1000,
    cpuNanoSeconds: cpuTime(stat),
    memory: {
      availableBytes: bytes('MemTotal') - workingSetBytes,
      usageBytes,
      workingSetBytes,
      rssBytes: bytes('AnonPages'),
      pageFaults: faults.get('pgfault') ?? 0,
      majorPageFaults: faults.get('pgmajfault') ?? 0,
    },
    swap: { availableBytes: bytes('SwapFree'), usageBytes: bytes('SwapTotal') - bytes('SwapFree') },
    interfaces: interfacesOf(devices, defaultInterface(routes)),
    filesystem,
    processes: { max: Number(pidMax.trim()), current: Number(/\d+\/(\d+)/.exec(loads)?.[1] ?? 0) },
  };
}

export async function filesystemState(path: string): Promise<FilesystemState> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path);
  return {
    availableBytes: bavail * bsize,
    capacityBytes: blocks * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodesFree: ffree,
    inodes: files,
    inodesUsed: files - ffree,
  };
}

/** All time but idle and waiting for disks; guests are contained in user time already. */
function cpuTime(stat: string): bigint {
  const ticks = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').map((text) => BigInt(text || '0'));
  const [user = 0n, nice = 0n, system = 0n, , , interrupts = 0n, softInterrupts = 0n, steal = 0n] = ticks;
  return (user + nice + system + interrupts + softInterrupts + steal) * nanoSecondsPerTick;
}

/** `Name:  123 kB` or `name 123`, a line each. */
function keyedNumbers(text: string): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^(\S+?):?\s+(\d+)/.exec(line);
    if (match) numbers.set(match[1]!, Number(match[2]));
  }
  return numbers;
}

function interfacesOf(devices: string, first: string | undefined): InterfaceUsage[] {
  const found: InterfaceUsage[] = [];
  for (const line of devices.split('\n')) {
    const match = /^\s*([^:\s]+):\s*(.*)$/.exec(line);
    if (!match || match[1] === 'lo') continue;
    const counters = match[2]!.trim().split(/\s+/).map(Number);
    const [rxBytes = 0, , rxErrors = 0, , , , , , txBytes = 0, , txErrors = 0] = counters;
    found.push({ name: match[1]!, rxBytes, rxErrors, txBytes, txErrors });
  }
  return found.sort((a, b) => Number(b.name === first) - Number(a.name === first));
}

function defaultInterface(routes: string): string | undefined {
  const line = routes.split('\n').find((each) => each.split('\t')[1] === '00000000');
  return line?.split('\t')[0];
}
