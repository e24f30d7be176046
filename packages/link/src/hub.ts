/**
 * The center's end of all links. It accepts connections that were verified by its caller, opens streams to nodes on their
 * `down` session, hands each node's `up` channel to the API server, and says who is alive.
 *
 * Promises: at most one link per node, the newest; `onAlive` only after an answer that this end asked for; a link that gave
 * no answer for two heartbeats is cut (38 s with the default); a dial either yields a stream that the node accepted or
 * rejects with a `SkerryError` that says why (`node-not-linked`, `dial-timeout`, `dial-refused`, `link-closed`).
 */
import http2 from 'node:http2';
import type { Duplex } from 'node:stream';
import { SkerryError, describeError, type Clock, type Logger } from '@skerry/base';
import { startHeartbeat } from '#heartbeat.ts';
import { createMux, type Mux } from '#mux.ts';
import {
  crossingAuthority,
  downChannel,
  errorHeader,
  heartbeatMsDefault,
  kubeletAuthority,
  purposeHeader,
  sessionOptions,
  sessionWindowBytes,
  silentHeartbeatsMax,
  upChannel,
} from '#protocol.ts';
import { Traffic, type TrafficBytes } from '#traffic.ts';
import { Tunnel } from '#tunnel.ts';

const dialTimeoutMsDefault = 10_000;

export interface LinkHubOptions<Peer> {
  readonly clock: Clock;
  readonly log: Logger;
  /** Serve this as an HTTP/2 connection of `peer` (`http2Server.emit('connection', channel)`). */
  readonly onUp: (channel: Duplex, from: { node: string; peer: Peer }) => void;
  /** The node has just answered; renew its Lease. */
  readonly onAlive?: (node: string) => void;
  /** The set of linked nodes changed. */
  readonly onChange?: (node: string, state: 'linked' | 'unlinked') => void;
  readonly heartbeatMs?: number;
  readonly dialTimeoutMs?: number;
}

export interface LinkStats {
  readonly node: string;
  /** Milliseconds since the Unix epoch. */
  readonly connectedSinceMs: number;
  /** Of the last answered ping; undefined before the first. */
  readonly roundTripMs?: number;
  /** Links of this node that ended since the hub started. */
  readonly drops: number;
  /** All bytes of the link, without TLS. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Streams that the center opened, by purpose, over all links of this node since the hub started. */
  readonly purposes: Readonly<Record<string, TrafficBytes>>;
}

export interface LinkHub<Peer> {
  /** Takes over a verified connection. Compose checks the certificate and passes the node's name. */
  accept(connection: Duplex, from: { node: string; peer: Peer }): void;
  /** A byte stream to the node's kubelet-style HTTP/1.1 server. */
  dial(node: string, options: { purpose: string }): Promise<Duplex>;
  /** A byte stream to a TCP port of a pod on that node. */
  dialPod(node: string, target: { address: string; port: number; purpose: string }): Promise<Duplex>;
  /** A byte stream for datagrams to and from gateways of other pools; see `RelayHub`. */
  dialCrossing(node: string): Promise<Duplex>;
  /** Names of the linked nodes. */
  nodes(): string[];
  linked(node: string): boolean;
  stats(node: string): LinkStats | undefined;
  /** Ends the node's link, if it holds one. */
  cut(node: string, reason: string): void;
  /** Says goodbye on every link and waits until they are closed; streams still open end with them. */
  close(): Promise<void>;
}

interface Link {
  readonly node: string;
  readonly mux: Mux;
  readonly down: http2.ClientHttp2Session;
  readonly connectedSinceMs: number;
  roundTripMs?: number;
}

interface NodeHistory {
  readonly traffic: Traffic;
  drops: number;
}

export function createLinkHub<Peer>(options: LinkHubOptions<Peer>): LinkHub<Peer> {
  const { clock, log, heartbeatMs = heartbeatMsDefault, dialTimeoutMs = dialTimeoutMsDefault } = options;
  const links = new Map<string, Link>();
  // One entry per node name that ever held a link: nodes are admitted by certificate, so their number is the cluster's.
  const histories = new Map<string, NodeHistory>();
  const closing = new Set<Promise<unknown>>();
  let stopped = false;

  return {
    accept,
    dial: (node, { purpose }) => open(node, kubeletAuthority, purpose),
    dialPod: (node, { address, port, purpose }) => open(node, authorityOf(address, port), purpose),
    dialCrossing: (node) => open(node, crossingAuthority, crossingAuthority),
    nodes: () => [...links.keys()],
    linked: (node) => links.has(node),
    stats,
    cut(node, reason) {
      links.get(node)?.mux.destroy(new SkerryError('link-refused', reason));
    },
    async close() {
      stopped = true;
      for (const link of links.values()) link.mux.destroy();
      await Promise.all(closing);
    },
  };

  function accept(connection: Duplex, from: { node: string; peer: Peer }): void {
    if (stopped) {
      connection.destroy();
      return;
    }
    const { node } = from;
    const mux = createMux(connection);
    const link: Link = {
      node,
      mux,
      down: http2.connect('http://node', {
        ...sessionOptions,
        createConnection: () => mux.channels[downChannel]!,
      }),
      connectedSinceMs: clock.now(),
    };
    link.down.on('error', (error) => mux.destroy(error));
    link.down.on('connect', () => link.down.setLocalWindowSize(sessionWindowBytes));
    const replaced = links.get(node);
    links.set(node, link);
    if (replaced) {
      log.info('link replaced by a newer one', { node });
      replaced.mux.destroy(new SkerryError('link-replaced', `node ${node} opened a newer link`));
    }
    historyOf(node);
    const heartbeat = startHeartbeat({
      clock,
      tickMs: heartbeatMs,
      silentTicksMax: silentHeartbeatsMax,
      onTick: () => ping(link, () => heartbeat?.heard()),
      onSilent: (silentMs) =>
        mux.destroy(new SkerryError('link-silent', `node ${node} did not answer for ${silentMs / 1000} s`)),
    });
    log.info('link up', { node });
    options.onChange?.(node, 'linked');
    try {
      options.onUp(mux.channels[upChannel]!, from);
    } catch (error) {
      mux.destroy(
        new SkerryError('link-not-taken', 'the API server did not take the link', { cause: error }),
      );
    }
    const closed = mux.closed.then((error) => {
      heartbeat.stop();
      link.down.destroy();
      closing.delete(closed);
      historyOf(node).drops++;
      if (links.get(node) !== link) return;
      links.delete(node);
      log.info('link down', { node, reason: error ? describeError(error) : 'closed' });
      options.onChange?.(node, 'unlinked');
    });
    closing.add(closed);
  }

  function ping(link: Link, heard: () => void): void {
    if (link.down.destroyed) return;
    if (link.down.connecting) {
      link.down.once('connect', () => ping(link, heard));
      return;
    }
    const sentMs = clock.monotonic();
    link.down.ping((error) => {
      if (error) return;
      link.roundTripMs = clock.monotonic() - sentMs;
      heard();
      if (links.get(link.node) === link) options.onAlive?.(link.node);
    });
  }

  function open(node: string, authority: string, purpose: string): Promise<Duplex> {
    const link = links.get(node);
    if (!link || link.down.destroyed) {
      return Promise.reject(
        new SkerryError(
          'node-not-linked',
          `node ${node} holds no link to this server; check the skerry agent and the network on that machine`,
        ),
      );
    }
    const stream = link.down.request({
      ':method': 'CONNECT',
      ':authority': authority,
      [purposeHeader]: purpose,
    });
    return accepted(stream, `${authority} on node ${node}`).then(
      () => new Tunnel(stream, historyOf(node).traffic.open(purpose)),
    );
  }

  function accepted(stream: http2.ClientHttp2Stream, target: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = clock.after(dialTimeoutMs, () => {
        fail(
          new SkerryError('dial-timeout', `connect to ${target}: no answer within ${dialTimeoutMs / 1000} s`),
        );
      });
      const fail = (error: Error) => {
        timer.cancel();
        reject(error);
        stream.on('error', () => undefined);
        stream.close(http2.constants.NGHTTP2_CANCEL);
      };
      const onClose = () => fail(new SkerryError('link-closed', `connect to ${target}: the link was closed`));
      const onError = (cause: Error) =>
        fail(new SkerryError('link-closed', `connect to ${target}: ${describeError(cause)}`, { cause }));
      stream.once('close', onClose);
      stream.once('error', onError);
      stream.once('response', (headers) => {
        if (headers[':status'] !== 200) {
          const reason = decodeReason(headers[errorHeader]) ?? `status ${headers[':status']}`;
          fail(new SkerryError('dial-refused', `connect to ${target}: ${reason}`));
          return;
        }
        timer.cancel();
        stream.off('close', onClose);
        stream.off('error', onError);
        resolve();
      });
    });
  }

  function stats(node: string): LinkStats | undefined {
    const link = links.get(node);
    if (!link) return undefined;
    const { traffic, drops } = historyOf(node);
    return {
      node,
      connectedSinceMs: link.connectedSinceMs,
      roundTripMs: link.roundTripMs,
      drops,
      ...link.mux.counters,
      purposes: traffic.snapshot(),
    };
  }

  function historyOf(node: string): NodeHistory {
    let history = histories.get(node);
    if (!history) histories.set(node, (history = { traffic: new Traffic(), drops: 0 }));
    return history;
  }
}

function authorityOf(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function decodeReason(value: string | string[] | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
