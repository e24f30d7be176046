/** Asks `ip` for a change of links, addresses or routes in this process's network namespace. */
import { execFile } from 'node:child_process';

const timeoutMs = 10_000;

/** Answers what it printed; rejects with its words. */
export function runIp(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('ip', args, { timeout: timeoutMs }, (error, stdout, stderr) => {
      if (error) reject(new Error(`ip ${args.join(' ')}: ${stderr.trim() || error.message}`));
      else resolve(stdout);
    });
  });
}
