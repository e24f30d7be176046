/** A real center with a few simulated nodes, for clients that want pods which "run": `skerry server` and `skerry sim`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@skerry/base/testing';
import { expect } from 'vitest';
import { Center } from '../support/center.ts';
import { entry } from '../support/cluster.ts';

export class ClientCenter {
  readonly center: Center;
  #sim: ChildProcess | undefined;

  private constructor(center: Center) {
    this.center = center;
  }

  /** Starts both, and waits until every node is ready. Nodes are `sim-0`, `sim-1` … */
  static async start({ nodes }: { nodes: number }): Promise<ClientCenter> {
    const cluster = new ClientCenter(await Center.start());
    try {
      if (nodes > 0) await cluster.#startNodes(nodes);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async stop(): Promise<void> {
    const sim = this.#sim;
    if (sim && sim.exitCode === null && sim.signalCode === null) {
      const ended = new Promise((resolve) => sim.on('exit', resolve));
      sim.kill('SIGINT');
      await ended;
    }
    await this.center.stop();
  }

  async #startNodes(nodes: number): Promise<void> {
    const { center } = this;
    const created = await center.skerry(['token', 'create', '--data-dir', center.dataDirectory]);
    if (created.code !== 0) throw new Error(created.errors);
    const token = join(center.dataDirectory, 'sim-token');
    writeFileSync(token, created.output.trim(), { mode: 0o600 });
    const flags = ['--nodes', String(nodes), '--regions', 'a,b', '--token-file', token];
    const directory = join(center.dataDirectory, 'sim');
    this.#sim = spawn(process.execPath, [entry(), 'sim', center.address, ...flags, '--data-dir', directory], {
      stdio: 'ignore',
    });
    await eventually(
      async () => {
        const { output } = await center.kubectl(['get', 'nodes', '--no-headers']);
        expect(output.match(/ Ready /g) ?? []).toHaveLength(nodes);
      },
      { timeoutMs: 60_000, everyMs: 300 },
    );
  }
}
