/** The proxy of Ingresses and Gateway API in a pod: wired here with the API that its pod is given. */
import { readFileSync } from 'node:fs';
import { type Clock, type Logger, SkerryError } from '@skerry/base';
import { createClient, createHttpTransport } from '@skerry/client';
import { IngressProxy } from '@skerry/ingress';

/** Where Kubernetes puts what a pod needs for the API. */
const account = '/var/run/secrets/kubernetes.io/serviceaccount';
const service = { namespace: 'skerry-ingress', name: 'ingress' };
const adminPort = 10_254;

export async function runIngress(
  {
    httpPorts,
    httpsPorts,
    gatewayApi,
    env,
    clock,
    log,
    random,
  }: {
    httpPorts: readonly number[];
    httpsPorts: readonly number[];
    gatewayApi: boolean;
    env: NodeJS.ProcessEnv;
    clock: Clock;
    log: Logger;
    random: () => number;
  },
  signal: AbortSignal,
): Promise<void> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (!host)
    throw new SkerryError('not-in-a-pod', 'KUBERNETES_SERVICE_HOST is not set: this runs in a pod alone');
  const client = createClient({
    transport: createHttpTransport({
      server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      ca: readFileSync(`${account}/ca.crt`, 'utf8'),
      tokenFile: `${account}/token`,
      clock,
    }),
    userAgent: 'skerry-ingress',
    clock,
  });
  const proxy = new IngressProxy({
    client,
    identity: env['POD_NAME'] ?? 'ingress',
    pool: env['POOL'],
    ports: { http: httpPorts, https: httpsPorts },
    gatewayApi,
    service,
    adminPort,
    clock,
    log,
    random,
  });
  try {
    await proxy.run(signal);
  } finally {
    client.close();
  }
}
