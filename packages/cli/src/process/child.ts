import { describeError, SkerryError } from '@skerry/base';
import { jsonLogger } from '#json-log.ts';
import { tellParent } from './managed-process.ts';
import { runUntilStopped } from './run-until-stopped.ts';

/**
 * Runs a part that may be someone's child until it is stopped. Started by a parent, its reason for failing goes to the
 * parent and the log; started by hand, it is thrown, and the terminal shows it.
 */
export async function asChild(name: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  try {
    await runUntilStopped(work);
  } catch (error) {
    if (!process.connected) throw error;
    const code = error instanceof SkerryError ? error.code : 'failed';
    tellParent({ type: 'failed', code, message: describeError(error) });
    jsonLogger({ level: 'error', name }).error('could not go on', { code, error: describeError(error) });
    process.exitCode = 1;
    process.disconnect();
  }
}
