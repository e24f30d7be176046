import type { Duplex } from 'node:stream';

/**
 * What the API server needs and does not make itself; `cli/compose` hands it over.
 */
export interface NodeDialer {
  /**
   * A byte stream to the node's kubelet-style HTTP/1.1 server (`/containerLogs/…`, `/exec/…`, `/portForward/…`,
   * `/stats/summary`, `/metrics/resource`). Use it as the socket of `node:http`.
   * Rejects with a `NodeUnreachableError` when the node holds no link.
   */
  dial(node: string, options: { purpose: string }): Promise<Duplex>;
  /** A byte stream to a TCP port of a pod on that node. */
  dialPod(node: string, target: { address: string; port: number; purpose: string }): Promise<Duplex>;
}

export class NodeUnreachableError extends Error {
  override readonly name = 'NodeUnreachableError';
}

/** Who stands at the other end of a TLS connection, from its verified client certificate. */
export interface PeerIdentity {
  /** Common name. */
  readonly user: string;
  /** Organizations. */
  readonly groups: readonly string[];
  /** Lower-case hex SHA-256 of the certificate. */
  readonly fingerprint?: string;
  /** When the certificate was issued. */
  readonly issuedMs?: number;
  /** When it ends. */
  readonly expiresMs?: number;
  /** The hash of the certificate's key, where it is one of a node that has ended: its holder may renew it. */
  readonly endedKeyHash?: string;
}

/** A connection that has been accepted and, where it came over TLS, verified. */
export interface AcceptedConnection {
  readonly stream: Duplex;
  /** ALPN result; `http/1.1` where nothing was agreed. */
  readonly protocol: 'h2' | 'http/1.1';
  readonly peer?: PeerIdentity;
  readonly remoteAddress?: string;
  /** Told of each stream of an HTTP/2 connection, by its number there; what it returns is called when the stream has ended. */
  readonly onStream?: (stream: { id: number; method: string; path: string }) => () => void;
  /** What the acceptor makes of an HTTP/1.1 connection whose client asks for that by `Upgrade`: the stream is its own from then on. */
  readonly upgrade?: { readonly protocol: string; readonly path: string; readonly take: () => void };
}

/** What `nodelinks` of `link.skerry.io` shows and does. */
export interface NodeLinks {
  list(): NodeLinkFacts[];
  get(node: string): NodeLinkFacts | undefined;
  /** Both ends behave as if the link were cut; see `LinkHub.drill`. Rejects when the node can't be reached or refuses. */
  drill(node: string, options: { seconds: number }): Promise<void>;
  endDrill(node: string): void;
}

export interface LinkBytesFacts {
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** Of one node's link, as the center counts: `sent` is towards the node. */
export interface NodeLinkFacts {
  readonly node: string;
  readonly state: 'linked' | 'cut' | 'drill';
  readonly sinceMs: number;
  readonly roundTripMs?: number;
  readonly reconnects: number;
  readonly countingSinceMs: number;
  readonly purposes: Readonly<Record<string, LinkBytesFacts>>;
  readonly today: LinkBytesFacts;
}
