/** The console: its HTTPS server, with the routes of the center's parts and the files of the browser's side. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, type Logger, SkerryError, supervise } from '@skerry/base';
import {
  type CenterServer,
  type CenterServerOptions,
  type ClusterAccess,
  type ClusterConnections,
  createDataPlane,
  createPeople,
  identities,
  type Route,
  StaticFiles,
  startCenterServer,
} from '@skerry/center';
import { type KeyPair, loadOrCreateValueKeys } from '@skerry/pki';
import { httpsForm, httpsJson } from './https-json.ts';
import type { ConsoleFacts } from './center.ts';
import { type Installation, reachableAddress } from './installation.ts';
import type { ManagementApi } from './management-api.ts';

export interface ConsoleOptions {
  readonly installation: Installation;
  readonly management: ManagementApi;
  readonly connections: ClusterConnections;
  /** Further routes, of what is neither people nor views. */
  readonly routes: (access: ClusterAccess) => readonly Route[];
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

export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const { installation, management, connections, clock, log } = options;
  const { config, data, serverCertificate } = installation;
  await using opened = new AsyncDisposableStack();
  const people = createPeople({
    ...options,
    client: management.client,
    connections,
    impersonator: identities.people,
    auditFile: join(data.logs, 'audit-console.jsonl'),
    outgoing: { fetchJson: httpsJson, postForm: httpsForm },
    sessions: { file: join(data.center, 'sessions'), keys: await loadOrCreateValueKeys(data.center) },
  });
  await people.restore();
  const firstUser = await people.users.ensureFirst();
  const stop = new AbortController();
  const working = people.services.map((service) => supervise(service, { clock, log, signal: stop.signal }));
  opened.defer(async () => {
    stop.abort(new Error('asked to stop'));
    await Promise.allSettled(working);
  });
  await people.ready();
  const dataPlane = createDataPlane({ ...options, access: people.access });
  opened.defer(() => dataPlane.close());
  const address = config.consoleAddress ?? config.listenAddress;
  const folder = consoleFolder();
  const port = config.consolePort ?? defaultPort;
  const server = await startServer({
    address,
    port,
    certificate: serverCertificate,
    routes: [...people.routes, ...dataPlane.routes, ...options.routes(people.access)],
    sockets: dataPlane.sockets,
    gate: people.gate,
    audit: people.audit,
    ...(folder ? { files: await StaticFiles.load(folder) } : {}),
    clock,
    log,
  });
  opened.defer(() => server.close());
  const host = reachableAddress({ ...config, listenAddress: address });
  const parts = opened.move();
  return {
    facts: {
      console: `https://${config.advertise[0] ?? host}:${server.port}`,
      ...(firstUser ? { firstUser } : {}),
    },
    renew: (certificate) => server.renew(certificate),
    close: () => parts.disposeAsync(),
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

/** Beside the bundle and its chunks, or, for the sources, where the bundle would be. */
function consoleFolder(): string | undefined {
  return ['console', '../console', '../../../../dist/console']
    .map((place) => join(import.meta.dirname, place))
    .find((folder) => existsSync(join(folder, 'index.html')));
}
