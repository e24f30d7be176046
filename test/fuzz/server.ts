/**
 * The server that is fuzzed, in a process of its own: the real API server with its security on a memory store, behind the
 * real TLS port and, for speed, on plain loopback too. Beside HTTP it answers its parent about itself: what it costs, what
 * it logged as a bug, whether anything reached the prototypes that all objects share.
 */
import { randomUUID } from 'node:crypto';
import { builtinKinds } from '@skerry/api';
import { createApiServer, createSecurity } from '@skerry/apiserver';
import { systemClock, type Logger } from '@skerry/base';
import { createCertificateAuthority, createServiceAccountKey } from '@skerry/pki';
import { openMemoryStore } from '@skerry/store';
import { listenTls } from '../../packages/cli/src/compose/tls-front.ts';

/** What the parent is told once requests are answered. */
export interface ServerReady {
  readonly type: 'ready';
  readonly plainPort: number;
  readonly tlsPort: number;
  /** The authority whose client certificates the server trusts: whoever tests may make some. */
  readonly authority: { readonly certificatePem: string; readonly keyPem: string };
}

/** The state of the process when it was asked. */
export interface ServerReport {
  readonly type: 'report';
  /** Time that the thread of the event loop has computed. */
  readonly cpuMs: number;
  readonly heapBytes: number;
  readonly connections: number;
  /** Messages logged as errors: bugs. */
  readonly bugs: readonly string[];
  /** Names that stand on a shared prototype and did not at the start. */
  readonly polluted: readonly string[];
}

export const adminToken = 'fuzz-admin';

const bugsMax = 100;
const bugs: string[] = [];
const log: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (message: string, fields?: object) => {
    if (bugs.length < bugsMax) bugs.push(`${message} ${JSON.stringify(fields)}`);
  },
  with: () => log,
};

const shared = { Object: Object.prototype, Array: Array.prototype, Function: Function.prototype };
const namesBefore = namesOnPrototypes();

function namesOnPrototypes(): Set<string> {
  return new Set(
    Object.entries(shared).flatMap(([of, prototype]) =>
      Reflect.ownKeys(prototype).map((key) => `${of}.prototype.${String(key)}`),
    ),
  );
}

/** `collected`: after the garbage is gone, so that what is left is held. */
function report({ collected }: { collected: boolean }): ServerReport {
  const { user, system } = process.threadCpuUsage();
  if (collected) (globalThis as { gc?: () => void }).gc?.();
  return {
    type: 'report',
    cpuMs: (user + system) / 1000,
    heapBytes: process.memoryUsage().heapUsed,
    connections: process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length,
    bugs,
    polluted: [...namesOnPrototypes()].filter((name) => !namesBefore.has(name)),
  };
}

/** What a controller makes elsewhere; without it no pod gets past admission. */
async function createDefaultAccount(port: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/namespaces/default/serviceaccounts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${adminToken}` },
    body: JSON.stringify({ metadata: { name: 'default' } }),
  });
  if (answer.status !== 201) throw new Error(`the default account: ${answer.status} ${await answer.text()}`);
}

async function main(): Promise<void> {
  const clock = systemClock;
  const store = openMemoryStore({ clock });
  const authority = await createCertificateAuthority({ commonName: 'fuzz-ca', clock });
  const server = createApiServer({
    store,
    kinds: builtinKinds,
    clock,
    log,
    random: Math.random,
    uid: randomUUID,
    security: createSecurity({
      clock,
      log,
      random: Math.random,
      serviceAccountKey: await createServiceAccountKey(),
      staticTokens: [{ token: adminToken, user: { name: 'admin', groups: ['system:masters'] } }],
    }),
  });
  await server.start();
  const plainPort = await server.listenLoopback();
  await createDefaultAccount(plainPort);
  const front = await listenTls({
    address: '127.0.0.1',
    port: 0,
    certificate: await authority.issueServerCertificate({
      commonName: 'fuzz',
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
    }),
    clientAuthority: authority.certificatePem,
    log,
    onApi: (connection) => server.accept(connection),
    onLink: (socket) => socket.destroy(),
  });
  process.on('message', (asked) => process.send?.(report({ collected: asked === 'collected' })));
  process.on('disconnect', () => process.exit(0));
  process.send?.({
    type: 'ready',
    plainPort,
    tlsPort: front.port,
    authority: { certificatePem: authority.certificatePem, keyPem: authority.keyPem },
  } satisfies ServerReady);
}

if (process.send) await main();
