/**
 * Many simulated nodes in one process, whose identities are made at once with the center's own authority: joining is tested elsewhere,
 * and takes longer than all that follows.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@skerry/base';
import { openCertificateAuthority } from '@skerry/pki';
import { entry } from './cluster.ts';

export interface FleetOptions {
  /** Data directory of the center. */
  readonly center: string;
  /** Where the nodes' files go. */
  readonly directory: string;
  /** `host:port` by which they reach it. */
  readonly address: string;
  readonly nodes: number;
  readonly regions?: readonly string[];
}

export function nodeName(index: number): string {
  return `sim-${index}`;
}

export class Fleet {
  readonly #options: FleetOptions;
  #child: ChildProcess | undefined;
  output = '';

  private constructor(options: FleetOptions) {
    this.#options = options;
  }

  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options);
    await fleet.#makeIdentities();
    fleet.#start();
    return fleet;
  }

  async #makeIdentities(): Promise<void> {
    const { center, directory, address, nodes, regions = ['a', 'b'] } = this.#options;
    const certificatePem = readFileSync(join(center, 'server/pki/ca.crt'), 'utf8');
    const authorityKeyPem = readFileSync(join(center, 'server/pki/ca.key'), 'utf8');
    const authority = openCertificateAuthority({
      certificatePem,
      keyPem: authorityKeyPem,
      clock: systemClock,
    });
    let keyPem: string | undefined;
    for (let index = 0; index < nodes; index++) {
      const name = nodeName(index);
      // One key for all, since making it is most of the work.
      const pair = await authority.issueClientCertificate({
        user: `system:node:${name}`,
        groups: ['system:nodes'],
        ...(keyPem === undefined ? {} : { keyPem }),
      });
      keyPem = pair.keyPem;
      const folder = join(directory, 'sim', name, 'agent');
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const labels = { 'topology.kubernetes.io/region': regions[index % regions.length] };
      const config = { server: address, nodeName: name, labels, taints: [], runtimeEndpoint: 'simulated' };
      writeFileSync(join(folder, 'ca.crt'), certificatePem);
      writeFileSync(join(folder, 'client.key'), pair.keyPem, { mode: 0o600 });
      writeFileSync(join(folder, 'agent.yaml'), JSON.stringify(config));
      writeFileSync(join(folder, 'client.crt'), pair.certificatePem);
    }
  }

  #start(): void {
    const { directory, address, nodes } = this.#options;
    const args = ['sim', address, '--nodes', String(nodes), '--data-dir', directory];
    const child = spawn(process.execPath, [entry(), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // All have joined, so nobody asks what it is worth.
      env: { ...process.env, NO_COLOR: '1', SKERRY_JOIN_TOKEN: 'none' },
    });
    this.#child = child;
    const take = (chunk: Buffer) => (this.output = (this.output + chunk.toString('utf8')).slice(-20_000));
    child.stdout.on('data', take);
    child.stderr.on('data', take);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  stop(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const hard = setTimeout(() => child.kill('SIGKILL'), 20_000);
      child.once('exit', () => {
        clearTimeout(hard);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }
}
