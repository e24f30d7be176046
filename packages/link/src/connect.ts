/** Opens the node's TLS connection to the center, and says in words why it could not. */
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { SkerryError, describeError } from '@skerry/base';
import { connectThroughProxy } from '#http-proxy.ts';
import type { WireCounters } from '#meter/link-meter.ts';
import { linkProtocol } from '#protocol.ts';
import { secureContext, type Resumption } from '#resumption.ts';
import { upgradeToLink } from '#upgrade.ts';
import type { Way } from '#way.ts';

const connectTimeoutMs = 15_000;
/** A center to which thousands come at once lets them in one after the other; whoever goes is last again. */
const handshakeTimeoutMs = 60_000;

export interface ConnectTlsOptions {
  readonly host: string;
  readonly port: number;
  /** PEM; the center's certificate must be signed by one of these. */
  readonly ca: string | Buffer | (string | Buffer)[];
  /** PEM of the node's client certificate and key. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** The name that the center's certificate must carry; `host` unless told. */
  readonly serverName?: string;
  /** `http://[user:password@]host:port` of a proxy to go through, as in `HTTPS_PROXY`. */
  readonly proxy?: string;
  /** How the link is asked for; `alpn` unless told. */
  readonly way?: Way;
  /** What the last connection left for this one, and what this one leaves for the next. */
  readonly resumption?: Resumption;
}

/** By connection: what the socket below its TLS has counted. */
const wires = new WeakMap<object, WireCounters>();

export function wireOf(connection: object): WireCounters | undefined {
  return wires.get(connection);
}

/**
 * Rejects with `link-protocol` where the other end speaks none, `link-cut-short` where the connection ended in the middle of the
 * handshake, `link-timeout`, `link-proxy`, and `link-connect` otherwise.
 */
export async function connectTls(options: ConnectTlsOptions, signal?: AbortSignal): Promise<tls.TLSSocket> {
  const { host, port, proxy, way } = options;
  const socket = proxy
    ? await connectThroughProxy(proxy, { host, port }, { signal, timeoutMs: connectTimeoutMs })
    : await connectTcp({ host, port }, signal);
  const secured = await secure(options, socket, signal);
  if (socket instanceof net.Socket) wires.set(secured, socket);
  if (way !== 'upgrade') return secured;
  const name = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return upgradeToLink(secured, { host: name, timeoutMs: connectTimeoutMs, ...(signal ? { signal } : {}) });
}

function connectTcp(to: { host: string; port: number }, signal?: AbortSignal): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ ...to, timeout: connectTimeoutMs });
    const leave = () => {
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', fail);
      socket.off('timeout', onTimeout);
    };
    const fail = (error: unknown) => {
      leave();
      reject(explainConnectError(error, `${to.host}:${to.port}`));
      socket.on('error', () => undefined);
      socket.destroy();
    };
    const onAbort = () => fail(signal?.reason);
    const onTimeout = () => fail(silentError(connectTimeoutMs));
    socket.once('error', fail);
    socket.once('timeout', onTimeout);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    socket.once('connect', () => {
      leave();
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}

function silentError(afterMs: number): SkerryError {
  return new SkerryError('link-timeout', `no answer within ${afterMs / 1000} s`);
}

/** The connection ended before the other end has said a word. */
const unexplained: ReadonlySet<string> = new Set(['link-cut-short', 'link-timeout']);

function secure(options: ConnectTlsOptions, through: Duplex, signal?: AbortSignal): Promise<tls.TLSSocket> {
  const { host, port, ca, cert, key, way, resumption } = options;
  const protocol = way === 'upgrade' ? 'http/1.1' : linkProtocol;
  const serverName = options.serverName ?? host;
  const ends = { ca, cert, serverName };
  const session = resumption?.session(ends);
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      ...(session ? { session } : {}),
      socket: through,
      secureContext: resumption?.context({ ...ends, key }) ?? secureContext({ ca, cert, key }),
      // A name of an address may not be sent as SNI; the certificate is checked against it all the same.
      ...(/^[0-9.]+$|:/.test(serverName) ? {} : { servername: serverName }),
      checkServerIdentity: (_, certificate) => tls.checkServerIdentity(serverName, certificate),
      ALPNProtocols: [protocol],
    });
    socket.setTimeout(handshakeTimeoutMs);
    socket.on('session', (given) => resumption?.keep(ends, given));
    const fail = (error: unknown) => {
      const explained = explainConnectError(error, `${host}:${port}`);
      if (!signal?.aborted) resumption?.failed({ broke: unexplained.has(explained.code) });
      signal?.removeEventListener('abort', onAbort);
      reject(explained);
      socket.on('error', () => undefined);
      socket.destroy();
      through.destroy();
    };
    const onAbort = () => fail(signal?.reason);
    const onTimeout = () => fail(silentError(handshakeTimeoutMs));
    socket.once('error', fail);
    socket.once('timeout', onTimeout);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    socket.once('secureConnect', () => {
      if (way !== 'upgrade' && socket.alpnProtocol !== linkProtocol) {
        fail(new SkerryError('link-protocol', `the server does not speak ${linkProtocol}`));
        return;
      }
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', fail);
      socket.off('timeout', onTimeout);
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; check the address of the center and that skerry server runs',
  ENOTFOUND: 'the name does not resolve; check the address of the center and DNS on this machine',
  EHOSTUNREACH: 'no route; check the network of this machine',
  ENETUNREACH: 'no route; check the network of this machine',
  ETIMEDOUT: 'no answer; check the network and firewalls on the way',
  ERR_TLS_CERT_ALTNAME_INVALID:
    "the center's certificate is for another name; use an address that it carries",
  SELF_SIGNED_CERT_IN_CHAIN:
    "the center's certificate is not signed by the cluster's CA that this node holds",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "the center's certificate is not signed by the cluster's CA that this node holds",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "the center's certificate is not signed by the cluster's CA that this node holds",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "the center's certificate is not signed by the cluster's CA that this node holds",
  CERT_HAS_EXPIRED: "the center's certificate has expired, or the clock of this machine is wrong",
  CERT_NOT_YET_VALID: 'the clock of this machine is behind, or the center’s certificate is not valid yet',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the center wants a client certificate and this node sent none',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the center does not know the CA of this node's certificate; join again",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    "this node's certificate has expired; it renews itself for 90 days, then join again",
  ERR_SSL_SSL_ALERT_CERTIFICATE_EXPIRED:
    "this node's certificate has expired; it renews itself for 90 days, then join again",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "the center refused this node's certificate; join again",
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: `the server does not speak ${linkProtocol}`,
  ERR_SSL_TLSV13_ALERT_NO_APPLICATION_PROTOCOL: `the server does not speak ${linkProtocol}`,
};

/** Where there was an answer at all, it may have been about the name of the protocol. */
const kinds: Readonly<Record<string, string>> = {
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'link-protocol',
  ERR_SSL_TLSV13_ALERT_NO_APPLICATION_PROTOCOL: 'link-protocol',
  ECONNRESET: 'link-cut-short',
  EPIPE: 'link-cut-short',
};

/** Wraps an error of connecting with what it means here; passes our own through. */
export function explainConnectError(error: unknown, target = 'the center'): SkerryError {
  if (error instanceof SkerryError && error.code.startsWith('link-')) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const explanation = explanations[code];
  return new SkerryError(
    kinds[code] ?? 'link-connect',
    `connect to ${target}: ${explanation ? `${explanation} (${code})` : describeError(error)}`,
    { cause: error },
  );
}
