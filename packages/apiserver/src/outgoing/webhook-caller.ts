/**
 * Posts reviews to webhooks: JSON there, JSON back, each call within its time and its answer within a size. A connection that
 * had been idle and turns out to be dead is no answer: then the call is made once more on a new one.
 */
import http from 'node:http';
import type { Clock } from '@skerry/base';
import { typeFault } from '#http/request-body.ts';
import { answerFault, CallFailure, connectionFault } from '#outgoing/call-failure.ts';
import type { Connections, Destination } from '#outgoing/connections.ts';

/** As admission and conversion webhooks are configured. */
export interface WebhookClientConfig {
  readonly url?: string;
  readonly service?: {
    readonly namespace: string;
    readonly name: string;
    readonly port?: number;
    readonly path?: string;
  };
  /** PEM, base64. */
  readonly caBundle?: string;
}

export interface CallOptions {
  readonly timeoutMs: number;
  /** Whether the webhook is told how long it has, by `?timeout=`. */
  readonly tellTimeout: boolean;
  readonly signal?: AbortSignal;
}

const answerBytesMax = 64 * 1024 * 1024;
const faultTextMax = 2048;

export class WebhookCaller {
  readonly #connections: Connections;
  readonly #clock: Clock;

  constructor(parts: { connections: Connections; clock: Clock }) {
    this.#connections = parts.connections;
    this.#clock = parts.clock;
  }

  /** The parsed answer. Rejects with a CallFailure. */
  async post(config: WebhookClientConfig, body: unknown, options: CallOptions): Promise<unknown> {
    const { destination, host, url } = locate(config);
    const seconds = Math.ceil(options.timeoutMs / 1000);
    if (options.tellTimeout) url.searchParams.set('timeout', `${seconds}s`);
    const path = `${url.pathname}${url.search}`;
    const bytes = Buffer.from(JSON.stringify(body));
    const deadline = this.#deadline(options);
    const send = () =>
      exchange({
        agent: this.#connections.agentFor(destination),
        host,
        path,
        bytes,
        signal: deadline.signal,
      });
    try {
      const answer = await send().catch((error: unknown) => {
        if (error instanceof StaleConnection) return send();
        throw error;
      });
      return decoded(answer);
    } catch (error) {
      if (error instanceof CallFailure) throw error;
      throw new CallFailure(
        `Post ${JSON.stringify(`https://${host}${path}`)}: ${deadline.fault() ?? connectionFault(error)}`,
        {
          cause: error,
        },
      );
    } finally {
      deadline.end();
    }
  }

  #deadline({ timeoutMs, signal }: CallOptions): Deadline {
    const aborter = new AbortController();
    let fault: string | undefined;
    const stop = (why: string) => {
      fault ??= why;
      aborter.abort();
    };
    const timer = this.#clock.after(timeoutMs, () => stop('context deadline exceeded'));
    const left = () => stop('context canceled');
    if (signal?.aborted) left();
    else signal?.addEventListener('abort', left, { once: true });
    return {
      signal: aborter.signal,
      fault: () => fault,
      end() {
        timer.cancel();
        signal?.removeEventListener('abort', left);
      },
    };
  }
}

interface Deadline {
  readonly signal: AbortSignal;
  /** Why the call was broken off; undefined when it was not. */
  fault(): string | undefined;
  end(): void;
}

interface Location {
  readonly destination: Destination;
  readonly host: string;
  readonly url: URL;
}

function locate({ url, service, caBundle }: WebhookClientConfig): Location {
  const authorityPem = caBundle ? Buffer.from(caBundle, 'base64').toString().trim() : '';
  if (service) {
    const { name, namespace, port = 443 } = service;
    const host = `${name}.${namespace}.svc:${port}`;
    const place = new URL(`https://${host}`);
    place.pathname = service.path ?? '/';
    return {
      destination: { to: { kind: 'service', namespace, name, port }, authorityPem },
      host,
      url: place,
    };
  }
  const place = URL.parse(url ?? '');
  if (!place) throw new CallFailure(`Unparsable URL: ${url ?? ''}`);
  const host = place.hostname.replace(/^\[|\]$/g, '');
  return {
    destination: { to: { kind: 'host', host, port: Number(place.port || 443) }, authorityPem },
    host: place.host,
    url: place,
  };
}

interface Sent {
  readonly agent: http.Agent;
  readonly host: string;
  readonly path: string;
  readonly bytes: Buffer;
  readonly signal: AbortSignal;
}

interface Received {
  readonly status: number;
  readonly body: Buffer;
}

/** The other end had closed the connection while nobody used it. */
class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
}

function exchange({ agent, host, path, bytes, signal }: Sent): Promise<Received> {
  return new Promise((resolve, reject) => {
    const request = http.request({
      agent,
      method: 'POST',
      path,
      signal,
      headers: {
        host,
        accept: 'application/json, */*',
        'content-type': 'application/json',
        'content-length': bytes.length,
        'user-agent': 'kube-apiserver-admission',
      },
    });
    let answered = false;
    request.on('error', (error) => {
      const stale = request.reusedSocket && !answered && !signal.aborted;
      reject(stale ? new StaleConnection(error.message, { cause: error }) : error);
    });
    request.once('response', (response) => {
      answered = true;
      collect(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    request.end(bytes);
  });
}

async function collect(response: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the response and its connection.
    if (size > answerBytesMax) throw new CallFailure(`the answer is longer than ${answerBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decoded({ status, body }: Received): unknown {
  if (status < 200 || status > 206) {
    throw new CallFailure(answerFault(status, body.toString('utf8', 0, faultTextMax).trim()), {
      code: status,
    });
  }
  const text = body.toString();
  const unreadable = (fault: string, cause?: unknown) =>
    new CallFailure(`couldn't get version/kind; json parse error: ${fault}`, { code: 500, cause });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    if (text.startsWith('{')) throw unreadable((cause as Error).message, cause);
    // Stock servers take what is no JSON for YAML, and so nearly anything for a string.
    value = text;
  }
  const fault = typeFault(value);
  if (fault) throw unreadable(`json: cannot unmarshal ${fault}`);
  return value;
}
