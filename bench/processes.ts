/** What the kernel knows of a process: memory, processor time, bytes of its network namespace. */
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks per second of /proc; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;
const ethernetHeaderBytes = 14;

/** Proportional set size, so that what processes share is counted once over all of them. */
export function pssMb(pid: number): number {
  const match = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  return Number(match?.[1] ?? Number.NaN) / 1024;
}

/** User and system time of all its threads. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export function childrenOf(pid: number): { pid: number; command: string }[] {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' '))
    .filter((text) => text !== '')
    .map((text) => ({
      pid: Number(text),
      command: readFileSync(`/proc/${text}/cmdline`, 'utf8').replaceAll('\0', ' ').trim(),
    }));
}

/** Bytes in and out over the interface, from the IP header on. */
export function networkBytes(pid: number, device = 'eth0'): number {
  const line = readFileSync(`/proc/${pid}/net/dev`, 'utf8')
    .split('\n')
    .find((text) => text.trim().startsWith(`${device}:`));
  if (!line) throw new Error(`process ${pid} sees no interface ${device}`);
  const [bytesIn, packetsIn, , , , , , , bytesOut, packetsOut] = line
    .split(':')[1]!
    .trim()
    .split(/\s+/)
    .map(Number);
  return bytesIn! + bytesOut! - ethernetHeaderBytes * (packetsIn! + packetsOut!);
}
