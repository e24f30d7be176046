/**
 * The node's end of its link: it dials out, answers on `down`, asks on `up`, and dials again when the link breaks.
 *
 * Promises: one connection at a time; a new try after 1 s, doubling to what the center has said (30 s unless it has), half of
 * it random so that thousands of nodes don't return in step; a link counts as up when the center has spoken HTTP/2 on it, since with TLS 1.3 a refused client
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
  type Timer,
  Waiters,
} from '@skerry/base';
import { explainConnectError, wireOf } from '#connect.ts';
import { startHeartbeat } from '#heartbeat.ts';
import type { BytesByPurpose, PurposeBytes } from '#meter/link-bytes.ts';
import { LinkHistory } from '#meter/link-history.ts';
import { LinkMeter } from '#meter/link-meter.ts';
import { createMux, type Mux } from '#mux.ts';
import {
  crossingAuthority,
  downChannel,
  downSessionOptions,
  drillAuthority,
  drillSecondsHeader,
  drillSecondsMax,
  errorHeader,
  heartbeatMsDefault,
  heartbeatMsOf,
  kubeletAuthority,
  pauseMsMax,
  pauseMsOf,
  purposeHeader,
  sessionOptions,
  sessionWindowBytes,
  silentHeartbeatsMax,
  upChannel,
} from '#protocol.ts';
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
}

export type LinkState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'linked'; readonly sinceMs: number }
  /** As if the link were cut, at the center's wish; it is made anew by then at the latest. */
  | { readonly phase: 'drill'; readonly untilMs: number }
  | { readonly phase: 'waiting'; readonly error: string; readonly retryAtMs: number }
  | { readonly phase: 'stopped' };

export interface LinkTraffic {
  readonly purposes: BytesByPurpose;
  readonly today: PurposeBytes;
  readonly reconnects: number;
  readonly countingSinceMs: number;
}

export interface LinkClient extends Service {
  /** The session for requests to the API server; undefined while there is no link. Ask again for each request. */
  upSession(): http2.ClientHttp2Session | undefined;
  state(): LinkState;
  /** Resolves as soon as there is a link. */
  whenLinked(signal?: AbortSignal): Promise<void>;
  /** Says what a stream that was opened on `upSession` is for. */
  label(stream: http2.ClientHttp2Stream, purpose: string): void;
  /** What the link has cost at IP level since the start, as this end sent and received it. */
  traffic(): LinkTraffic;
}

export function createLinkClient(options: LinkClientOptions): LinkClient {
  const { clock, log } = options;
  const history = new LinkHistory(clock);
  const waiters = new Waiters();
  let up: http2.ClientHttp2Session | undefined;
  let meter: LinkMeter | undefined;
  let pauseMs = pauseMsMax;
  let state: LinkState = { phase: 'stopped' };

  return {
    name: 'link',
    run,
    upSession: () => (up && !up.destroyed && !up.closed ? up : undefined),
    state: () => state,
    label,
    traffic() {
      meter?.settle();
      const { reconnects, countingSinceMs } = history;
      return { ...history.snapshot(clock.now()), reconnects, countingSinceMs };
    },
    whenLinked,
  };

  async function run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff({ baseMs: 1_000, maxMs: pauseMsMax });
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
      const delayMs = Math.min(backoff.next(), pauseMs) * (1 - options.random() / 2);
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
    const wire = wireOf(connection);
    const measured = new LinkMeter(history.bytes, { clock, channels: 2, ...(wire ? { wire } : {}) });
    meter = measured;
    const mux = createMux(connection, { observer: measured });
    const held: HeldLink = { mux, meter: measured, tunnels: new Set(), drill: undefined };
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
    const listen = (heartbeatMs: number) =>
      startHeartbeat({
        clock,
        tickMs: heartbeatMs / 4,
        silentTicksMax: silentHeartbeatsMax * 4,
        onSilent: (silentMs) =>
          mux.destroy(new SkerryError('link-silent', `the center said nothing for ${silentMs / 1000} s`)),
      });
    let heartbeat = listen(heartbeatMsDefault);
    session.on('error', (error) => {
      if (!held.drill) mux.destroy(error);
    });
    session.on('connect', () => session.setLocalWindowSize(sessionWindowBytes));
    down.on('error', (error) => mux.destroy(error));
    down.on('ping', () => {
      history.tick(clock.now());
      heartbeat.heard();
    });
    down.on('stream', (stream, headers) => {
      if (headers[':authority'] === drillAuthority && headers[':method'] === 'CONNECT')
        startDrill(held, stream, headers);
      else serve(held, stream, headers);
    });
    down.on('remoteSettings', (settings) => (pauseMs = pauseMsOf(settings)));
    down.once('remoteSettings', (settings) => {
      helloTimer.cancel();
      heartbeat.stop();
      heartbeat = listen(heartbeatMsOf(settings));
      down.setLocalWindowSize(sessionWindowBytes);
      up = session;
      onLinked();
      history.linked();
      log.info('link up');
      setState({ phase: 'linked', sinceMs: clock.now() });
    });
    const linkedBefore = () => up === session || held.drill !== undefined;
    const error = await mux.closed;
    signal.removeEventListener('abort', stop);
    helloTimer.cancel();
    heartbeat.stop();
    held.drill?.cancel();
    measured.settle();
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

  /**
   * The center asks for a cut. Its word ends with the stream, its time with the timer here, and both with the connection: whatever
   * becomes of the center, the link is made anew.
   */
  function startDrill(
    held: HeldLink,
    stream: http2.ServerHttp2Stream,
    headers: http2.IncomingHttpHeaders,
  ): void {
    stream.on('error', () => undefined);
    const seconds = Number(headers[drillSecondsHeader]);
    if (!(seconds > 0 && seconds <= drillSecondsMax)) {
      refuse(stream, 400, `a drill takes from 1 to ${drillSecondsMax} seconds`);
      return;
    }
    if (held.drill || !up) {
      refuse(stream, 409, 'this node has a drill already');
      return;
    }
    const over = () => held.mux.destroy(new SkerryError('link-drill', 'the drill is over'));
    held.drill = clock.after(seconds * 1000, over);
    stream.once('close', over);
    stream.respond({ ':status': 200 });
    stream.resume();
    up = undefined;
    held.mux.detach(upChannel);
    for (const tunnel of held.tunnels) tunnel.destroy();
    log.warn('link cut by a drill', { seconds });
    setState({ phase: 'drill', untilMs: clock.now() + seconds * 1000 });
  }

  function label(stream: http2.ClientHttp2Stream, purpose: string): void {
    const of = meter;
    const tell = () => {
      const { id } = stream;
      if (!of || id === undefined) return;
      of.label(upChannel, id, purpose);
      stream.once('close', () => of.ended(upChannel, id));
    };
    if (stream.pending) stream.once('ready', tell);
    else tell();
  }

  function serve(held: HeldLink, stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    stream.on('error', () => undefined);
    const { id = 0 } = stream;
    held.meter.label(downChannel, id, textOf(headers[purposeHeader]) ?? 'other');
    stream.once('close', () => held.meter.ended(downChannel, id));
    if (held.drill) {
      refuse(stream, 503, 'the link of this node is cut by a drill');
      return;
    }
    const openTunnel = (purpose: string) => {
      const tunnel = new Tunnel(stream);
      held.tunnels.add(tunnel);
      tunnel.once('close', () => held.tunnels.delete(tunnel));
      tunnel.on('error', (error) => log.debug('stream broke', { purpose, error: describeError(error) }));
      return tunnel;
    };
    const purpose = textOf(headers[purposeHeader]) ?? 'unknown';
    const authority = headers[':authority'] ?? '';
    if (headers[':method'] !== 'CONNECT') {
      refuse(stream, 405, 'only CONNECT is served here');
    } else if (authority === kubeletAuthority) {
      stream.respond({ ':status': 200 });
      const tunnel = openTunnel(purpose);
      if (typeof options.server === 'function') options.server(tunnel);
      else options.server.emit('connection', tunnel);
    } else if (authority === crossingAuthority && options.onCrossing) {
      stream.respond({ ':status': 200 });
      options.onCrossing(openTunnel(purpose));
    } else {
      void servePod(stream, { authority, purpose, openTunnel });
    }
  }

  async function servePod(
    stream: http2.ServerHttp2Stream,
    wanted: { authority: string; purpose: string; openTunnel: (purpose: string) => Tunnel },
  ): Promise<void> {
    const { authority, purpose, openTunnel } = wanted;
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
    join(openTunnel(purpose), pod);
  }

  function setState(next: LinkState): void {
    state = next;
    options.onChange?.(next);
    if (next.phase === 'linked') waiters.wake();
  }

  function whenLinked(signal?: AbortSignal): Promise<void> {
    return state.phase === 'linked' ? Promise.resolve() : waiters.wait(signal);
  }
}

/** One connection while it lasts. */
interface HeldLink {
  readonly mux: Mux;
  readonly meter: LinkMeter;
  readonly tunnels: Set<Tunnel>;
  /** Set while the center wants the link to behave as if it were cut; ends that. */
  drill: Timer | undefined;
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
