import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canRunContainers, Cluster } from '../test/support/cluster.ts';

/** `skerry up` with three regions, started on first use and stopped once at the end. */
export class SharedCluster {
  #cluster: Promise<Cluster> | undefined;
  #dataDirectory: string | undefined;

  /** With real containers where this machine can run them, simulated ones otherwise. */
  readonly real = canRunContainers();

  get(): Promise<Cluster> {
    this.#dataDirectory ??= mkdtempSync(join(tmpdir(), 'skerry-bench-up-'));
    this.#cluster ??= Cluster.start({
      dataDirectory: this.#dataDirectory,
      runtime: this.real ? 'containerd' : 'simulated',
    });
    return this.#cluster;
  }

  async stop(): Promise<void> {
    const cluster = await this.#cluster?.catch(() => undefined);
    this.#cluster = undefined;
    await cluster?.stop();
    if (this.#dataDirectory !== undefined) rmSync(this.#dataDirectory, { recursive: true, force: true });
  }
}
