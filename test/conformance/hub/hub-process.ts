/** `skerry hub` as a process of its own, before an API server of elsewhere, behind a line that can be cut. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@skerry/base/testing';
import {
  createHttpTransport,
  loadKubeconfig,
  writeKubeconfig,
  type KubeconfigEntry,
  type Transport,
} from '@skerry/client';
import { root } from '../../support/cluster.ts';
import { Line } from '../../support/line.ts';

/** Who the hub itself is to the server. */
export type HubIdentity = Pick<KubeconfigEntry, 'token' | 'clientCertificate' | 'clientKey'>;

export class HubProcess {
  readonly line: Line;
  readonly directory: string;
  #child: ChildProcess | undefined;
  #log = '';

  private constructor(line: Line, directory: string) {
    this.line = line;
    this.directory = directory;
  }

  /** On a node called `n1`. */
  static async before(
    server: { readonly url: string; readonly ca?: string },
    identity: HubIdentity,
  ): Promise<HubProcess> {
    const url = new URL(server.url);
    const line = await Line.to(Number(url.port));
    const hub = new HubProcess(line, mkdtempSync(join(tmpdir(), 'skerry-hub-')));
    url.port = String(line.port);
    await writeKubeconfig(join(hub.directory, 'server.kubeconfig'), {
      cluster: 'elsewhere',
      user: 'n1',
      server: url.origin,
      ...(server.ca === undefined ? {} : { ca: server.ca }),
      ...identity,
    });
    await hub.start();
    return hub;
  }

  /** The API over the hub, as whoever has the token; a hub that was started again has another address. Close it. */
  async transport(token: string): Promise<Transport> {
    const { server, ca } = await loadKubeconfig(this.kubeconfig);
    return createHttpTransport({ server, token, ...(ca === undefined ? {} : { ca }) });
  }

  /** Leads to the hub, and names nobody. */
  get kubeconfig(): string {
    return join(this.directory, 'data/hub/hub.kubeconfig');
  }

  get log(): string {
    return this.#log;
  }

  async start(): Promise<void> {
    const flags = [
      '--kubeconfig',
      join(this.directory, 'server.kubeconfig'),
      '--node-name',
      'n1',
      '--port',
      '0',
    ];
    const program = join(root, 'packages/cli/src/main.ts');
    const child = spawn(
      process.execPath,
      [program, 'hub', ...flags, '--data-dir', join(this.directory, 'data')],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    this.#child = child;
    const from = this.#log.length;
    child.stderr.on('data', (chunk: Buffer) => (this.#log += chunk.toString()));
    await eventually(
      () => {
        if (!this.#log.slice(from).includes('hub listens'))
          throw new Error(`the hub does not listen: ${this.#log}`);
      },
      { timeoutMs: 60_000 },
    );
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await exit;
  }

  /** Waits until the hub has seen what became of the line. */
  async seen(state: 'cut' | 'mended'): Promise<void> {
    const said = state === 'cut' ? 'the API server does not answer' : 'the API server answers';
    await eventually(
      () => {
        const last = this.#log
          .split('\n')
          .filter((line) => line.includes('the API server'))
          .at(-1);
        if (!last?.includes(said)) throw new Error(`the hub says ${last ?? 'nothing'}`);
      },
      { timeoutMs: 60_000 },
    );
  }

  async cut(): Promise<void> {
    this.line.cut();
    await this.seen('cut');
  }

  async mend(): Promise<void> {
    await this.line.mend();
    await this.seen('mended');
  }

  async close(): Promise<void> {
    await this.stop();
    this.line.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
