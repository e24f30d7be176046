/**
 * Processes of a `skerry up` or `skerry server` that was killed. They end by themselves when the channel to their parent
 * closes, but not at once: until then they hold the port and the store, and a new run on the same folder waits for them.
 */
import { readdir, readFile } from 'node:fs/promises';
import { type Clock, sleep } from '@skerry/base';
import { defaultDataDirectory } from '#data-directory.ts';

const commands = new Set(['serve-api', 'serve-controllers', 'agent', 'join', 'sample-device-plugin']);
const graceMs = 10_000;
const killedMs = 2_000;

/**
 * The orphans' ids by what is in `/proc`. To be called under the lock of the data directory, where no other owner can be.
 * An agent of the folder itself is a joined machine's own, under systemd, and not meant.
 */
export function findOrphans(dataDirectory: string): Promise<number[]> {
  return findProcesses((words) => isOrphan(words, dataDirectory));
}

async function findProcesses(isMeant: (words: readonly string[]) => boolean): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const meant = await Promise.all(
    pids.map(async (pid) => isMeant(await argumentsOf(pid)) && !(await isZombie(pid))),
  );
  return pids.filter((pid, index) => meant[index] && pid !== process.pid);
}

export function isOrphan(words: readonly string[], dataDirectory: string): boolean {
  if (!/(^|\/)node$/.test(words[0] ?? '')) return false;
  const at = words.findIndex((word) => commands.has(word));
  if (at < 0) return false;
  const operands = words.slice(at + 1);
  const central = words[at]?.startsWith('serve-') ?? false;
  return operands.some((word) =>
    central ? word === dataDirectory : word.startsWith(`${dataDirectory}/machines/`),
  );
}

/** Whether it is the agent of a machine that joined with this folder, whoever runs it. */
export function isAgentOf(words: readonly string[], dataDirectory: string): boolean {
  if (!/(^|\/)node$/.test(words[0] ?? '')) return false;
  const operands = words.slice(words.indexOf('agent') + 1);
  if (operands.length === words.length) return false;
  const at = operands.indexOf('--data-dir');
  const given =
    at < 0 ? operands.find((word) => word.startsWith('--data-dir='))?.slice(11) : operands[at + 1];
  return (given ?? defaultDataDirectory(process.env, true)) === dataDirectory;
}

/** Tells them to end, and ends by force what does not within ten seconds. */
export function endOrphans(dataDirectory: string, clock: Clock): Promise<void> {
  return endProcesses(() => findOrphans(dataDirectory), clock);
}

/** The same with the agent that runs on the folder. */
export function endAgent(dataDirectory: string, clock: Clock): Promise<void> {
  return endProcesses(() => findProcesses((words) => isAgentOf(words, dataDirectory)), clock);
}

async function endProcesses(find: () => Promise<number[]>, clock: Clock): Promise<void> {
  const startedMs = clock.monotonic();
  let asked = false;
  for (;;) {
    const pids = await find();
    const waitedMs = clock.monotonic() - startedMs;
    if (pids.length === 0 || waitedMs > graceMs + killedMs) return;
    if (!asked || waitedMs > graceMs) for (const pid of pids) send(pid, asked ? 'SIGKILL' : 'SIGTERM');
    asked = true;
    await sleep(clock, 50);
  }
}

async function argumentsOf(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.split('\0');
}

/** Whether a process has ended, perhaps without anybody having asked how. */
export async function isZombie(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text === '' || text.slice(text.lastIndexOf(')') + 2).startsWith('Z');
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone meanwhile.
  }
}
