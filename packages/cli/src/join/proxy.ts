/** The HTTP proxy by which a machine reaches its center, where it needs one. */
import { connectThroughProxy, isExcepted, noProxyUrl, parseProxy } from '@skerry/link';
import type { RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';

type Environment = Readonly<Record<string, string | undefined>>;

const connectTimeoutMs = 15_000;

/**
 * What was asked for, or what `HTTPS_PROXY` and `NO_PROXY` say for this center; undefined where there is none.
 * Throws `link-proxy` when that is no URL of an HTTP proxy; the text shows nothing of it, since it may hold a password.
 */
export function proxyTo(
  center: { readonly host: string; readonly port: number },
  asked: string | undefined,
  environment: Environment,
): string | undefined {
  const { HTTPS_PROXY, https_proxy, NO_PROXY, no_proxy } = environment;
  const proxy =
    asked ?? (isExcepted(center, NO_PROXY ?? no_proxy) ? undefined : (HTTPS_PROXY ?? https_proxy));
  if (!proxy) return undefined;
  if (parseProxy(proxy)) return proxy;
  throw noProxyUrl();
}

/** What makes a request of `node:https` go through the proxy; nothing where there is none. */
export async function requestThrough(
  proxy: string | undefined,
  target: { readonly host: string; readonly port: number },
): Promise<Pick<RequestOptions, 'agent' | 'createConnection'>> {
  if (proxy === undefined) return {};
  const socket = await throughProxy(proxy, target);
  return {
    // An agent, also none (`false`), would connect by itself.
    agent: undefined,
    createConnection: (options) => tls.connect({ ...(options as tls.ConnectionOptions), socket }),
  };
}

/** A byte stream to the target through the proxy. */
export function throughProxy(
  proxy: string,
  target: { readonly host: string; readonly port: number },
): Promise<Duplex> {
  return connectThroughProxy(proxy, target, { timeoutMs: connectTimeoutMs });
}
