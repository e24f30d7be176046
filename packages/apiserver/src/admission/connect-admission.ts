/** Admission of a connection into a pod, or through a proxy. */
import { connectOptions } from '#admission/connect-options.ts';
import type { Exchange } from '#http/exchange.ts';
import type { Registry } from '#registry/registry.ts';
import type { ResourceCall } from '#resource-handler.ts';

export async function admitConnection(
  registry: Registry,
  { info, served, user }: ResourceCall,
  exchange: Pick<Exchange, 'query' | 'audit' | 'signal'>,
): Promise<void> {
  const context = {
    operation: 'CONNECT' as const,
    subresource: info.subresource,
    namespace: served.info.namespaced ? info.namespace : '',
    name: info.name,
    object: connectOptions(info, exchange.query),
    oldObject: undefined,
    user,
    dryRun: false,
    options: {},
    warnings: [],
    auditAnnotations: exchange.audit,
    signal: exchange.signal,
  };
  await registry.mutate(served, context, { admit: true });
  await registry.admit(served, context, { admit: true });
}
