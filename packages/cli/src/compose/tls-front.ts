/**
 * The center's one port. TLS is verified here, and ALPN decides who gets the connection: API (h2, http/1.1) or link. A
 * client certificate of another authority is no certificate: the request goes on without identity and is refused or
 * answered as anonymous by the API server; on the link it is refused at once. A node's certificate that has ended can be renewed
 * for a while, and is good for nothing else.
 */
import net, { type Server, type Socket } from 'node:net';
import tls from 'node:tls';
import type { AcceptedConnection, PeerIdentity } from '@skerry/apiserver';
import { type Clock, type Logger, SkerryError } from '@skerry/base';
import { linkProtocol, upgradePath, type WireCounters } from '@skerry/link';
import {
  clockSkewMs,
  endedNodeCertificate,
  endedNodesGroup,
  type KeyPair,
  ownerGroupPrefix,
  poolGroupPrefix,
  subjectOfPeer,
} from '@skerry/pki';
import { HandshakeGate, type Waiting } from './handshake-gate.ts';
import { keepUnread } from './unread-connection.ts';

export interface TlsFrontOptions {
  readonly address: string;
  readonly port: number;
  readonly certificate: KeyPair;
  readonly clientAuthority: string;
  /** 48 bytes; see `ticketKeysOf`. Those of this process alone unless given. */
  readonly ticketKeys?: Buffer;
  readonly clock: Clock;
  readonly log: Logger;
  /** Requests that wait for the server. */
  readonly waitingRequests?: () => number;
  readonly onApi: (connection: AcceptedConnection) => void;
  /** A handshake failed. */
  readonly onFailure?: () => void;
  readonly onLink: (
    socket: tls.TLSSocket,
    from: { node: string; peer: PeerIdentity; wire?: WireCounters },
  ) => void;
}

export interface TlsFront {
  readonly port: number;
  /** New connections get this certificate. */
  renew(certificate: KeyPair): void;
  /** Ends the API connections of this user. */
  cut(user: string): void;
  close(): Promise<void>;
}

const nodeUser = /^system:node:(.+)$/;
const handshakeTimeoutMs = 15_000;
/** Less than 0.1 s of work for one turn of the event loop. */
const handshakesAtOnceMax = 64;
/** Whoever takes longer to answer costs nothing while he does, and keeps nobody waiting. */
const handshakeTurnMs = 100;
/** Some tenths of a second of work. */
const waitingRequestsMax = 256;
/** Those of all machines of a large cluster. */
const handshakesWaitingMax = 8192;
const backlog = 4096;
/** As long as TLS 1.3 lets a ticket be good: a machine may be cut off for days. */
const ticketSeconds = 7 * 86_400;

export async function listenTls(options: TlsFrontOptions): Promise<TlsFront> {
  const { certificate, clientAuthority, ticketKeys, waitingRequests = () => 0, clock, log } = options;
  const contextOf = ({ keyPem, certificatePem }: KeyPair) => ({
    key: keyPem,
    cert: certificatePem,
    ca: clientAuthority,
    ...(ticketKeys ? { ticketKeys } : {}),
    sessionIdContext: 'skerry',
    sessionTimeout: ticketSeconds,
  });
  const server = tls.createServer({
    ...contextOf(certificate),
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['h2', 'http/1.1', linkProtocol],
    handshakeTimeout: handshakeTimeoutMs,
    allowHalfOpen: true,
  });
  const sockets = new Map<tls.TLSSocket, PeerIdentity | undefined>();
  // TLS says what it carried; what it weighed on the way only the socket below it knows.
  const shaking = new Map<string, { readonly wire: Socket; readonly waiting: Waiting }>();
  const gate = new HandshakeGate({
    atOnceMax: handshakesAtOnceMax,
    waitingMax: handshakesWaitingMax,
    isBehind: () => waitingRequests() > waitingRequestsMax,
    clock,
  });
  const settled = (key: string) => {
    const entry = shaking.get(key);
    shaking.delete(key);
    if (entry) gate.leave(entry.waiting);
    return entry?.wire;
  };
  const door = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (wire) => {
    const key = endOf(wire);
    const seen = keepUnread(wire);
    const waiting: Waiting = {
      address: wire.remoteAddress ?? '',
      begin() {
        const turn = clock.after(handshakeTurnMs, () => gate.leave(waiting));
        wire.once('close', () => turn.cancel());
        seen.giveBack();
        server.emit('connection', wire);
      },
      refuse: () => wire.destroy(),
    };
    wire.on('error', () => undefined);
    wire.once('close', () => {
      if (shaking.get(key)?.wire === wire) settled(key);
    });
    shaking.set(key, { wire, waiting });
    gate.enter(waiting);
  });
  server.on('secureConnection', (socket) => {
    const peer = identityOf(socket, options);
    sockets.set(socket, peer);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', (error) => log.debug('connection failed', { error: error.message }));
    socket.setNoDelay(true);
    route(socket, peer, { ...options, wire: settled(endOf(socket)) });
  });
  server.on('tlsClientError', (error) => {
    options.onFailure?.();
    log.debug('TLS handshake failed', { error: error.message });
  });
  await listening(door, options);
  const address = door.address();
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    renew: (pair) => server.setSecureContext(contextOf(pair)),
    close: () =>
      new Promise((resolve) => {
        door.close(() => resolve());
        for (const socket of sockets.keys()) socket.destroy();
        for (const { wire } of shaking.values()) wire.destroy();
      }),
    cut(user) {
      for (const [socket, peer] of sockets) if (peer?.user === user) socket.destroy();
    },
  };
}

function route(
  socket: tls.TLSSocket,
  peer: PeerIdentity | undefined,
  { onApi, onLink, log, wire }: TlsFrontOptions & { readonly wire: WireCounters | undefined },
): void {
  if (socket.alpnProtocol !== linkProtocol) {
    const name = nodeOf(peer);
    const take = () => {
      if (peer && name) onLink(socket, { node: name, peer, ...(wire ? { wire } : {}) });
    };
    onApi({
      stream: socket,
      protocol: socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1',
      ...(peer ? { peer } : {}),
      ...(socket.remoteAddress ? { remoteAddress: socket.remoteAddress } : {}),
      ...(name === undefined ? {} : { upgrade: { protocol: linkProtocol, path: upgradePath, take } }),
    });
    return;
  }
  const node = nodeOf(peer);
  if (!peer || !node) {
    log.warn('link refused', {
      remoteAddress: socket.remoteAddress,
      user: peer?.user,
      why: 'no node certificate of this cluster',
    });
    socket.destroy();
    return;
  }
  onLink(socket, { node, peer, ...(wire ? { wire } : {}) });
}

/** Whose link this peer may open. */
function nodeOf(peer: PeerIdentity | undefined): string | undefined {
  return peer?.groups.includes('system:nodes') ? nodeUser.exec(peer.user)?.[1] : undefined;
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function identityOf(socket: tls.TLSSocket, options: TlsFrontOptions): PeerIdentity | undefined {
  if (!socket.authorized) return endedNode(socket, options);
  const certificate = socket.getPeerCertificate();
  if (!certificate.subject) return undefined;
  // Of a connection that was resumed nobody has looked at the certificate's end.
  if (Date.parse(certificate.valid_to) <= options.clock.now()) return endedNode(socket, options);
  const subject = subjectOfPeer(certificate.subject);
  return {
    user: subject.commonName,
    groups: subject.organizations,
    issuedMs: Date.parse(certificate.valid_from) + clockSkewMs,
    expiresMs: Date.parse(certificate.valid_to),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

function endedNode(
  socket: tls.TLSSocket,
  { clientAuthority, clock }: TlsFrontOptions,
): PeerIdentity | undefined {
  const certificate = socket.getPeerX509Certificate();
  const facts =
    certificate && endedNodeCertificate(certificate, { authorityPem: clientAuthority, nowMs: clock.now() });
  if (!facts) return undefined;
  const admitted = facts.organizations.filter(
    (group) => group.startsWith(poolGroupPrefix) || group.startsWith(ownerGroupPrefix),
  );
  return {
    user: facts.commonName,
    groups: [endedNodesGroup, ...admitted],
    issuedMs: facts.notBeforeMs + clockSkewMs,
    fingerprint: facts.fingerprint,
    endedKeyHash: facts.publicKeyHash,
  };
}

function listening(server: Server, { address, port }: TlsFrontOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const where = `${address}:${port}`;
      if (error.code === 'EADDRINUSE') {
        reject(
          new SkerryError(
            'address-in-use',
            `cannot listen on ${where}: another process does; stop it or choose another port with --port`,
            { cause: error },
          ),
        );
      } else if (error.code === 'EACCES') {
        reject(
          new SkerryError(
            'address-not-allowed',
            `cannot listen on ${where}: not allowed for this user; choose a port above 1023 with --port`,
            { cause: error },
          ),
        );
      } else {
        reject(
          new SkerryError(
            'address-unusable',
            `cannot listen on ${where}; choose an address of this machine with --listen-address`,
            {
              cause: error,
            },
          ),
        );
      }
    });
    server.listen({ host: address, port, backlog }, () => resolve());
  });
}
