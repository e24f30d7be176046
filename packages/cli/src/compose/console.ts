/** The console: its HTTPS server, with the routes of the center's parts and the files of the browser's side. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, type Logger, SkerryError } from '@skerry/base';
import {
  type CenterServer,
  type CenterServerOptions,
  type ClusterConnections,
  StaticFiles,
  startCenterServer,
} from '@skerry/center';
import { ApiError } from '@skerry/api';
import type { KeyPair } from '@skerry/pki';
import type { ConsoleFacts } from './center.ts';
import { type Installation, reachableAddress } from './installation.ts';
import type { ManagementApi } from './management-api.ts';

export interface ConsoleOptions {
  readonly installation: Installation;
  readonly management: ManagementApi;
  readonly connections: ClusterConnections;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export interface Console {
  readonly facts: ConsoleFacts;
  renew(certificate: KeyPair): void;
  close(): Promise<void>;
}

const defaultPort = 8443;

export async function startConsole({ installation, clock, log }: ConsoleOptions): Promise<Console> {
  const { config, serverCertificate } = installation;
  const address = config.consoleAddress ?? config.listenAddress;
  const folder = consoleFolder();
  const port = config.consolePort ?? defaultPort;
  const server = await startServer({
    address,
    port,
    certificate: serverCertificate,
    routes: [],
    sockets: [],
    gate: {
      caller: () => Promise.resolve(undefined),
      checkOrigin: () => undefined,
      checkReady: () => undefined,
      redeem: () => Promise.reject(new ApiError('Unauthorized', 'sign in first')),
    },
    audit: { record: () => undefined },
    ...(folder ? { files: await StaticFiles.load(folder) } : {}),
    clock,
    log,
  });
  const host = reachableAddress({ ...config, listenAddress: address });
  return {
    facts: { console: `https://${config.advertise[0] ?? host}:${server.port}` },
    renew: (certificate) => server.renew(certificate),
    close: () => server.close(),
  };
}

async function startServer(options: CenterServerOptions): Promise<CenterServer> {
  try {
    return await startCenterServer(options);
  } catch (error) {
    if (!(error instanceof SkerryError) || error.code !== 'address-in-use') throw error;
    throw new SkerryError(
      error.code,
      `cannot listen on ${options.address}:${options.port} for the console: another process does; stop it or choose another port with --console-port`,
      { cause: error },
    );
  }
}

/** Beside the bundle, or the console's own build where the sources run. */
function consoleFolder(): string | undefined {
  const candidates = [
    join(import.meta.dirname, 'console'),
    join(import.meta.dirname, '../console'),
    join(import.meta.dirname, '../../../console/dist'),
  ];
  return candidates.find((folder) => existsSync(join(folder, 'index.html')));
}
