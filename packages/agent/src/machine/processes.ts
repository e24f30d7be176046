import { readdir, readFile, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly command: readonly string[];
}

/** Every process this process may see. One that ends while it is read is left out. */
export async function listProcesses(): Promise<ProcessInfo[]> {
  const names = await readdir('/proc');
  const found = await Promise.all(
    names.filter((name) => /^\d+$/.test(name)).map((name) => readProcess(Number(name))),
  );
  return found.filter((entry) => entry !== undefined);
}

export async function readProcess(pid: number): Promise<ProcessInfo | undefined> {
  try {
    const [status, command] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ]);
    // The second field is the name in brackets and may itself hold brackets and blanks.
    const afterName = status.slice(status.lastIndexOf(')') + 2).split(' ');
    if (afterName[0] === 'Z') return undefined;
    return { pid, parent: Number(afterName[1]), command: command.split('\0').filter((part) => part !== '') };
  } catch {
    return undefined;
  }
}

/** A process and all that it started, parents first. */
export function descendants(processes: readonly ProcessInfo[], root: number): number[] {
  const found = [root];
  for (let index = 0; index < found.length; index++) {
    for (const process of processes) {
      if (process.parent === found[index] && !found.includes(process.pid)) found.push(process.pid);
    }
  }
  return found;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** False when the process has already gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** SIGTERM, then SIGKILL to what is left after `graceMs`; resolves when all have gone, or after 5 s more. */
export async function endProcesses(pids: readonly number[], { graceMs }: { graceMs: number }): Promise<void> {
  for (const pid of pids) signalProcess(pid, 'SIGTERM');
  if (await waitGone(pids, graceMs)) return;
  for (const pid of pids) signalProcess(pid, 'SIGKILL');
  await waitGone(pids, 5_000);
}

async function waitGone(pids: readonly number[], timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const left = await Promise.all(pids.map((pid) => readProcess(pid)));
    if (left.every((entry) => entry === undefined)) return true;
    if (performance.now() >= deadline) return false;
    await delay(50);
  }
}

/** Which network namespace something is in; two paths are in the same one when their answers are equal. */
export async function namespaceId(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
