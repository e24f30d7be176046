/** Our API server in this process, on the memory store, for the users of the cases. */
import { createConnectFactory, createSecurity } from '@skerry/apiserver';
import { type AccountRights, startTestServer, type TestServerOptions } from '@skerry/apiserver/testing';
import { silentLogger, systemClock } from '@skerry/base';
import { createServiceAccountKey } from '@skerry/pki';
import { Client, type Target, tokenCredentials } from './client.ts';
import { bindings, users } from './users.ts';

/** Of the cluster of two families, as the real server gets it too. */
export const dualStackCidrs = ['10.96.0.0/16', 'fd00:10:96::/112'];

/** Ours for all cases: one of a single address family, and one of two. */
export async function startOwnServers(
  options: Pick<TestServerOptions, 'dial'> = {},
): Promise<{ own: OwnServer; dualStack: OwnServer; close(): Promise<void> }> {
  const own = await startOwnServer(options);
  const dualStack = await startOwnServer({ ...options, serviceCidrs: dualStackCidrs });
  return { own, dualStack, close: async () => void (await Promise.all([own.close(), dualStack.close()])) };
}

export interface OwnServer {
  readonly target: Target;
  close(): Promise<void>;
}

export async function startOwnServer(
  options: Pick<TestServerOptions, 'dial' | 'serviceCidrs'> & { readonly rights?: AccountRights } = {},
): Promise<OwnServer> {
  const staticTokens = Object.values(users).map(({ token, name, uid, groups }) => ({
    token,
    user: { name, uid, groups: [...groups] },
  }));
  const serviceAccountKey = await createServiceAccountKey();
  const security = createSecurity({
    clock: systemClock,
    log: silentLogger,
    random: Math.random,
    serviceAccountKey,
    staticTokens,
  });
  const { rights, ...others } = options;
  const server = await startTestServer({
    ...others,
    connect: createConnectFactory({ random: Math.random }),
    dialer: { dial: noNodes, dialPod: noNodes },
    security: rights?.watch(security) ?? security,
  });
  const target: Target = { url: server.url, credentials: tokenCredentials };
  const client = new Client(target);
  for (const binding of bindings) {
    const { code } = await client.send({
      method: 'POST',
      path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      headers: { ...target.credentials('admin'), 'content-type': 'application/json' },
      body: JSON.stringify(binding),
    });
    if (code !== 201) throw new Error(`binding ${binding.metadata.name} was answered ${code}`);
  }
  client.close();
  return { target, close: () => server.close() };
}

function noNodes(): Promise<never> {
  return Promise.reject(new Error('there are no nodes'));
}
