/**
 * One HTTP/1.1 request over a byte stream that was dialled for it, and its answer passed on as it comes: nothing is
 * gathered, a slow client slows the sender, and when either goes away the other is told.
 */
import http, { type IncomingMessage } from 'node:http';
import tls from 'node:tls';
import { once } from 'node:events';
import { pipeline, type Duplex } from 'node:stream';
import { describeError, type Logger } from '@skerry/base';
import { joinStreams } from '@skerry/streams';
import type { Exchange } from '#http/exchange.ts';

export interface Outgoing {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** A stream that was dialled for this request and ends with it; or an agent that keeps its own. */
  readonly connection?: Duplex;
  readonly agent?: http.Agent;
  /** A request body to pass on; its end ends the request. */
  readonly body?: NodeJS.ReadableStream;
  readonly signal?: AbortSignal;
}

/** Answers that are read whole are those of refusals. */
const textBytesMax = 64 * 1024;

/** Meaningful for one hop only. Rule: RFC 9110, 7.6.1. */
const hopHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What came of a request that asked to upgrade: a raw socket, or an answer. */
export type Answer =
  | { readonly kind: 'response'; readonly response: IncomingMessage }
  | { readonly kind: 'upgrade'; readonly response: IncomingMessage; readonly socket: Duplex };

export function sendRequest(outgoing: Outgoing): Promise<Answer> {
  return attempt(outgoing).catch((error: unknown) => {
    // A kept connection that had died meanwhile is no answer; what has no body can be sent again.
    if (error instanceof DeadConnection && !outgoing.body) return attempt(outgoing);
    throw error instanceof DeadConnection ? error.cause : error;
  });
}

class DeadConnection extends Error {
  override readonly name = 'DeadConnection';
}

function attempt(outgoing: Outgoing): Promise<Answer> {
  const { connection, agent, signal, body } = outgoing;
  return new Promise((resolve, reject) => {
    const request = http.request({
      method: outgoing.method,
      path: outgoing.path,
      headers: outgoing.headers as http.OutgoingHttpHeaders,
      ...(connection ? { createConnection: () => connection } : { agent }),
      signal,
    });
    connection?.on('error', () => undefined);
    request.on('error', (error) => {
      connection?.destroy();
      reject(request.reusedSocket && !signal?.aborted ? new DeadConnection('', { cause: error }) : error);
    });
    request.once('response', (response) => {
      response.once('close', () => connection?.destroy());
      resolve({ kind: 'response', response });
    });
    request.once('upgrade', (response, socket, head) => {
      if (outgoing.headers['upgrade'] === undefined) {
        socket.destroy();
        reject(new Error('it switched to another protocol without being asked'));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve({ kind: 'upgrade', response, socket });
    });
    if (body) {
      body.on('error', (error) => request.destroy(error));
      body.pipe(request);
    } else {
      request.end();
    }
  });
}

/** TLS inside a dialled stream; pods have certificates of their own making, as every API server's proxy allows. */
export async function secured(connection: Duplex, signal: AbortSignal): Promise<Duplex> {
  const socket = tls.connect({ socket: connection, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect', { signal });
    return socket;
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    connection.destroy();
    throw error;
  }
}

/** Passes an answer on until it ends or the client goes. */
export async function passResponse(
  exchange: Exchange,
  response: IncomingMessage,
  headers: Readonly<Record<string, string | readonly string[]>>,
  body: AsyncIterable<Buffer> = response,
): Promise<void> {
  const target = exchange.open(response.statusCode ?? 502, headers);
  try {
    for await (const chunk of body) {
      if (!(await target.write(chunk))) break;
    }
    target.end();
  } catch {
    // Cut in the middle: the client must not take what it has for the whole.
    target.destroy();
  }
}

export async function readText(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.length > textBytesMax) break;
  }
  return text;
}

/** Completes the client's upgrade with the other end's own answer, then copies bytes. */
export function passUpgrade(
  answer: { readonly response: IncomingMessage; readonly socket: Duplex },
  client: { readonly socket: Duplex; readonly head: Buffer },
  log: Logger,
): void {
  const { response, socket } = answer;
  const lines = [`HTTP/1.1 101 ${response.statusMessage || 'Switching Protocols'}`];
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
    lines.push(`${response.rawHeaders[i]}: ${response.rawHeaders[i + 1]}`);
  }
  client.socket.on('error', (error) => log.debug('client broke off', { error: describeError(error) }));
  client.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (client.head.length > 0) client.socket.unshift(client.head);
  joinStreams(client.socket, socket);
}

/** Where the client's wish to upgrade wasn't granted: the other end's answer as it is, which ends the connection. */
export function passRefusal(response: IncomingMessage, socket: Duplex): void {
  const headers = { ...endToEnd(response.headers), connection: 'close' };
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${value}`),
  );
  const status = `HTTP/1.1 ${response.statusCode ?? 502} ${response.statusMessage ?? ''}`;
  socket.write(`${[status, ...lines].join('\r\n')}\r\n\r\n`, 'latin1');
  pipeline(response, socket, () => undefined);
}

/** The headers of a request or answer that the next hop is to see. */
export function endToEnd(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | string[]> {
  const named = String(headers.connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const result: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':')) continue;
    if (!hopHeaders.has(name) && !named.includes(name)) result[name] = value;
  }
  return result;
}

/** Headers of an upgrade that the other end must see to complete it. */
const upgradeHeaders = [
  'connection',
  'upgrade',
  'x-stream-protocol-version',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'user-agent',
];
const tokenProtocol = 'base64url.bearer.authorization.k8s.io.';

/** What says who asks is for this server; what stands behind the proxy has no part in it. */
export function withoutCredentials<T>(headers: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name !== 'authorization' && !name.startsWith('impersonate-')),
  );
}

export function forwardedUpgradeHeaders(message: IncomingMessage): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = {};
  for (const name of upgradeHeaders) {
    const values = message.headersDistinct[name];
    if (values) result[name] = values.length === 1 ? values[0]! : values;
  }
  const offered = message.headers['sec-websocket-protocol'];
  if (offered !== undefined) {
    const kept = offered.split(',').filter((name) => !name.trim().startsWith(tokenProtocol));
    if (kept.length > 0) result['sec-websocket-protocol'] = kept.join(',');
    else delete result['sec-websocket-protocol'];
  }
  return result;
}
