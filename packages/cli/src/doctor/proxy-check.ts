/** By which proxy the center is reached, if by one; whether it makes a tunnel is found out where the center is asked. */
import { isExcepted, parseProxy } from '@skerry/link';
import type { Check } from './finding.ts';
import { failed, ok } from './finding.ts';

export function proxyCheck(options: {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What `skerry join` kept; it counts before the environment. */
  readonly kept?: string | undefined;
  readonly center?: { readonly host: string; readonly port: number } | undefined;
}): Check {
  const { environment, kept, center } = options;
  const { HTTPS_PROXY, https_proxy, NO_PROXY, no_proxy } = environment;
  return {
    title: 'proxy',
    async look() {
      const proxy = kept ?? HTTPS_PROXY ?? https_proxy;
      if (!proxy) return ok('none');
      if (kept === undefined && center && isExcepted(center, NO_PROXY ?? no_proxy))
        return ok(`none to ${center.host}, by NO_PROXY`);
      const url = parseProxy(proxy);
      const from = kept === undefined ? 'HTTPS_PROXY of this environment' : 'the configuration of this node';
      if (url)
        return ok(
          `the link goes through ${url.host}${url.protocol === 'https:' ? ', spoken to over TLS' : ''}, by ${from}`,
        );
      return failed(
        'proxy-invalid',
        `the proxy by ${from} is not the URL of an HTTP proxy`,
        'Set it as http://host:port, or https://host:port where it is spoken to over TLS.',
      );
    },
  };
}
