/** Asks `ip` for a change of links, addresses or routes in this process's network namespace. */
import { runCommand } from '#kernel/run-command.ts';

/** Answers what it printed; rejects with its words. */
export function runIp(args: readonly string[]): Promise<string> {
  return runCommand(['ip', ...args]);
}
