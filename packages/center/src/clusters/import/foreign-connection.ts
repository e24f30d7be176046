/** A cluster of elsewhere, by its kubeconfig: one credential for every purpose, every connection through the guard. */
import { isIP } from 'node:net';
import tls from 'node:tls';
import { type Clock, SkerryError } from '@skerry/base';
import { createHttpTransport, type ForeignKubeconfig } from '@skerry/client';
import type { OpenConnection } from '#clusters/registered-connections.ts';
import type { guardedDial } from '#clusters/import/guarded-dial.ts';

export interface ForeignOptions {
  readonly dial: ReturnType<typeof guardedDial>;
  readonly clock: Clock;
}

export function openForeignConnection(
  kubeconfig: ForeignKubeconfig,
  { dial, clock }: ForeignOptions,
): OpenConnection {
  const transport = createHttpTransport({ ...kubeconfig, connect: dial, clock });
  const { server, ca } = kubeconfig;
  return {
    people: transport,
    reader: transport,
    keeper: transport,
    address: { server, ...(ca === undefined ? {} : { ca }) },
    hosted: false,
    dial: (signal) => dialTls(kubeconfig, dial, signal),
    close: () => transport.close(),
  };
}

function dialTls(
  { server, ca, clientCertificate, clientKey, tlsServerName, token }: ForeignKubeconfig,
  dial: ForeignOptions['dial'],
  signal: AbortSignal,
): ReturnType<OpenConnection['dial']> {
  const url = new URL(server);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const name = tlsServerName ?? host;
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      socket: dial({ host, port: Number(url.port) || 443 }),
      ca,
      cert: clientCertificate,
      key: clientKey,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      ...(isIP(name) ? {} : { servername: name }),
      checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate),
    });
    const abort = () => socket.destroy(new SkerryError('api-unreachable', `${server}: given up`));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', reject);
      const prefix = url.pathname.replace(/\/+$/, '');
      resolve({
        socket,
        host: url.host,
        prefix,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
    });
  });
}
