/**
 * Requests that lead to nodes and pods. Each opens a stream of its own through the dialer, so they come through any NAT and
 * two pods of one private address stay apart. Errors before the first byte of an answer are Status objects.
 *
 * Credentials of the client end here: neither its Authorization and impersonation headers nor a token among WebSocket
 * subprotocols travel on.
 */
import type { IncomingMessage } from 'node:http';
import { Readable, type Duplex } from 'node:stream';
import { ApiError, badRequest } from '@skerry/api';
import type { Logger } from '@skerry/base';
import {
  acceptWebSocket,
  type Departure,
  HandshakeError,
  isWebSocketRequest,
  messageProtocols,
  offeredProtocols,
  sendMessages,
  watchDeparture,
} from '@skerry/streams';
import type { ConnectFactory, ConnectRequest } from '#connect.ts';
import type { Exchange } from '#http/exchange.ts';
import type { NodeDialer } from '#ports.ts';
import { backendOf, type Backend } from '#proxy/backend.ts';
import {
  endToEnd,
  forwardedUpgradeHeaders,
  passRefusal,
  passResponse,
  passUpgrade,
  readText,
  secured,
  sendRequest,
  withoutCredentials,
  type Answer,
} from '#proxy/forward.ts';
import { isReadablePage, withLinks } from '#proxy/html-links.ts';
import { nodeRefused, nodeUnreachable, serviceUnreachable } from '#proxy/node-errors.ts';
import { logTarget, streamTarget, type NodeTarget } from '#proxy/pod-streams.ts';
import { joinPath, rewriteLink } from '#proxy/proxy-path.ts';
import type { ObjectReader } from '#security.ts';

/** `random` picks among the endpoints of a Service. */
export function createConnectFactory({ random }: { random: () => number }): ConnectFactory {
  return ({ read, dialer, log }) => {
    const parts = { read, dialer, log, random };
    return {
      async handle(request, exchange) {
        if (request.info.subresource === 'log') return serveLog(parts, request, exchange);
        if (request.info.subresource === 'proxy') return serveProxy(parts, request, exchange);
        throw badRequest('Upgrade request required');
      },
      async handleUpgrade(request, message, socket, head) {
        const client = { message, socket, head, departure: watchDeparture(socket) };
        const { subresource } = request.info;
        try {
          if (subresource === 'proxy') await upgradeProxy(parts, request, client);
          else if (subresource === 'log') await upgradeLog(parts, request, client);
          else await upgradeStream(parts, request, client);
        } finally {
          client.departure.stop();
        }
      },
    };
  };
}

interface Parts {
  readonly read: ObjectReader;
  readonly dialer: NodeDialer;
  readonly log: Logger;
  readonly random: () => number;
}

interface Client {
  readonly message: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** Watched until the client's connection has its reader. */
  readonly departure: Departure;
}

async function serveLog(parts: Parts, { info, query }: ConnectRequest, exchange: Exchange): Promise<void> {
  if (exchange.method !== 'GET') throw new ApiError('MethodNotAllowed', 'a log can only be read');
  const target = logTarget(parts.read, info, query);
  if (!target) {
    exchange.send(200, { 'Content-Type': 'text/plain' }, '');
    return;
  }
  const response = await openLog(parts, target, exchange.signal);
  await passResponse(exchange, response, { 'Content-Type': 'text/plain' });
}

/** A log over a WebSocket. */
async function upgradeLog(parts: Parts, { info, query }: ConnectRequest, client: Client): Promise<void> {
  const { message, socket, head, departure } = client;
  if (!isWebSocketRequest(message)) throw badRequest('a log is upgraded to a WebSocket only');
  const offered = offeredProtocols(message);
  const protocol = offered.length === 0 ? '' : messageProtocols.find((name) => offered.includes(name));
  if (protocol === undefined)
    throw badRequest(`none of the subprotocols ${offered.join(', ')} carries a log`);
  const target = logTarget(parts.read, info, query);
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, departure.signal]);
  const response = target ? await openLog(parts, target, signal) : Readable.from([]);
  departure.stop();
  const webSocket = await acceptWebSocket(message, socket, head, protocol).catch((error: unknown) => {
    throw error instanceof HandshakeError ? badRequest(error.message) : error;
  });
  // The client sees a log that was cut as a connection that was.
  await sendMessages(webSocket, response).catch(() => webSocket.terminate());
}

async function openLog({ dialer }: Parts, target: NodeTarget, signal: AbortSignal): Promise<IncomingMessage> {
  const connection = await dialNode(dialer, target.node, 'log');
  const { response } = await reach(
    target.node,
    sendRequest({ method: 'GET', path: target.path, headers: { host: target.node }, connection, signal }),
  );
  if (response.statusCode !== 200) throw nodeRefused(response.statusCode ?? 502, await readText(response));
  return response;
}

async function upgradeStream(
  { read, dialer, log }: Parts,
  { info, query }: ConnectRequest,
  client: Client,
): Promise<void> {
  const target = streamTarget(read, info, query);
  const connection = await dialNode(dialer, target.node, info.subresource);
  const { message, departure } = client;
  const answer = await reach(
    target.node,
    sendRequest({
      method: message.method ?? 'GET',
      path: target.path,
      headers: { host: target.node, ...forwardedUpgradeHeaders(message) },
      connection,
      signal: departure.signal,
    }),
  );
  await finishUpgrade(answer, client, log);
}

async function serveProxy(parts: Parts, request: ConnectRequest, exchange: Exchange): Promise<void> {
  const { info } = request;
  const search = exchange.query.toString();
  const backend = backendOf(parts.read, info, parts.random);
  if (info.rest === '' && !exchange.path.endsWith('/') && ['GET', 'HEAD'].includes(exchange.method)) {
    // Relative links of a page only work below a path that ends with a slash.
    exchange.send(301, { Location: joinPath(`${exchange.path}/`, search) }, '');
    return;
  }
  const connection = await dialBackend(parts.dialer, backend, exchange.signal);
  const host = hostOf(backend);
  const headers = withoutCredentials(endToEnd(exchange.headers));
  const withBody = !['GET', 'HEAD'].includes(exchange.method) || Number(headers['content-length'] ?? 0) > 0;
  const { response } = await sendRequest({
    method: exchange.method,
    path: joinPath(`/${behindProxy(exchange.path)}`, search),
    headers: {
      ...headers,
      ...forwardedFor(headers['x-forwarded-for'], exchange.remoteAddress),
      host,
      'x-forwarded-uri': exchange.path,
    },
    connection,
    signal: exchange.signal,
    ...(withBody ? { body: exchange.body } : {}),
  }).catch((error: unknown) => {
    throw serviceUnreachable(error);
  });
  const answered = endToEnd(response.headers);
  // Which pages may read what comes through here is for this server to say.
  for (const name of corsHeaders) delete answered[name];
  const rewrite = (link: string) => rewriteLink(link, { prefix: prefixOf(exchange.path), host });
  if (answered.location !== undefined) {
    answered.location = rewrite(String(answered.location));
  } else if (exchange.method !== 'HEAD' && isReadablePage(answered)) {
    const page = withLinks(response, String(answered['content-encoding'] ?? ''), rewrite);
    delete answered['content-encoding'];
    delete answered['content-length'];
    return passResponse(exchange, response, answered, page);
  }
  return passResponse(exchange, response, answered);
}

const corsHeaders = ['credentials', 'headers', 'methods', 'origin'].map(
  (what) => `access-control-allow-${what}`,
);

function forwardedFor(
  before: string | string[] | undefined,
  address: string | undefined,
): Record<string, string> {
  const all = [before ?? [], address ?? []].flat();
  return all.length === 0 ? {} : { 'x-forwarded-for': all.join(', ') };
}

async function upgradeProxy(parts: Parts, { info }: ConnectRequest, client: Client): Promise<void> {
  const { message, departure } = client;
  const backend = backendOf(parts.read, info, parts.random);
  const connection = await dialBackend(parts.dialer, backend, departure.signal);
  const [path = '', search = ''] = (message.url ?? '').split('?', 2);
  const headers = withoutCredentials(endToEnd(message.headers));
  const answer = await sendRequest({
    method: message.method ?? 'GET',
    path: joinPath(`/${behindProxy(path)}`, search),
    headers: {
      ...headers,
      ...forwardedFor(headers['x-forwarded-for'], message.socket.remoteAddress),
      host: hostOf(backend),
      ...forwardedUpgradeHeaders(message),
    },
    connection,
    signal: departure.signal,
  }).catch((error: unknown) => {
    throw serviceUnreachable(error);
  });
  departure.stop();
  if (answer.kind === 'response') passRefusal(answer.response, client.socket);
  else passUpgrade(answer, client, parts.log);
}

async function finishUpgrade(answer: Answer, client: Client, log: Logger): Promise<void> {
  if (answer.kind === 'response') {
    const { response } = answer;
    throw nodeRefused(response.statusCode ?? 502, await readText(response));
  }
  client.departure.stop();
  passUpgrade(answer, client, log);
}

async function dialNode(dialer: NodeDialer, node: string, purpose: string): Promise<Duplex> {
  return reach(node, dialer.dial(node, { purpose }));
}

async function dialBackend(dialer: NodeDialer, backend: Backend, signal: AbortSignal): Promise<Duplex> {
  if (backend.kind === 'node') return dialNode(dialer, backend.node, 'proxy');
  const { node, address, port, secure } = backend;
  try {
    const stream = await dialer.dialPod(node, { address, port, purpose: 'proxy' });
    return secure ? await secured(stream, signal) : stream;
  } catch (error) {
    throw serviceUnreachable(error);
  }
}

async function reach<T>(node: string, attempt: Promise<T>): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    throw nodeUnreachable(node, error);
  }
}

function hostOf(backend: Backend): string {
  if (backend.kind === 'node') return backend.node;
  const { address, port } = backend;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** What follows `/proxy/`, with its escapes as they came. */
function behindProxy(path: string): string {
  return path.slice(prefixOf(path).length + 1);
}

/** The path up to and with `/proxy`: its position is fixed by what stands before it, not by the first such word. */
function prefixOf(path: string): string {
  const namespaced = path.startsWith('/api/v1/namespaces/');
  return path
    .split('/')
    .slice(0, namespaced ? 8 : 6)
    .join('/');
}
