/** Hands scripts to the kernel's packet filter: one script is one transaction, so that no packet meets half of it. */
import { spawn } from 'node:child_process';

/** What nft says beyond this is cut off: its first lines name the fault. */
const errorCharactersMax = 4_000;
const timeoutMs = 30_000;

export interface RunNftOptions {
  /** Path of the network namespace; this process's own where absent. */
  readonly networkNamespace?: string;
}

/** Loads a script. It rejects with nft's words when the kernel refuses it, and then nothing of it holds. */
export function runNft(script: string, { networkNamespace }: RunNftOptions = {}): Promise<void> {
  return run(['nft', '-f', '-'], { input: script, networkNamespace });
}

/** Whether a chain is there. */
export async function hasChain(
  { family, table, chain }: { readonly family: string; readonly table: string; readonly chain: string },
  { networkNamespace }: RunNftOptions = {},
): Promise<boolean> {
  try {
    await run(['nft', 'list', 'chain', family, table, chain], { networkNamespace });
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.includes('No such file or directory')) return false;
    throw error;
  }
}

function run(
  command: readonly string[],
  { input = '', networkNamespace }: RunNftOptions & { readonly input?: string },
): Promise<void> {
  const entering = networkNamespace === undefined ? [] : ['nsenter', `--net=${networkNamespace}`, '--'];
  const [program = '', ...args] = [...entering, ...command];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], timeout: timeoutMs });
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
      else {
        const said = errors.trim().slice(0, errorCharactersMax) || String(endedBy ?? code);
        reject(new Error(`${command.slice(0, 3).join(' ')}: ${said}`));
      }
    });
    // A script that is refused early breaks the pipe; nft's words are the news, not that.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
