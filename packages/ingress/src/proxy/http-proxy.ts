/**
 * One request after the other, from whichever connection: finds its route in the table of this moment, and does what it says. A
 * change of the table touches no request under way. Answers of its own are those that ingress controllers give: 404 where no
 * route fits, 503 where no endpoint is there, 502 where one breaks, 504 where it is too slow, 500 where a route leads nowhere.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Duplex, Readable } from 'node:stream';
import { describeError, type Clock, type Logger, type Timer } from '@skerry/base';
import {
  BackendError,
  SilentError,
  type BackendAnswer,
  type BackendRequest,
  type BackendRequests,
  type HeaderFields,
} from '#backends/backend-requests.ts';
import { Busyness, chooseBackend, chooseTarget } from '#backends/choose-target.ts';
import type { EndpointDirectory, ServiceTargets, Target } from '#backends/endpoint-directory.ts';
import { changeHeaders, endToEnd, tellOrigin } from '#proxy/headers.ts';
import type { ProxyMetrics } from '#proxy/metrics.ts';
import { passUpgrade } from '#proxy/upgrade.ts';
import { hostNameOf } from '#routing/host-map.ts';
import { parseTarget, rewritePath, type RequestTarget } from '#routing/path.ts';
import { findRoute, type PortTable } from '#routing/port-table.ts';
import type { Action, Route } from '#routing/route.ts';

export type ClientRequest = IncomingMessage | Http2ServerRequest;
export type ClientResponse = ServerResponse | Http2ServerResponse;

export interface HttpProxyOptions {
  readonly table: (port: number) => PortTable | undefined;
  readonly endpoints: Pick<EndpointDirectory, 'find'>;
  readonly backends: BackendRequests;
  readonly metrics: ProxyMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

/** What is known of a request when its route is. */
interface Routed {
  readonly route: Route;
  readonly target: RequestTarget;
  readonly authority: string;
  readonly host: string;
  readonly scheme: 'http' | 'https';
}

type Forward = Extract<Action, { type: 'forward' }>;
type Redirect = Extract<Action, { type: 'redirect' }>;

const triesMax = 3;
const words: Readonly<Record<number, string>> = {
  400: 'bad request',
  404: 'no route',
  421: 'another host than the connection was made for',
  500: 'the route leads nowhere',
  502: 'the endpoint broke',
  503: 'no endpoint is available',
  504: 'the endpoint is too slow',
};
const safeToRepeat = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

export class HttpProxy {
  readonly #options: HttpProxyOptions;
  readonly #busyness = new Busyness();

  constructor(options: HttpProxyOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async handle(port: number, request: ClientRequest, response: ClientResponse): Promise<void> {
    const { metrics, log } = this.#options;
    const done = metrics.begin();
    response.once('close', () => done(response.headersSent ? response.statusCode : 499));
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    try {
      await this.#handle(port, request, response);
    } catch (error) {
      log.warn('request not handled', { error: describeError(error) });
      refuse(response, 500);
    }
  }

  /** A request that asks for another protocol. */
  async upgrade(port: number, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const done = this.#options.metrics.begin();
    socket.on('error', () => socket.destroy());
    const end = (status: number) => {
      socket.end(
        `HTTP/1.1 ${status} ${words[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
      done(status);
    };
    try {
      const routed = this.#route(port, request);
      if (typeof routed === 'number') return end(routed);
      const { action } = routed.route;
      if (action.type !== 'forward') return end(404);
      const chosen = this.#choose(action);
      if (typeof chosen === 'number') return end(chosen);
      const target = this.#pick(chosen, new Set());
      if (!target) return end(503);
      const gone = new AbortController();
      socket.once('close', () => gone.abort());
      const headers = this.#headersFor(port, request, routed, action);
      headers['connection'] = 'Upgrade';
      headers['upgrade'] = request.headers.upgrade;
      const outgoing = this.#options.backends.open(chosen.protocol, target, {
        method: request.method ?? 'GET',
        path: pathFor(routed, action),
        headers,
        body: undefined,
        signal: gone.signal,
      });
      const leave = this.#busyness.begin(target);
      const status = await passUpgrade(outgoing, { socket, head });
      leave();
      if (status === 'broken') end(502);
      else done(status);
    } catch (error) {
      this.#options.log.warn('upgrade not handled', { error: describeError(error) });
      end(500);
    }
  }

  async #handle(port: number, request: ClientRequest, response: ClientResponse): Promise<void> {
    const routed = this.#route(port, request);
    if (typeof routed === 'number') return refuse(response, routed);
    const { action } = routed.route;
    switch (action.type) {
      case 'answer':
        return refuse(response, action.status);
      case 'redirect':
        return redirect(response, routed, action, port);
      case 'forward':
        return this.#forward(port, { request, response, routed, action });
      default:
    }
  }

  /** The route of a request, or the status that it is refused with. */
  #route(port: number, request: ClientRequest): Routed | number {
    const table = this.#options.table(port);
    if (!table) return 404;
    const target = parseTarget(request.url ?? '');
    if (!target) return 400;
    const named = target.authority ?? request.headers[':authority'] ?? request.headers.host;
    const authority = typeof named === 'string' ? named : '';
    const host = hostNameOf(authority);
    if (host === undefined) return 400;
    let parameters: URLSearchParams | undefined;
    const found = findRoute(table, {
      host,
      serverName: serverNameOf(request),
      request: {
        method: request.method ?? 'GET',
        path: target.path,
        header: (name) => oneValue(request.headers[name]),
        queryValue: (name) => (parameters ??= new URLSearchParams(target.query)).get(name) ?? undefined,
      },
    });
    if (found === 'misdirected') return 421;
    return found ? { route: found.route, target, authority, host, scheme: table.protocol } : 404;
  }

  async #forward(
    port: number,
    {
      request,
      response,
      routed,
      action,
    }: { request: ClientRequest; response: ClientResponse; routed: Routed; action: Forward },
  ): Promise<void> {
    const chosen = this.#choose(action);
    if (typeof chosen === 'number') return refuse(response, chosen);
    const body = bodyOf(request);
    const headers = this.#headersFor(port, request, routed, action);
    const ending = this.#ending(response, action.timeoutMs);
    try {
      const answer = await this.#ask(chosen, {
        method: request.method ?? 'GET',
        path: pathFor(routed, action),
        headers,
        body,
        ending,
        backendTimeoutMs: action.backendTimeoutMs,
      });
      if (typeof answer === 'number') return refuse(response, answer);
      await give(answer, response, action);
    } catch (error) {
      refuse(response, isTimeout(error) || isTimeout(ending.signal.reason) ? 504 : 502);
    } finally {
      ending.cancel();
    }
  }

  /** One endpoint after the other while none has seen the request; which one is told by no status of theirs. */
  async #ask(
    { protocol, targets, isService = false }: ServiceTargets,
    {
      ending,
      backendTimeoutMs,
      ...request
    }: Omit<BackendRequest, 'signal'> & { ending: Ending; backendTimeoutMs: number | undefined },
  ): Promise<BackendAnswer | number> {
    const tried = new Set<Target>();
    for (;;) {
      const target = this.#pick({ targets }, tried);
      // A Service that refuses has no endpoint.
      if (!target) return tried.size === 0 || isService ? 503 : 502;
      const leave = this.#busyness.begin(target);
      const limit = ending.after(backendTimeoutMs);
      const over = () => {
        limit?.cancel();
        leave();
      };
      try {
        const { signal } = ending;
        const answer = await this.#options.backends.send(protocol, target, { ...request, signal });
        answer.body.once('close', over);
        return answer;
      } catch (error) {
        over();
        if (ending.signal.aborted || !(error instanceof BackendError)) throw error;
        const again = error.isStale && !request.body && safeToRepeat.has(request.method);
        if (!again) tried.add(target);
        if ((error.isSent && !again) || tried.size >= triesMax) throw error;
        this.#options.log.debug('another endpoint is tried', { error: error.message });
      }
    }
  }

  #choose({ backends }: Forward): ServiceTargets | number {
    const backend = chooseBackend(backends, this.#options.random);
    if (!backend || backend.service === 'invalid') return 500;
    return this.#options.endpoints.find(backend.service) ?? 503;
  }

  #pick({ targets }: Pick<ServiceTargets, 'targets'>, tried: ReadonlySet<Target>): Target | undefined {
    const { random } = this.#options;
    return chooseTarget(targets, { tried, busyness: this.#busyness, random });
  }

  #headersFor(
    port: number,
    request: ClientRequest,
    { authority, scheme }: Routed,
    { requestHeaders, rewrite }: Forward,
  ): HeaderFields {
    const headers = endToEnd(request.headers);
    if (request.headers.te?.includes('trailers')) headers['te'] = 'trailers';
    headers['host'] = rewrite?.hostname ?? authority;
    const address = request.socket?.remoteAddress?.replace(/^::ffff:/, '') ?? '';
    tellOrigin(headers, { address, scheme, authority, port });
    changeHeaders(headers, requestHeaders);
    return headers;
  }

  /** Ends when the client goes, or when its time is over. */
  #ending(response: ClientResponse, timeoutMs: number | undefined): Ending {
    const ending = new AbortController();
    const gone = () => ending.abort(new Error('the client is gone'));
    response.once('close', gone);
    const after = (delayMs: number | undefined) =>
      delayMs === undefined
        ? undefined
        : this.#options.clock.after(delayMs, () => ending.abort(new TimeoutError()));
    const timer = after(timeoutMs);
    return {
      signal: ending.signal,
      after,
      cancel() {
        timer?.cancel();
        response.removeListener('close', gone);
      },
    };
  }
}

interface Ending {
  readonly signal: AbortSignal;
  /** Ends it so much later, unless that is cancelled; undefined means never. */
  after(delayMs: number | undefined): Timer | undefined;
  cancel(): void;
}

function isTimeout(error: unknown): boolean {
  if (error instanceof TimeoutError || error instanceof SilentError) return true;
  return error instanceof Error && error.cause !== undefined && isTimeout(error.cause);
}

/** With its trailers; rejects when it breaks on the way. */
function give(answer: BackendAnswer, response: ClientResponse, { responseHeaders }: Forward): Promise<void> {
  const headers = endToEnd(answer.headers);
  changeHeaders(headers, responseHeaders);
  const isHttp2 = 'stream' in response;
  if (!isHttp2 && answer.headers['trailer'] === undefined) delete headers['trailer'];
  (response as ServerResponse).writeHead(answer.status, headers);
  return new Promise((resolve, reject) => {
    const { body } = answer;
    body.once('end', () => {
      const trailers = answer.trailers();
      if (Object.keys(trailers).length > 0) response.addTrailers(trailers as Record<string, string>);
      response.end();
      resolve();
    });
    body.once('error', reject);
    body.once('close', () => {
      if (!body.readableEnded) reject(new Error('the answer broke'));
    });
    body.pipe(response as NodeJS.WritableStream, { end: false });
  });
}

function redirect(response: ClientResponse, routed: Routed, action: Redirect, port: number): void {
  const { route, target, host, scheme } = routed;
  const to = action.scheme ?? scheme;
  const known = { http: 80, https: 443 };
  // The scheme decides where it is changed and no port is named; else the port that the request came in by.
  const toPort = action.port ?? (action.scheme ? known[action.scheme] : port);
  const portPart = toPort === known[to] ? '' : `:${toPort}`;
  const path = rewritePath(target.path, route.path.value, action.path);
  const headers: HeaderFields = {
    location: `${to}://${action.hostname ?? host}${portPart}${path}${target.query}`,
    'content-length': '0',
  };
  changeHeaders(headers, action.responseHeaders);
  (response as ServerResponse).writeHead(action.status, headers);
  response.end();
}

/** Nothing more can be said when an answer has begun: it is broken off, so that nobody takes it for the whole. */
function refuse(response: ClientResponse, status: number): void {
  if (response.headersSent) {
    if (!response.writableEnded) response.destroy();
    return;
  }
  const text = `${words[status] ?? ''}\n`;
  (response as ServerResponse).writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
  });
  response.end(text);
}

function pathFor({ route, target }: Routed, { rewrite }: Forward): string {
  return rewritePath(target.path, route.path.value, rewrite?.path) + target.query;
}

function bodyOf(request: ClientRequest): Readable | undefined {
  if ('stream' in request) return request.stream.endAfterHeaders ? undefined : request;
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  return encoding !== undefined || (length !== undefined && length !== '0') ? request : undefined;
}

function oneValue(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

function serverNameOf(request: ClientRequest): string | undefined {
  const socket = ('stream' in request ? request.stream.session?.socket : request.socket) as
    | { readonly servername?: string | false | null }
    | undefined;
  return typeof socket?.servername === 'string' ? socket.servername.toLowerCase() : undefined;
}
