/** A way out through an HTTP proxy: `CONNECT host:port`, for networks where nothing else passes. */
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { SkerryError } from '@skerry/base';
import { faultOf, refusalOf } from '#proxy-faults.ts';

export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
}

/** The URL of a proxy, which is spoken to in the clear (`http:`) or over TLS (`https:`); undefined for anything else. */
export function parseProxy(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined;
}

/** Shows nothing of what was given, since it may hold a password. */
export function noProxyUrl(): SkerryError {
  return new SkerryError(
    'link-proxy',
    'the proxy must be an URL of the form http://host:port, or https://host:port where it is spoken to over TLS; check --proxy and HTTPS_PROXY',
  );
}

/**
 * Opens a byte stream to `target` through the proxy at `proxyUrl` (`http[s]://[user:password@]host:port`). A proxy that is spoken to
 * over TLS is verified by the authorities that the machine trusts, those of Node and of the system. Rejects with `link-proxy`, whose text
 * never shows the password.
 */
export function connectThroughProxy(
  proxyUrl: string,
  { host, port }: ProxyTarget,
  { signal, timeoutMs }: { signal?: AbortSignal; timeoutMs: number },
): Promise<Duplex> {
  const url = parseProxy(proxyUrl);
  if (!url) return Promise.reject(noProxyUrl());
  const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown) =>
      reject(
        new SkerryError('link-proxy', `connect to ${target} through the proxy ${url.host}: ${reason}`, {
          cause,
        }),
      );
    const request = ask(url, target, { signal, timeoutMs });
    request.once('timeout', () =>
      request.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })),
    );
    request.once('error', (error) => fail(faultOf(error, { isTls: url.protocol === 'https:' }), error));
    request.once('response', (response) => {
      // Some answer a refusal with a body, as to any other request.
      response.resume();
      fail(refusalOf(response, { port, hasCredentials: url.username !== '' }));
    });
    request.once('connect', (response, socket, head) => {
      if (response.statusCode !== 200) {
        socket.on('error', () => undefined);
        socket.destroy();
        fail(refusalOf(response, { port, hasCredentials: url.username !== '' }));
        return;
      }
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.end();
  });
}

function ask(
  url: URL,
  target: string,
  { signal, timeoutMs }: { signal?: AbortSignal; timeoutMs: number },
): http.ClientRequest {
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const options = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
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
  };
  if (url.protocol === 'http:') return http.request({ ...options, port: url.port || 80 });
  const ca = [...tls.getCACertificates('default'), ...tls.getCACertificates('system')];
  return https.request({ ...options, port: url.port || 443, ca });
}
