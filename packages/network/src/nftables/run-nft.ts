/** Hands scripts to the kernel's packet filter: one script is one transaction, so that no packet meets half of it. */
import { spawn } from 'node:child_process';

/** What nft says beyond this is cut off: its first lines name the fault. */
const errorCharactersMax = 4_000;
const timeoutMs = 30_000;

/**
 * Loads a script in this process's network namespace. It rejects with nft's words when the kernel refuses it, and then
 * nothing of it holds.
 */
export function runNft(script: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('nft', ['-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'], timeout: timeoutMs });
    let errors = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      if (errors.length < errorCharactersMax) errors += text;
    });
    child.once('error', (error) =>
      reject(new Error(`nft did not start: ${error.message}`, { cause: error })),
    );
    child.once('close', (code, endedBy) => {
      if (code === 0) resolve();
      else reject(new Error(`nft -f -: ${errors.trim().slice(0, errorCharactersMax) || (endedBy ?? code)}`));
    });
    // A script that is refused early breaks the pipe; nft's words are the news, not that.
    child.stdin.on('error', () => undefined);
    child.stdin.end(script);
  });
}
