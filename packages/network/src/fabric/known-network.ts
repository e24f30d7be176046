/** The pool's network as the API last told it, on disk: after a restart without the API a machine goes on with it. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PoolNetworkStatus } from '@skerry/api';
import { isRecord } from '@skerry/base';

export class KnownNetwork {
  readonly #file: string;
  readonly #directory: string;
  #status: PoolNetworkStatus | undefined;

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
    const text = JSON.stringify(status);
    if (this.#status && JSON.stringify(this.#status) === text) return;
    this.#status = status;
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await writeFile(`${this.#file}.new`, text, { mode: 0o600 });
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
