/** The real API server with its own security on a loopback port, and people who reach it as the center lets them. */
import { createConnectFactory, createSecurity, type NodeDialer } from '@skerry/apiserver';
import { startTestServer, type TestServer } from '@skerry/apiserver/testing';
import { notFound } from '@skerry/api';
import { silentLogger, systemClock, type Clock } from '@skerry/base';
import { createClient, createHttpTransport, type ApiClient, type Transport } from '@skerry/client';
import { createServiceAccountKey } from '@skerry/pki';
import type http from 'node:http';
import net from 'node:net';
import { duplexPair } from 'node:stream';
import type { AccessQuestion, ClusterAccess, NodeLimits } from '#access/cluster-access.ts';
import { mayI } from '#rights/caller-reviews.ts';

export const clusterName = 'tokyo';

export interface TestCluster {
  readonly server: TestServer;
  /** As an administrator. */
  readonly admin: ApiClient;
  readonly access: ClusterAccess;
  readonly reader: { readonly client: ApiClient; readonly transport: Transport };
  /** Of those who may see only some nodes, which. */
  readonly limits: Map<string, NodeLimits>;
  close(): Promise<void>;
}

/** All nodes are `node`; `users` are known to the cluster under their own names. */
export async function startTestCluster(
  users: readonly string[],
  { clock = systemClock, node }: { clock?: Clock; node?: http.Server } = {},
): Promise<TestCluster> {
  const server = await startTestServer({
    ...(node ? { connect: createConnectFactory({ random: () => 0 }), dialer: dialerTo(node) } : {}),
    security: createSecurity({
      clock: systemClock,
      log: silentLogger,
      random: Math.random,
      serviceAccountKey: await createServiceAccountKey(),
      staticTokens: [
        { token: 'admin', user: { name: 'admin', groups: ['system:masters'] } },
        ...users.map((name) => ({ token: name, user: { name, groups: [] } })),
      ],
    }),
  });
  const transports: Transport[] = [];
  const transportOf = (token: string) => {
    const transport = createHttpTransport({ server: server.url, token, clock });
    transports.push(transport);
    return transport;
  };
  const clientOf = (transport: Transport) => createClient({ transport, userAgent: 'test' });
  const admin = clientOf(transportOf('admin'));
  const limits = new Map<string, NodeLimits>();
  const clients = new Map(users.map((name) => [name, clientOf(transportOf(name))]));
  const checked = (cluster: string) => {
    if (cluster !== clusterName) throw notFound({ group: 'center.skerry.io', resource: 'clusters' }, cluster);
  };
  const access: ClusterAccess = {
    list: () => [clusterName],
    as: ({ user }, cluster) => {
      checked(cluster);
      return clients.get(user) ?? admin;
    },
    transport: ({ user }, cluster) => {
      checked(cluster);
      return transportOf(user);
    },
    dial: async ({ user }, cluster) => {
      checked(cluster);
      const { hostname, port } = new URL(server.url);
      const socket = net.connect({ host: hostname, port: Number(port) });
      return {
        socket,
        host: `${hostname}:${port}`,
        prefix: '',
        headers: { authorization: `Bearer ${user}` },
      };
    },
    own: () => admin,
    meter: () => admin,
    may: (caller, cluster, question: AccessQuestion) => mayI(access.as(caller, cluster), question),
    nodeLimits: ({ user }) => limits.get(user),
  };
  return {
    server,
    admin,
    access,
    reader: { client: admin, transport: transportOf('admin') },
    limits,
    async close() {
      for (const transport of transports) transport.close();
      await server.close().catch(() => undefined);
    },
  };
}

function dialerTo(node: http.Server): NodeDialer {
  const dial = async () => {
    const [ours, theirs] = duplexPair();
    node.emit('connection', theirs);
    return ours;
  };
  return { dial, dialPod: dial };
}
