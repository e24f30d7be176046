/**
 * The server that is fuzzed, in a process of its own: the real API server with its security on a memory store, behind the
 * real TLS port and, for speed, on plain loopback too. Beside HTTP it answers its parent about itself: what it costs, what
 * it logged as a bug, whether anything reached the prototypes that all objects share. One node stands behind it, whose
 * runtime and pods answer as they like.
 */
import { randomUUID } from 'node:crypto';
import { builtinKinds } from '@skerry/api';
import { createApiServer, createConnectFactory, createSecurity } from '@skerry/apiserver';
import { systemClock, type Logger } from '@skerry/base';
import { createCertificateAuthority, createServiceAccountKey } from '@skerry/pki';
import { openMemoryStore } from '@skerry/store';
import { listenTls } from '../../packages/cli/src/compose/tls-front.ts';
import { nodeObjects, type NodeObject } from './node/node-objects.ts';
import { NodeStandIn } from './node/node-stand-in.ts';
import { adminToken, type ServerReady, type ServerReport } from './server-contract.ts';

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
async function report(node: NodeStandIn, { collected }: { collected: boolean }): Promise<ServerReport> {
  const { user, system } = process.threadCpuUsage();
  if (collected) (globalThis as { gc?: () => void }).gc?.();
  return {
    type: 'report',
    cpuMs: (user + system) / 1000,
    heapBytes: process.memoryUsage().heapUsed,
    connections: process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length,
    nodeConnections: await node.connections(),
    nodeFiles: node.openFiles(),
    bugs,
    polluted: [...namesOnPrototypes()].filter((name) => !namesBefore.has(name)),
  };
}

/** What a controller makes elsewhere, without which no pod gets past admission; and all that leads to the node. */
async function createObjects(port: number): Promise<void> {
  const account: NodeObject = {
    path: '/api/v1/namespaces/default/serviceaccounts',
    object: { metadata: { name: 'default' } },
  };
  for (const { path, object, status } of [account, ...nodeObjects()]) {
    await send(port, 'POST', path, object);
    if (status) await send(port, 'PATCH', `${path}/${object.metadata.name}/status`, { status });
  }
}

async function send(port: number, method: 'POST' | 'PATCH', path: string, body: object): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: {
      'content-type': method === 'POST' ? 'application/json' : 'application/merge-patch+json',
      authorization: `Bearer ${adminToken}`,
    },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}

async function main(): Promise<void> {
  const clock = systemClock;
  const store = openMemoryStore({ clock });
  const authority = await createCertificateAuthority({ commonName: 'fuzz-ca', clock });
  const node = await NodeStandIn.start({ clock, log });
  const server = createApiServer({
    connect: createConnectFactory({ random: Math.random }),
    dialer: node.dialer,
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
  await createObjects(plainPort);
  const front = await listenTls({
    address: '127.0.0.1',
    port: 0,
    certificate: await authority.issueServerCertificate({
      commonName: 'fuzz',
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
    }),
    clientAuthority: authority.certificatePem,
    clock: systemClock,
    log,
    onApi: (connection) => server.accept(connection),
    onLink: (socket) => socket.destroy(),
  });
  process.on('message', (asked) => {
    void report(node, { collected: asked === 'collected' }).then((answer) => process.send?.(answer));
  });
  process.on('disconnect', () => {
    node.remove();
    process.exit(0);
  });
  process.send?.({
    type: 'ready',
    plainPort,
    tlsPort: front.port,
    authority: { certificatePem: authority.certificatePem, keyPem: authority.keyPem },
  } satisfies ServerReady);
}

await main();
