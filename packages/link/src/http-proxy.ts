/** A way out through an HTTP proxy: `CONNECT host:port`, for networks where nothing else passes. */
import http from 'node:http';
import type { Duplex } from 'node:stream';
import { SkerryError } from '@skerry/base';

export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
}

/**
 * Opens a byte stream to `target` through the proxy at `proxyUrl` (`http://[user:password@]host:port`).
 * Rejects with `link-proxy`, whose text never shows the password.
 */
export function connectThroughProxy(
  proxyUrl: string,
  { host, port }: ProxyTarget,
  { signal, timeoutMs }: { signal?: AbortSignal; timeoutMs: number },
): Promise<Duplex> {
  const url = URL.canParse(proxyUrl) ? new URL(proxyUrl) : undefined;
  if (url?.protocol !== 'http:') {
    return Promise.reject(
      new SkerryError(
        'link-proxy',
        'the proxy must be an URL of the form http://host:port; check --proxy and HTTPS_PROXY',
      ),
    );
  }
  const proxy = url.host;
  const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown) =>
      reject(
        new SkerryError('link-proxy', `connect to ${target} through the proxy ${proxy}: ${reason}`, {
          cause,
        }),
      );
    const request = http.request({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port || 80,
      method: 'CONNECT',
      path: target,
      headers: {
        Host: target,
        ...(url.username
          ? { 'Proxy-Authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }
          : {}),
      },
      timeout: timeoutMs,
      signal,
      agent: false,
    });
    request.once('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    request.once('error', (error) => fail(error.message, error));
    request.once('connect', (response, socket, head) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        fail(`it answered ${response.statusCode} ${response.statusMessage ?? ''}`.trimEnd());
        return;
      }
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.end();
  });
}

/** Whether a host is excepted from proxying by a `NO_PROXY` list: names, their subdomains, or `*`. */
export function isExcepted(host: string, noProxy: string | undefined): boolean {
  const entries = (noProxy ?? '').split(',').map((entry) =>
    entry
      .trim()
      .toLowerCase()
      .replace(/^\*?\./, ''),
  );
  const name = host.toLowerCase();
  return entries.some(
    (entry) => entry === '*' || (entry !== '' && (name === entry || name.endsWith(`.${entry}`))),
  );
}
