/**
 * Processes of a `skerry up` or `skerry server` that was killed. They end by themselves when the channel to their parent
 * closes, but not at once: until then they hold the port and the store, and a new run on the same folder waits for them.
 */
import { readdir, readFile } from 'node:fs/promises';
import { type Clock, sleep } from '@skerry/base';

const commands = new Set(['serve-api', 'serve-controllers', 'agent', 'join', 'sample-device-plugin']);
const graceMs = 10_000;
const killedMs = 2_000;

/**
 * The orphans' ids by what is in `/proc`. To be called under the lock of the data directory, where no other owner can be.
 * An agent of the folder itself is a joined machine's own, under systemd, and not meant.
 */
export async function findOrphans(dataDirectory: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const own = await Promise.all(
    pids.map(async (pid) => isOrphan(await argumentsOf(pid), dataDirectory) && !(await isZombie(pid))),
  );
  return pids.filter((pid, index) => own[index] && pid !== process.pid);
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

/** Tells them to end, and ends by force what does not within ten seconds. */
export async function endOrphans(dataDirectory: string, clock: Clock): Promise<void> {
  const startedMs = clock.monotonic();
  let asked = false;
  for (;;) {
    const pids = await findOrphans(dataDirectory);
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
