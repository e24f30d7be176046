/** What this machine is and has, as a Node's status says it. */
import { readFile, statfs } from 'node:fs/promises';
import { arch, cpus, hostname, release, totalmem } from 'node:os';

export interface MachineFacts {
  readonly hostname: string;
  readonly architecture: 'amd64' | 'arm64';
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly ephemeralStorageBytes: number;
}

export async function readMachineFacts({ dataDirectory }: { dataDirectory: string }): Promise<MachineFacts> {
  const [osRelease, machineId, systemUuid, bootId, disk] = await Promise.all([
    readText('/etc/os-release'),
    readText('/etc/machine-id'),
    readText('/sys/class/dmi/id/product_uuid'),
    readText('/proc/sys/kernel/random/boot_id'),
    statfs(dataDirectory).catch(() => undefined),
  ]);
  const name = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1];
  return {
    hostname: hostname(),
    architecture: arch() === 'arm64' ? 'arm64' : 'amd64',
    kernelVersion: release(),
    osImage: name ?? 'Linux',
    machineId: machineId.trim() || bootId.trim().replaceAll('-', ''),
    systemUuid: systemUuid.trim() || machineId.trim(),
    bootId: bootId.trim(),
    milliCpu: cpus().length * 1000,
    memoryBytes: totalmem(),
    ephemeralStorageBytes: disk ? disk.bsize * disk.blocks : 0,
  };
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
