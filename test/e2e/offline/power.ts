/** The power of a machine that is a network namespace: its processes, and their end. */
import { readdirSync, readFileSync } from 'node:fs';

export function processesThatName(path: string): number[] {
  return processes().flatMap(({ pid, command }) => (command.includes(path) ? [pid] : []));
}

export function withDescendants(roots: readonly number[]): number[] {
  const all = new Set(roots);
  const list = processes();
  for (let size = 0; size !== all.size;) {
    size = all.size;
    for (const { pid, parent } of list) if (all.has(parent)) all.add(pid);
  }
  return [...all];
}

export function processes(): { pid: number; parent: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]);
        return [{ pid: Number(name), parent, command }];
      } catch {
        return [];
      }
    });
}

export function killAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended with its parent.
  }
}
