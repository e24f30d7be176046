/**
 * WebSockets of the console. Order matters: `Origin` first, since browsers send cookies with upgrades from any page; then the
 * one-shot ticket; only then the handshake. A socket ends with its session, or when its peer answers no ping for a minute.
 */
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError, isApiError, notFound } from '@skerry/api';
import type { Clock, Logger, Timer } from '@skerry/base';
import { type WebSocket, WebSocketServer } from 'ws';
import { statusOf } from '#http/answer.ts';
import type { Caller, SessionEnd } from '#http/caller.ts';
import type { AuditSink, Credentials, Gate } from '#http/gate.ts';
import type { AuditNote, SocketRequest, SocketRoute } from '#http/route.ts';
import { Router } from '#http/router.ts';
import { securityHeaders } from '#http/security-headers.ts';

const messageBytesDefault = 64 * 1024;
const pingEveryMs = 30_000;
const rightsEveryMs = 60_000;
const socketsPerSessionMax = 64;

export interface SocketsOptions {
  readonly routes: readonly SocketRoute[];
  readonly gate: Gate;
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Sockets {
  readonly #options: SocketsOptions;
  readonly #router: Router<SocketRoute>;
  readonly #open = new Set<WebSocket>();
  readonly #bySession = new Map<string, number>();

  constructor(options: SocketsOptions) {
    this.#options = options;
    this.#router = new Router(options.routes);
  }

  /** Never rejects: a refusal is an HTTP answer to the upgrade. */
  async upgrade(
    message: IncomingMessage,
    { socket, head, credentials }: { socket: Duplex; head: Buffer; credentials: Credentials },
  ): Promise<void> {
    const { gate, audit, log } = this.#options;
    const { path, query } = splitTarget(message.url ?? '/');
    const note: AuditNote = { action: `SOCKET ${path}`, keep: true };
    const sourceAddress = credentials.remoteAddress;
    let user = '';
    try {
      if (message.headers['upgrade']?.toLowerCase() !== 'websocket') {
        throw new ApiError('BadRequest', 'only WebSockets are upgraded to');
      }
      gate.checkOrigin(credentials, { socket: true });
      const [match] = this.#router.find(path);
      if (!match) throw notFound({ group: '', resource: 'paths' }, path);
      note.action = match.route.action ?? `SOCKET ${match.route.pattern}`;
      if (match.params['cluster']) note.cluster = match.params['cluster'];
      const ticket = query.get('ticket') ?? '';
      const caller = await gate.redeem(credentials, { ticket, target: message.url ?? '/' });
      user = caller.user;
      const { stepUp = false } = match.route;
      gate.checkReady(caller, { method: 'POST', cluster: match.params['cluster'], stepUp });
      const leave = this.#enter(caller);
      query.delete('ticket');
      const webSocket = await this.#handshake(message, { socket, head, route: match.route, leave });
      const request: SocketRequest = {
        path,
        params: match.params,
        query,
        remoteAddress: sourceAddress,
        message,
        audit: note,
      };
      this.#follow(webSocket, caller, { route: match.route, request });
      const opened = match.route.open(webSocket, caller, request);
      // By now the route has said what it is about.
      audit.record({ ...note, user, sourceAddress, code: 101 });
      await opened;
    } catch (error) {
      const status = statusOf(error, log, note.action);
      const stranger = user === '';
      const { code, message: why = '' } = status;
      audit.record({ ...note, user, stranger, sourceAddress, code, message: why });
      const open = openedOn(socket);
      if (open) {
        open.close(isApiError(error) ? 4000 + status.code : 1011, closeReason(status.message ?? ''));
      } else refuse(socket, status.code, JSON.stringify(status));
    }
  }

  close(): void {
    for (const socket of this.#open) socket.terminate();
  }

  /** Throws 429. */
  #enter({ sessionId }: Caller): () => void {
    const count = this.#bySession.get(sessionId) ?? 0;
    if (count >= socketsPerSessionMax) {
      throw new ApiError('TooManyRequests', `this session has ${count} open streams; close some first`);
    }
    this.#bySession.set(sessionId, count + 1);
    return () => {
      const left = (this.#bySession.get(sessionId) ?? 1) - 1;
      if (left > 0) this.#bySession.set(sessionId, left);
      else this.#bySession.delete(sessionId);
    };
  }

  #handshake(
    message: IncomingMessage,
    { socket, head, route, leave }: { socket: Duplex; head: Buffer; route: SocketRoute; leave: () => void },
  ): Promise<WebSocket> {
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: route.messageBytesMax ?? messageBytesDefault,
      handleProtocols: (offered) => route.protocols?.find((name) => offered.has(name)) ?? false,
    });
    socket.once('close', leave);
    return new Promise((resolve, reject) => {
      socket.once('close', () => reject(new ApiError('BadRequest', 'the connection was closed')));
      server.once('wsClientError', () => {
        reject(new ApiError('BadRequest', 'the WebSocket handshake is malformed'));
      });
      server.handleUpgrade(message, socket, head, (webSocket) => {
        opened.set(socket, webSocket);
        // What breaks it also closes it, which is what everybody listens to.
        webSocket.on('error', () => undefined);
        resolve(webSocket);
      });
    });
  }

  #follow(
    socket: WebSocket,
    caller: Caller,
    { route, request }: { route: SocketRoute; request: SocketRequest },
  ): void {
    this.#open.add(socket);
    const onEnd = () => {
      const { code, reason } = caller.ended.reason as SessionEnd;
      socket.close(code, closeReason(reason));
      // A peer that does not answer the close would keep reading otherwise.
      this.#options.clock.after(1000, () => socket.terminate());
    };
    if (caller.ended.aborted) onEnd();
    else caller.ended.addEventListener('abort', onEnd, { once: true });
    let alive = true;
    socket.on('pong', () => (alive = true));
    socket.on('message', () => this.#options.gate.touch(caller));
    const beat = () => {
      if (!alive) {
        socket.terminate();
        return;
      }
      alive = false;
      socket.ping();
      timer = this.#options.clock.after(pingEveryMs, beat);
    };
    let timer = this.#options.clock.after(pingEveryMs, beat);
    const stopAsking = this.#keepAsking(socket, caller, { route, request });
    socket.once('close', () => {
      timer.cancel();
      stopAsking();
      caller.ended.removeEventListener('abort', onEnd);
      this.#open.delete(socket);
    });
  }

  /** Ends the stream when the right that it needs is gone, whoever took it. Returns what ends the asking. */
  #keepAsking(
    socket: WebSocket,
    caller: Caller,
    { route, request }: { route: SocketRoute; request: SocketRequest },
  ): () => void {
    const { gate, clock } = this.#options;
    if (!route.needs) return () => undefined;
    let timer: Timer;
    const ask = async () => {
      let allowed = true;
      try {
        const question = route.needs?.(request);
        const cluster = request.params['cluster'] ?? '';
        if (question) allowed = await gate.stillMay(caller, cluster, question);
      } catch {
        // What the request is about is not plain: the route refuses it.
      }
      if (!allowed) socket.close(4403, 'you may not do this any more');
      timer = clock.after(rightsEveryMs, () => void ask());
    };
    timer = clock.after(rightsEveryMs, () => void ask());
    return () => timer.cancel();
  }
}

const opened = new WeakMap<Duplex, WebSocket>();

function openedOn(socket: Duplex): WebSocket | undefined {
  return opened.get(socket);
}

export function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf('?');
  return mark < 0
    ? { path: target, query: new URLSearchParams() }
    : { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

/** A close frame holds 123 bytes of reason. */
export function closeReason(text: string): string {
  let cut = text;
  while (Buffer.byteLength(cut) > 123) cut = cut.slice(0, -1);
  return cut;
}

function refuse(socket: Duplex, code: number, body: string): void {
  const headers = { ...securityHeaders, 'cache-control': 'no-store', 'content-type': 'application/json' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? 'Refused'}\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
