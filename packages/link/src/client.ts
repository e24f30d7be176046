/**
 * The node's end of its link: it dials out, answers on `down`, asks on `up`, and dials again when the link breaks.
 *
 * Promises: one connection at a time; a new try after 1 s, doubling to 30 s, half of it random so that thousands of nodes
 * don't return in step; a link counts as up when the center has spoken HTTP/2 on it, since with TLS 1.3 a refused client
 * certificate only shows after the handshake; silence of two heartbeats ends it.
 */
import http2 from 'node:http2';
import type { Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  Backoff,
  SkerryError,
  describeError,
  sleep,
  type Clock,
  type Logger,
  type Service,
} from '@skerry/base';
import { explainConnectError } from '#connect.ts';
import { startHeartbeat } from '#heartbeat.ts';
import { createMux } from '#mux.ts';
import {
  crossingAuthority,
  downChannel,
  downSessionOptions,
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

const helloTimeoutMs = 15_000;

export interface PodTarget {
  readonly address: string;
  readonly port: number;
  readonly purpose: string;
}

export interface LinkClientOptions {
  /** Opens a TLS connection to the center that agreed on `linkProtocol`; see `connectTls`. */
  readonly connect: (signal: AbortSignal) => Promise<Duplex>;
  /** The kubelet-style server: gets each stream as a connection. */
  readonly server: HttpServer | ((stream: Duplex) => void);
  /** Connects to a pod of this node; must refuse every address that is not one, by rejecting. */
  readonly dialPod?: (target: PodTarget) => Promise<Duplex>;
  /** Gets the stream of datagrams to and from gateways of other pools, when the center opens one. */
  readonly onCrossing?: (stream: Duplex) => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  readonly onChange?: (state: LinkState) => void;
  /** Must be the center's. */
  readonly heartbeatMs?: number;
}

export type LinkState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'linked'; readonly sinceMs: number }
  | { readonly phase: 'waiting'; readonly error: string; readonly retryAtMs: number }
  | { readonly phase: 'stopped' };

export interface LinkClient extends Service {
  /** The session for requests to the API server; undefined while there is no link. Ask again for each request. */
  upSession(): http2.ClientHttp2Session | undefined;
  state(): LinkState;
  /** Resolves as soon as there is a link. */
  whenLinked(signal?: AbortSignal): Promise<void>;
  /** Streams that the center opened, by purpose, since the start. */
  traffic(): Record<string, TrafficBytes>;
}

export function createLinkClient(options: LinkClientOptions): LinkClient {
  const { clock, log, heartbeatMs = heartbeatMsDefault } = options;
  const traffic = new Traffic();
  const waiters = new Set<() => void>();
  let up: http2.ClientHttp2Session | undefined;
  let state: LinkState = { phase: 'stopped' };

  return {
    name: 'link',
    run,
    upSession: () => (up && !up.destroyed && !up.closed ? up : undefined),
    state: () => state,
    traffic: () => traffic.snapshot(),
    whenLinked,
  };

  async function run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff({ baseMs: 1_000, maxMs: 30_000, jitter: 0.5, random: options.random });
    while (!signal.aborted) {
      setState({ phase: 'connecting' });
      let reason: Error | undefined;
      try {
        reason = await hold(await options.connect(signal), signal, () => backoff.reset());
      } catch (error) {
        reason = explainConnectError(error);
      }
      up = undefined;
      if (signal.aborted) break;
      const delayMs = backoff.next();
      const error = reason ? describeError(reason) : 'closed by the center';
      log.warn('link down', { error, retryInMs: Math.round(delayMs) });
      setState({ phase: 'waiting', error, retryAtMs: clock.now() + delayMs });
      await sleep(clock, delayMs, signal).catch(() => undefined);
    }
    setState({ phase: 'stopped' });
  }

  /** Uses one connection until it ends; returns why. */
  async function hold(
    connection: Duplex,
    signal: AbortSignal,
    onLinked: () => void,
  ): Promise<Error | undefined> {
    const mux = createMux(connection);
    const down = http2.performServerHandshake(mux.channels[downChannel]!, downSessionOptions);
    const session = http2.connect('https://center', {
      ...sessionOptions,
      createConnection: () => mux.channels[upChannel]!,
    });
    const stop = () => mux.destroy();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const helloTimer = clock.after(helloTimeoutMs, () =>
      mux.destroy(
        new SkerryError('link-silent', `the center said nothing within ${helloTimeoutMs / 1000} s`),
      ),
    );
    // A quarter of the center's interval, so that silence is noticed within the same time whatever the phase of its pings.
    const heartbeat = startHeartbeat({
      clock,
      tickMs: heartbeatMs / 4,
      silentTicksMax: silentHeartbeatsMax * 4,
      onSilent: (silentMs) =>
        mux.destroy(new SkerryError('link-silent', `the center said nothing for ${silentMs / 1000} s`)),
    });
    session.on('error', (error) => mux.destroy(error));
    session.on('connect', () => session.setLocalWindowSize(sessionWindowBytes));
    down.on('error', (error) => mux.destroy(error));
    down.on('ping', () => heartbeat.heard());
    down.on('stream', (stream, headers) => serve(stream, headers));
    down.once('remoteSettings', () => {
      helloTimer.cancel();
      down.setLocalWindowSize(sessionWindowBytes);
      up = session;
      onLinked();
      log.info('link up');
      setState({ phase: 'linked', sinceMs: clock.now() });
    });
    const linkedBefore = () => up === session;
    const error = await mux.closed;
    signal.removeEventListener('abort', stop);
    helloTimer.cancel();
    heartbeat.stop();
    const wasLinked = linkedBefore();
    session.destroy();
    down.destroy();
    if (wasLinked) return error;
    return explainConnectError(
      error ??
        new SkerryError(
          'link-refused',
          'the center closed the connection before the link was up; if this stays, it does not accept the certificate of this node: join again',
        ),
    );
  }

  function serve(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    stream.on('error', () => undefined);
    const purpose = textOf(headers[purposeHeader]) ?? 'unknown';
    const authority = headers[':authority'] ?? '';
    if (headers[':method'] !== 'CONNECT') {
      refuse(stream, 405, 'only CONNECT is served here');
    } else if (authority === kubeletAuthority) {
      stream.respond({ ':status': 200 });
      const tunnel = openTunnel(stream, purpose);
      if (typeof options.server === 'function') options.server(tunnel);
      else options.server.emit('connection', tunnel);
    } else if (authority === crossingAuthority && options.onCrossing) {
      stream.respond({ ':status': 200 });
      options.onCrossing(openTunnel(stream, purpose));
    } else {
      void servePod(stream, authority, purpose);
    }
  }

  async function servePod(
    stream: http2.ServerHttp2Stream,
    authority: string,
    purpose: string,
  ): Promise<void> {
    const target = parseAuthority(authority);
    if (!target || !options.dialPod) {
      refuse(stream, 404, target ? 'this node has no pods' : `${authority} is no address of a pod`);
      return;
    }
    let pod: Duplex;
    try {
      pod = await options.dialPod({ ...target, purpose });
    } catch (error) {
      refuse(stream, 502, describeError(error));
      return;
    }
    if (stream.destroyed) {
      pod.destroy();
      return;
    }
    stream.respond({ ':status': 200 });
    join(openTunnel(stream, purpose), pod);
  }

  function openTunnel(stream: http2.ServerHttp2Stream, purpose: string): Tunnel {
    const tunnel = new Tunnel(stream, traffic.open(purpose));
    tunnel.on('error', (error) => log.debug('stream broke', { purpose, error: describeError(error) }));
    return tunnel;
  }

  function setState(next: LinkState): void {
    state = next;
    options.onChange?.(next);
    if (next.phase !== 'linked') return;
    for (const wake of waiters) wake();
    waiters.clear();
  }

  function whenLinked(signal?: AbortSignal): Promise<void> {
    if (state.phase === 'linked') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        waiters.delete(wake);
        reject(signal?.reason);
      };
      const wake = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      waiters.add(wake);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

/** Copies both ways, half-closes included; when one breaks, so does the other. */
function join(a: Duplex, b: Duplex): void {
  a.pipe(b);
  b.pipe(a);
  a.on('close', () => b.destroy());
  b.on('close', () => a.destroy());
  b.on('error', () => a.destroy());
  a.on('error', () => b.destroy());
}

function refuse(stream: http2.ServerHttp2Stream, status: number, reason: string): void {
  if (stream.destroyed) return;
  stream.respond(
    { ':status': status, [errorHeader]: encodeURIComponent(reason).slice(0, 2_000) },
    { endStream: true },
  );
}

function parseAuthority(authority: string): { address: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(authority);
  const port = Number(match?.[3]);
  const address = match?.[1] ?? match?.[2];
  return address && port > 0 && port < 65_536 ? { address, port } : undefined;
}

function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
