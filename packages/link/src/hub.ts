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
import { SkerryError, describeError, type Clock, type Logger, type Timer } from '@skerry/base';
import { startHeartbeat } from '#heartbeat.ts';
import { type BytesByPurpose, LinkBytes, type PurposeBytes } from '#meter/link-bytes.ts';
import { LinkHistory } from '#meter/link-history.ts';
import { LinkMeter, type WireCounters } from '#meter/link-meter.ts';
import { createMux, type Mux } from '#mux.ts';
import {
  crossingAuthority,
  downChannel,
  downSettings,
  drillAuthority,
  drillSecondsHeader,
  errorHeader,
  heartbeatMsDefault,
  kubeletAuthority,
  pauseMsFor,
  purposeHeader,
  sessionOptions,
  sessionWindowBytes,
  silentHeartbeatsMax,
  upChannel,
} from '#protocol.ts';
import { Tunnel } from '#tunnel.ts';

const dialTimeoutMsDefault = 10_000;
/** Less is not worth the bytes of saying it. */
const pauseGrowth = 1.5;

export interface LinkHubOptions<Peer> {
  readonly clock: Clock;
  readonly log: Logger;
  /** Serve this as an HTTP/2 connection of `peer` (`http2Server.emit('connection', channel)`). */
  readonly onUp: (channel: Duplex, from: { node: string; peer: Peer; label: LabelStream }) => void;
  /** The node has just answered; renew its Lease. */
  readonly onAlive?: (node: string) => void;
  /** The set of linked nodes changed. */
  readonly onChange?: (node: string, state: 'linked' | 'unlinked') => void;
  /** A ping was answered. */
  readonly onRoundTrip?: (ms: number) => void;
  /** Whole milliseconds, from `heartbeatMsMin` to `heartbeatMsMax`; nodes are told. */
  readonly heartbeatMs?: number;
  readonly dialTimeoutMs?: number;
}

/** Says what a stream of the node's is for; returns what is to be called when it has ended. */
export type LabelStream = (streamId: number, label: string) => () => void;

export interface LinkStats {
  readonly node: string;
  /** `drill`: there is a connection, and both ends behave as if there were none. */
  readonly state: 'linked' | 'cut' | 'drill';
  /** When that began, in milliseconds since the Unix epoch. */
  readonly sinceMs: number;
  /** Of the last answered ping; undefined before the first. */
  readonly roundTripMs?: number;
  /** Links after the first, since the counting began. */
  readonly reconnects: number;
  readonly countingSinceMs: number;
  /** At IP level, as the center sent and received them; see `LinkMeter`. */
  readonly purposes: BytesByPurpose;
  /** Since midnight, UTC. */
  readonly today: PurposeBytes;
}

export interface LinkHub<Peer> {
  /** Takes over a verified connection. Compose checks the certificate and passes the node's name. */
  accept(connection: Duplex, from: { node: string; peer: Peer; wire?: WireCounters }): void;
  /** A byte stream to the node's kubelet-style HTTP/1.1 server. */
  dial(node: string, options: { purpose: string }): Promise<Duplex>;
  /** A byte stream to a TCP port of a pod on that node. */
  dialPod(node: string, target: { address: string; port: number; purpose: string }): Promise<Duplex>;
  /** A byte stream for datagrams to and from gateways of other pools; see `RelayHub`. */
  dialCrossing(node: string): Promise<Duplex>;
  /** Names of the linked nodes. */
  nodes(): string[];
  linked(node: string): boolean;
  /** Of a node that has had a link since the hub started. */
  stats(node: string): LinkStats | undefined;
  /** Of all nodes that have, and of those that were forgotten as one sum. */
  statistics(): { readonly nodes: LinkStats[]; readonly forgotten: BytesByPurpose };
  /** The node is gone for good. */
  forget(node: string): void;
  /**
   * Both ends behave as if the link were cut, for `seconds` at most, and for `drillPatienceMs` after the last such call: whoever
   * wants it to last calls again. Ends by itself when either end dies. Rejects as `dial` does, also where the node refuses.
   */
  drill(node: string, options: { seconds: number }): Promise<void>;
  /** The node links again at once. */
  endDrill(node: string): void;
  /** Ends the node's link, if it holds one. */
  cut(node: string, reason: string): void;
  /** Says goodbye on every link and waits until they are closed; streams still open end with them. */
  close(): Promise<void>;
}

interface Link {
  readonly node: string;
  readonly mux: Mux;
  readonly meter: LinkMeter;
  readonly down: http2.ClientHttp2Session;
  readonly connectedSinceMs: number;
  readonly tunnels: Set<Tunnel>;
  /** What the node knows of how long to pause when this link breaks. */
  pauseMs: number;
  roundTripMs?: number;
}

interface Drill {
  readonly link: Link;
  readonly stream: http2.ClientHttp2Stream;
  readonly sinceMs: number;
  patience: Timer | undefined;
}

interface NodeHistory {
  readonly links: LinkHistory;
  cutSinceMs: number;
}

/** A drill ends so long after the last word of whoever holds it. */
export const drillPatienceMs = 15_000;

export function createLinkHub<Peer>(options: LinkHubOptions<Peer>): LinkHub<Peer> {
  const { clock, log, heartbeatMs = heartbeatMsDefault, dialTimeoutMs = dialTimeoutMsDefault } = options;
  const links = new Map<string, Link>();
  // One entry per node name that ever held a link: nodes are admitted by certificate, so their number is the cluster's.
  const histories = new Map<string, NodeHistory>();
  const forgotten = new LinkBytes();
  const drills = new Map<string, Drill>();
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
    statistics: () => ({
      nodes: [...histories.keys()].flatMap((node) => stats(node) ?? []),
      forgotten: forgotten.snapshot(),
    }),
    forget(node) {
      const history = histories.get(node);
      histories.delete(node);
      if (history) forgotten.addAll(history.links.bytes);
    },
    drill,
    endDrill: (node) => endDrill(node, 'it was ended'),
    cut(node, reason) {
      endDrill(node, reason);
      links.get(node)?.mux.destroy(new SkerryError('link-refused', reason));
    },
    async close() {
      stopped = true;
      for (const node of drills.keys()) endDrill(node, 'the center stops');
      for (const link of links.values()) link.mux.destroy();
      await Promise.all(closing);
    },
  };

  function accept(connection: Duplex, from: { node: string; peer: Peer; wire?: WireCounters }): void {
    if (stopped) {
      connection.destroy();
      return;
    }
    const { node, peer, wire } = from;
    const { links: history } = historyOf(node);
    const meter = new LinkMeter(history.bytes, { clock, channels: 2, ...(wire ? { wire } : {}) });
    const mux = createMux(connection, { observer: meter });
    const pauseMs = pauseMsFor(histories.size);
    const link: Link = {
      node,
      mux,
      meter,
      pauseMs,
      tunnels: new Set(),
      down: http2.connect('http://node', {
        ...sessionOptions,
        settings: downSettings({ heartbeatMs, pauseMs }),
        createConnection: () => mux.channels[downChannel]!,
      }),
      connectedSinceMs: clock.now(),
    };
    history.linked();
    endDrill(node, 'the node came with a new link');
    link.down.on('error', (error) => mux.destroy(error));
    link.down.on('connect', () => link.down.setLocalWindowSize(sessionWindowBytes));
    const replaced = links.get(node);
    links.set(node, link);
    if (replaced) {
      log.info('link replaced by a newer one', { node });
      replaced.mux.destroy(new SkerryError('link-replaced', `node ${node} opened a newer link`));
    }
    const heartbeat = startHeartbeat({
      clock,
      tickMs: heartbeatMs,
      silentTicksMax: silentHeartbeatsMax,
      onTick() {
        history.tick(clock.now());
        tellPause(link);
        ping(link, () => heartbeat?.heard());
      },
      onSilent: (silentMs) =>
        mux.destroy(new SkerryError('link-silent', `node ${node} did not answer for ${silentMs / 1000} s`)),
    });
    log.info('link up', { node });
    options.onChange?.(node, 'linked');
    try {
      const label: LabelStream = (streamId, text) => {
        meter.label(upChannel, streamId, text);
        return () => meter.ended(upChannel, streamId);
      };
      options.onUp(mux.channels[upChannel]!, { node, peer, label });
    } catch (error) {
      mux.destroy(
        new SkerryError('link-not-taken', 'the API server did not take the link', { cause: error }),
      );
    }
    const closed = mux.closed.then((error) => {
      heartbeat.stop();
      link.down.destroy();
      meter.settle();
      closing.delete(closed);
      const drill = drills.get(node);
      if (drill?.link === link) {
        drill.patience?.cancel();
        drills.delete(node);
        log.info('drill over', { node });
      }
      if (links.get(node) !== link) return;
      unlink(link, error ? describeError(error) : 'closed');
    });
    closing.add(closed);
  }

  function unlink(link: Link, reason: string): void {
    const { node } = link;
    links.delete(node);
    const history = histories.get(node);
    if (history) history.cutSinceMs = clock.now();
    log.info('link down', { node, reason });
    options.onChange?.(node, 'unlinked');
  }

  async function drill(node: string, { seconds }: { seconds: number }): Promise<void> {
    const running = drills.get(node);
    if (running) {
      holdOn(running);
      return;
    }
    const link = links.get(node);
    if (!link || link.down.destroyed) throw notLinked(node);
    const stream = link.down.request({
      ':method': 'CONNECT',
      ':authority': drillAuthority,
      [purposeHeader]: 'other',
      [drillSecondsHeader]: String(seconds),
    });
    await accepted(stream, `${drillAuthority} on node ${node}`);
    // Asked for twice at once, or the link has ended meanwhile.
    if (links.get(node) !== link) {
      stream.close();
      return;
    }
    const begun: Drill = { link, stream, sinceMs: clock.now(), patience: undefined };
    drills.set(node, begun);
    stream.on('error', () => undefined);
    stream.resume();
    stream.once('close', () => link.mux.destroy());
    unlink(link, 'drill');
    link.mux.detach(upChannel);
    for (const tunnel of link.tunnels)
      tunnel.destroy(new SkerryError('link-closed', 'the link is cut by a drill'));
    holdOn(begun);
  }

  function holdOn(drill: Drill): void {
    drill.patience?.cancel();
    drill.patience = clock.after(drillPatienceMs, () =>
      endDrill(drill.link.node, 'nobody holds it any more'),
    );
  }

  function endDrill(node: string, reason: string): void {
    const drill = drills.get(node);
    if (!drill) return;
    log.info('drill ends', { node, reason });
    drill.patience?.cancel();
    drills.delete(node);
    drill.stream.close();
    drill.link.mux.destroy();
  }

  /** A center that was started meanwhile, or has grown, knows of more nodes than when the link began. */
  function tellPause(link: Link): void {
    const pauseMs = pauseMsFor(histories.size);
    if (pauseMs < link.pauseMs * pauseGrowth || link.down.destroyed || link.down.connecting) return;
    link.pauseMs = pauseMs;
    link.down.settings(downSettings({ heartbeatMs, pauseMs }));
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
      link.meter.roundTripMs = link.roundTripMs;
      options.onRoundTrip?.(link.roundTripMs);
      heard();
      if (links.get(link.node) === link) options.onAlive?.(link.node);
    });
  }

  function open(node: string, authority: string, purpose: string): Promise<Duplex> {
    const link = links.get(node);
    if (!link || link.down.destroyed) {
      return Promise.reject(notLinked(node));
    }
    const stream = link.down.request({
      ':method': 'CONNECT',
      ':authority': authority,
      [purposeHeader]: purpose,
    });
    labelled(link, stream, purpose);
    return accepted(stream, `${authority} on node ${node}`).then(() => {
      const tunnel = new Tunnel(stream);
      link.tunnels.add(tunnel);
      tunnel.once('close', () => link.tunnels.delete(tunnel));
      return tunnel;
    });
  }

  /** A stream has its number once it could be sent. */
  function labelled({ meter }: Link, stream: http2.ClientHttp2Stream, purpose: string): void {
    const label = () => {
      const { id } = stream;
      if (id === undefined) return;
      meter.label(downChannel, id, purpose);
      stream.once('close', () => meter.ended(downChannel, id));
    };
    if (stream.pending) stream.once('ready', label);
    else label();
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
    const history = histories.get(node);
    if (!history) return undefined;
    const link = links.get(node);
    const drill = drills.get(node);
    link?.meter.settle();
    const { roundTripMs } = link ?? {};
    return {
      node,
      state: link ? 'linked' : drill ? 'drill' : 'cut',
      sinceMs: link?.connectedSinceMs ?? drill?.sinceMs ?? history.cutSinceMs,
      ...(roundTripMs === undefined ? {} : { roundTripMs }),
      reconnects: history.links.reconnects,
      countingSinceMs: history.links.countingSinceMs,
      ...history.links.snapshot(clock.now()),
    };
  }

  function historyOf(node: string): NodeHistory {
    let history = histories.get(node);
    if (!history) histories.set(node, (history = { links: new LinkHistory(clock), cutSinceMs: clock.now() }));
    return history;
  }
}

function notLinked(node: string): SkerryError {
  return new SkerryError(
    'node-not-linked',
    `node ${node} holds no link to this server; check the skerry agent and the network on that machine`,
  );
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
