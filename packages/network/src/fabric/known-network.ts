/** The pool's network as the API last told it, on disk: after a restart without the API a machine goes on with it. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PoolNetworkStatus } from '@skerry/api';
import { isRecord } from '@skerry/base';

export class KnownNetwork {
  readonly #file: string;
  readonly #directory: string;
  #status: PoolNetworkStatus | undefined;
  /** One at a time: two would have the same name for what is not whole yet. */
  #writing: Promise<void> = Promise.resolve();

  constructor(directory: string) {
    this.#directory = directory;
    this.#file = join(directory, 'pool-network.json');
  }

  get status(): PoolNetworkStatus | undefined {
    return this.#status;
  }

  async read(): Promise<void> {
    const text = await readFile(this.#file, 'utf8').catch(() => undefined);
    this.#status ??= text === undefined ? undefined : parseStatus(text);
  }

  async learn(status: PoolNetworkStatus): Promise<void> {
    if (this.#status && JSON.stringify(this.#status) === JSON.stringify(status)) return;
    this.#status = status;
    const turn = this.#writing.then(() => this.#write(status));
    this.#writing = turn.catch(() => undefined);
    await turn;
  }

  /** Unless something newer is to be written next. */
  async #write(status: PoolNetworkStatus): Promise<void> {
    if (this.#status !== status) return;
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await writeFile(`${this.#file}.new`, JSON.stringify(status), { mode: 0o600 });
    await rename(`${this.#file}.new`, this.#file);
  }
}

/** What can't be read is not known: the API will tell again. */
function parseStatus(text: string): PoolNetworkStatus | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) && Array.isArray(value['members']) && Array.isArray(value['clusterCIDRs'])
      ? (value as unknown as PoolNetworkStatus)
      : undefined;
  } catch {
    return undefined;
  }
}
