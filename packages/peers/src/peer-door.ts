/**
 * Where other members of the pool call: one path, on the machine's own address. Whoever shows no node certificate of this pool,
 * or is no member any more, is sent away before a word of his is read.
 */
import http2 from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { describeError, type Logger } from '@skerry/base';
import { readMessage } from './messages.ts';
import type { PeerIdentity } from './peer-identity.ts';
import { callTimeoutMs, exchangePath, type Message } from './protocol.ts';
import type { Credentials } from './statement.ts';

export interface PeerDoorOptions {
  readonly host: string;
  readonly port: number;
  readonly credentials: Credentials;
  readonly identity: PeerIdentity;
  isMember(node: string): boolean;
  answer(node: string, message: Message): Message;
  readonly log: Logger;
}

export interface PeerDoor {
  readonly port: number;
  /** New connections get this certificate. */
  renew(credentials: Credentials): void;
  close(): Promise<void>;
}

const connectionsMax = 128;
const streamsMax = 4;

export async function openPeerDoor(options: PeerDoorOptions): Promise<PeerDoor> {
  const { host, port, credentials, identity, log } = options;
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createSecureServer({
    cert: credentials.certificatePem,
    key: credentials.keyPem,
    requestCert: true,
    // See `PeerIdentity`, which does it.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    handshakeTimeout: callTimeoutMs,
    settings: { maxConcurrentStreams: streamsMax },
  } as http2.SecureServerOptions);
  server.maxConnections = connectionsMax;
  const callerOf = (session: http2.ServerHttp2Session | undefined): string | undefined => {
    const certificate = (session?.socket as TLSSocket | undefined)?.getPeerX509Certificate();
    const node = identity.nodeOf(certificate);
    return node !== undefined && options.isMember(node) ? node : undefined;
  };
  server.on('session', (session) => {
    if (callerOf(session) === undefined) {
      // Also those that joined a moment ago, of whom this machine has yet to hear; strangers may come all day.
      log.debug('refused, not a member of this pool', { address: session.socket.remoteAddress });
      session.destroy();
      return;
    }
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => undefined);
    session.setTimeout(60_000, () => session.destroy());
  });
  server.on('sessionError', () => undefined);
  server.on('tlsClientError', (error: Error) => log.debug('TLS handshake failed', { error: error.message }));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    // Again: it may have been taken out of the pool since.
    const node = callerOf(stream.session as http2.ServerHttp2Session | undefined);
    if (node === undefined) stream.session?.destroy();
    else void serve(stream, headers, node);
  });

  async function serve(
    stream: http2.ServerHttp2Stream,
    headers: http2.IncomingHttpHeaders,
    node: string,
  ): Promise<void> {
    if (headers[':method'] !== 'POST' || headers[':path'] !== exchangePath) {
      stream.respond({ ':status': 404 }, { endStream: true });
      return;
    }
    stream.setTimeout(callTimeoutMs, () => stream.close(http2.constants.NGHTTP2_CANCEL));
    try {
      const answer = options.answer(node, await readMessage(stream));
      if (stream.destroyed) return;
      stream.respond({ ':status': 200, 'content-type': 'application/json' });
      stream.end(JSON.stringify(answer));
    } catch (error) {
      log.debug('call of a pool member failed', { member: node, error: describeError(error) });
      if (!stream.destroyed && !stream.headersSent) stream.respond({ ':status': 400 }, { endStream: true });
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      server.on('error', (error) => log.warn('door for pool members failed', { error: error.message }));
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    renew: ({ certificatePem, keyPem }) => server.setSecureContext({ cert: certificatePem, key: keyPem }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}
