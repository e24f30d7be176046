import { randomUUID } from 'node:crypto';
import { builtinKinds, type KindInfo } from '@skerry/api';
import { silentLogger, systemClock, type Clock, type Logger } from '@skerry/base';
import { openMemoryStore, type Store } from '@skerry/store';
import { createAdmissionChain } from '#admission/chain.ts';
import { namespaceLifecycle } from '#admission/namespace-lifecycle.ts';
import { createApiServer, type ApiServer } from '#api-server.ts';
import type { ConnectFactory } from '#connect.ts';
import type { StorageEncryption } from '#encryption/storage-encryption.ts';
import type { FrontProxy } from '#aggregation/aggregation.ts';
import type { Dial } from '#outgoing/connections.ts';
import type { NodeDialer, NodeLinks } from '#ports.ts';
import { allowAll, type SecurityFactory } from '#security.ts';

export interface TestServerOptions {
  readonly clock?: Clock;
  readonly store?: Store;
  readonly kinds?: readonly KindInfo[];
  readonly log?: Logger;
  /** Everyone may do everything unless told. */
  readonly security?: SecurityFactory;
  /** Whether nothing can be made in a namespace that is missing or on its way out. */
  readonly guardsNamespaces?: boolean;
  readonly connect?: ConnectFactory;
  readonly dialer?: NodeDialer;
  readonly links?: NodeLinks;
  /** Nothing is sealed unless told. */
  readonly encryption?: StorageEncryption;
  readonly dial?: Dial;
  readonly frontProxy?: FrontProxy;
  readonly clientAuthorityPem?: string;
  readonly checksPolicies?: boolean;
  /** Networks of Service addresses. */
  readonly serviceCidrs?: readonly string[];
  /** 0: any free port. */
  readonly port?: number;
}

export interface TestServer {
  readonly server: ApiServer;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly store: Store;
  close(): Promise<void>;
}

/** The real API server on a memory store and a loopback port, for tests of whatever speaks to it. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const clock = options.clock ?? systemClock;
  const store = options.store ?? openMemoryStore({ clock });
  const server = createApiServer({
    store,
    clock,
    kinds: options.kinds ?? builtinKinds,
    random: Math.random,
    uid: randomUUID,
    log: options.log ?? silentLogger,
    security: options.security ?? (options.guardsNamespaces ? guarded(clock) : allowAll),
    connect: options.connect,
    dialer: options.dialer,
    ...(options.links ? { links: options.links } : {}),
    encryption: options.encryption,
    ...(options.dial ? { dial: options.dial } : {}),
    frontProxy: options.frontProxy,
    clientAuthorityPem: options.clientAuthorityPem,
    checksPolicies: options.checksPolicies,
    serviceCidrs: options.serviceCidrs,
  });
  await server.start();
  const port = await server.listenLoopback(options.port);
  return {
    server,
    store,
    url: `http://127.0.0.1:${port}`,
    async close() {
      await server.close();
      if (!options.store) await store.close();
    },
  };
}

function guarded(clock: Clock): SecurityFactory {
  return (access) => ({
    ...allowAll(access),
    admission: createAdmissionChain([
      namespaceLifecycle({ read: access.read, clock }),
      access.dynamicAdmission,
    ]),
  });
}
