/**
 * How clusters are hosted on this machine: each in a folder of its own below `clusters/`, laid out as a data directory, with
 * keys, store, logs and sockets. Their processes are the supervisor's, which is told over the channel to it.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type Clock, SkerryError } from '@skerry/base';
import type { ClusterHost, HostedFacts, HostedSettings, HostedState } from '@skerry/center';
import type { ApiClient } from '@skerry/client';
import { loadKeyPair } from '@skerry/pki';
import { restoreBackup } from '#backup/backup.ts';
import { type DataDirectory, dataDirectory } from '#data-directory.ts';
import { adminClient } from './admin-client.ts';
import { type Installation, openInstallation, prepareInstallation } from './installation.ts';
import {
  type ClusterStates,
  ownClusterKey,
  parseClusterStates,
  type RunClusters,
} from './supervisor-protocol.ts';

export interface MachineHostOptions {
  readonly data: DataDirectory;
  /** The center's own cluster: its name, and what others take from it. */
  readonly own: Installation;
  readonly ownName: () => string;
  readonly clock: Clock;
  readonly tell: (message: RunClusters) => void;
}

/** A path in `sockaddr_un` has 108 bytes, the last of them 0. */
const socketPathBytesMax = 107;

export class MachineHost implements ClusterHost {
  readonly #options: MachineHostOptions;
  #states: ClusterStates['clusters'] = [];
  #told = '';

  constructor(options: MachineHostOptions) {
    this.#options = options;
  }

  /** What the supervisor says. */
  take(message: unknown): void {
    const states = parseClusterStates(message);
    if (states) this.#states = states.clusters;
  }

  addresses(): readonly string[] {
    return Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ address, internal }) => !internal && !address.startsWith('fe80:'))
      .map(({ address }) => address);
  }

  ownRanges(): readonly string[] {
    const { clusterCidr, serviceCidr } = this.#options.own.config;
    return [clusterCidr, serviceCidr];
  }

  portIsFree(port: number): Promise<boolean> {
    const host = this.#options.own.config.listenAddress;
    return new Promise((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
    });
  }

  nameFault(name: string): string | undefined {
    const length = Buffer.byteLength(this.#dataOf(name).apiSocket);
    if (length <= socketPathBytesMax) return undefined;
    return `the name is ${length - socketPathBytesMax} letters too long for a socket below ${this.#options.data.path}`;
  }

  async prepare(name: string, settings: HostedSettings): Promise<HostedFacts> {
    const { own, clock } = this.#options;
    const installation = await prepareInstallation(this.#dataOf(name), {
      flags: {
        clusterName: name,
        listenAddress: own.config.listenAddress,
        port: settings.port,
        advertise: [...new Set([...own.config.advertise, ...settings.advertise])],
        clusterCidr: settings.podCIDR,
        serviceCidr: settings.serviceCIDR,
      },
      clock,
    });
    return factsOf(installation);
  }

  async facts(name: string): Promise<HostedFacts> {
    return factsOf(await this.installation(name));
  }

  factsOfOwn(): Promise<HostedFacts> {
    return factsOf(this.#options.own);
  }

  setRunning(names: readonly string[]): void {
    const clusters = [...names].sort().map((name) => ({ name, directory: this.#dataOf(name).path }));
    const states = this.#states.map(({ name, state }) => `${name} ${state}`).join();
    const told = `${JSON.stringify(clusters)} ${states}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#options.tell({ type: 'run-clusters', clusters });
  }

  state(name: string): HostedState | undefined {
    const key = name === this.#options.ownName() ? ownClusterKey : name;
    return this.#states.find((state) => state.name === key);
  }

  async remove(name: string): Promise<void> {
    const { path } = this.#dataOf(name);
    if (this.state(name) !== undefined)
      throw new SkerryError('cluster-runs', `processes of cluster ${name} still run`);
    if (existsSync(path)) await rm(path, { recursive: true });
  }

  async unpack(name: string, file: string): Promise<{ podCIDR: string; serviceCIDR: string; made: string }> {
    await this.remove(name);
    const data = this.#dataOf(name);
    const { what, made } = await restoreBackup(file, data.path);
    if (what !== 'cluster') {
      await this.remove(name);
      throw new SkerryError(
        'backup-invalid',
        `${file} is of a whole center; \`skerry restore\` it into a folder of its own`,
      );
    }
    const { config } = await openInstallation(data, this.#options.clock);
    return { podCIDR: config.clusterCidr, serviceCIDR: config.serviceCidr, made };
  }

  async adminClient(name: string): Promise<ApiClient> {
    return adminClient(await this.installation(name), this.#options.clock);
  }

  /** Keys and configuration of a cluster that was prepared. */
  installation(name: string): Promise<Installation> {
    const { own, ownName, clock } = this.#options;
    return name === ownName() ? Promise.resolve(own) : openInstallation(this.#dataOf(name), clock);
  }

  #dataOf(name: string): DataDirectory {
    if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name))
      throw new SkerryError('cluster-invalid', `${name} is no name of a cluster`);
    return dataDirectory(join(this.#options.data.clusters, name));
  }
}

async function factsOf({ data, config, authority, serverCertificate }: Installation): Promise<HostedFacts> {
  const admin = await loadKeyPair(data.pki, 'admin');
  const certificates = [
    { name: 'authority', pem: authority.certificatePem },
    { name: 'server', pem: serverCertificate.certificatePem },
    ...(admin ? [{ name: 'administrator', pem: admin.certificatePem }] : []),
  ];
  return {
    endpoint: `https://${config.advertise[0] ?? '127.0.0.1'}:${config.port}`,
    settings: {
      podCIDR: config.clusterCidr,
      serviceCIDR: config.serviceCidr,
      port: config.port,
      advertise: config.advertise,
    },
    certificates: certificates.map(({ name, pem }) => ({
      name,
      notAfter: new Date(new X509Certificate(pem).validTo).toISOString(),
    })),
  };
}
