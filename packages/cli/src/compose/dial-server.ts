/** A connection to an API server for what becomes of HTTP/1.1 after an Upgrade: verified as ever, and without anybody's certificate. */
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { describeError, SkerryError } from '@skerry/base';
import { throughProxy } from '#join/proxy.ts';

export interface ServerPlace {
  readonly host: string;
  readonly port: number;
  /** The system's authorities where absent. */
  readonly authorityPem?: string | undefined;
  /** Verify the certificate against this name instead of the host. */
  readonly tlsServerName?: string | undefined;
  readonly proxy?: string | undefined;
}

const dialTimeoutMs = 10_000;

/** @throws SkerryError `hub-dial` */
export async function dialServer({
  host,
  port,
  authorityPem,
  tlsServerName,
  proxy,
}: ServerPlace): Promise<Duplex> {
  const through = proxy === undefined ? undefined : await throughProxy(proxy, { host, port });
  const name = tlsServerName ?? host;
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      ...(through ? { socket: through } : { host, port }),
      ca: authorityPem,
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      timeout: dialTimeoutMs,
      ...(net.isIP(name) ? {} : { servername: name }),
      checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate),
    });
    const fail = (error: unknown) => {
      socket.on('error', () => undefined);
      socket.destroy();
      reject(
        new SkerryError('hub-dial', `connect to ${host}:${port}: ${describeError(error)}`, { cause: error }),
      );
    };
    socket.once('error', fail);
    socket.once('timeout', () => fail(new Error(`no answer within ${dialTimeoutMs / 1000} s`)));
    socket.once('secureConnect', () => {
      socket.off('error', fail);
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}
