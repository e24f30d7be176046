/**
 * An `nft` that stays, for transactions of a few lines: starting one for each costs more than the kernel takes for them.
 *
 * Promises what `runNft` does: a script is one transaction, and a rejection says that nothing of it holds. Scripts are taken
 * one after the other. Each goes as one line, since that is what `nft -i` makes a transaction of, and the end of its work is
 * told by what it says to a line that is no command. One that broke, or doesn't answer, is replaced.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { runNft } from '#nftables/run-nft.ts';

const answerMs = 30_000;
/** The whole table is a script of megabytes, for which a start is nothing. */
const scriptBytesMax = 32 * 1024;
const errorBytesMax = 64 * 1024;

export interface NftSessionOptions {
  readonly networkNamespace?: string;
}

export class NftSession {
  readonly #options: NftSessionOptions;
  #child: ChildProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #count = 0;

  constructor(options: NftSessionOptions = {}) {
    this.#options = options;
  }

  /** Rejects with nft's words. */
  load(script: string): Promise<void> {
    const loading = this.#last.then(() =>
      script.length > scriptBytesMax ? runNft(script, this.#options) : this.#say(script),
    );
    this.#last = loading.catch(() => undefined);
    return loading;
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  #say(script: string): Promise<void> {
    const child = (this.#child ??= this.#start());
    const mark = `end-of-transaction-${++this.#count}`;
    return new Promise((resolve, reject) => {
      let heard = '';
      const done = (error?: Error) => {
        clearTimeout(limit);
        child.stderr?.removeListener('data', hear);
        child.removeListener('close', ended);
        if (error) reject(error);
        else resolve();
      };
      const broken = (why: string) => {
        this.close();
        done(new Error(`nft: ${why}`));
      };
      const hear = (chunk: Buffer) => {
        heard += String(chunk);
        if (heard.length > errorBytesMax) return broken('says too much');
        const at = heard.search(new RegExp(`^.*\\n${mark}\\n *\\^+\\n`, 'm'));
        if (at < 0) return;
        const errors = heard.slice(0, at).trim();
        done(errors.includes('Error:') ? new Error(`nft: ${errors.slice(0, 4_000)}`) : undefined);
      };
      const ended = () => broken(heard.trim().slice(0, 4_000) || 'ended');
      const limit = setTimeout(() => broken(`no answer within ${answerMs} ms`), answerMs);
      child.stderr?.on('data', hear);
      child.once('close', ended);
      child.stdin?.write(`${script.trim().replaceAll('\n', '; ')}\n${mark}\n`);
    });
  }

  #start(): ChildProcess {
    const { networkNamespace } = this.#options;
    const entering = networkNamespace === undefined ? [] : [`--net=${networkNamespace}`, '--', 'nft'];
    const program = networkNamespace === undefined ? 'nft' : 'nsenter';
    const child = spawn(program, [...entering, '-i'], { stdio: ['pipe', 'ignore', 'pipe'] });
    child.on('error', () => child.emit('close'));
    child.stdin?.on('error', () => undefined);
    child.once('close', () => {
      if (this.#child === child) this.#child = undefined;
    });
    return child;
  }
}
