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
        socket.on('error', () => undefined);
        socket.destroy();
        fail(refusal(response, { port, hasCredentials: url.username !== '' }));
        return;
      }
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.end();
  });
}

/** What the proxy answered to CONNECT, and what can be done about it. */
function refusal(
  { statusCode: status = 0, statusMessage, headers }: http.IncomingMessage,
  { port, hasCredentials }: { port: number; hasCredentials: boolean },
): string {
  const answered = `it answered CONNECT with ${status} ${statusMessage ?? ''}`.trimEnd();
  return `${answered}; ${mendOf(status, { port, hasCredentials, offered: headers['proxy-authenticate'] })}`;
}

function mendOf(
  status: number,
  about: { port: number; hasCredentials: boolean; offered: string | string[] | undefined },
): string {
  const { port, hasCredentials, offered } = about;
  const atPort443 = port === 443 ? '' : ', or have the center reached at port 443';
  switch (status) {
    case 407:
      if (offered && !/\bbasic\b/i.test([offered].flat().join(' ')))
        return 'it takes no user and password (Basic), and Skerry speaks nothing else: put a local proxy that logs in to it between, or let this machine through without a login';
      return hasCredentials
        ? 'it does not take this user and password: check them (special characters as %40 and the like)'
        : 'it wants a login: give it as http://user:password@host:port in --proxy or HTTPS_PROXY';
    case 403:
      return `it does not allow a tunnel there: allow CONNECT to port ${port} in the proxy${atPort443}`;
    case 400:
    case 405:
    case 501:
      return 'it makes no tunnels, and the link is encrypted from end to end: allow CONNECT in the proxy, give another proxy in --proxy or HTTPS_PROXY, or name the center in NO_PROXY where there is a way without it';
    case 502:
    case 503:
    case 504:
      return 'the proxy itself does not reach the center: check the address of the center and that skerry server runs';
    default:
      return `check that the proxy allows CONNECT to port ${port}`;
  }
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
