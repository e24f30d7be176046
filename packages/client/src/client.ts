/**
 * The API client over any transport.
 *
 * What it promises: an answer that is no success becomes an `ApiError` with the server's own `Status`; silence becomes a
 * `TransportError`. Sent again are only requests that the server has not acted upon: those that could not be sent
 * (connection refused, stream refused), reads whose connection broke before the answer, and those answered with 429 or
 * 503 and `Retry-After`, which is honoured. That is bounded by `retriesMax` tries, `askedRetriesMax` of those that were asked to
 * come again, and `retryAfterMaxMs` each; beyond, the caller sees the failure. What a busy server refuses is held back together
 * (`BusyServer`). Without a clock nothing is sent again.
 */
import { ApiError } from '@skerry/api';
import type { KubeList, KubeObject, Status, WatchEvent } from '@skerry/api';
import { sleep } from '@skerry/base';
import type { Clock } from '@skerry/base';
import { BusyServer, type Refusal } from '#busy-server.ts';
import { jsonValues } from '#json-stream.ts';
import { deleteBody, listQuery, resourcePath, watchQuery, withQuery, writeQuery } from '#resource-path.ts';
import type {
  ApiClient,
  DeleteOptions,
  ListOptions,
  PatchOptions,
  ResourceClient,
  ResourceRef,
  WatchRequest,
  WriteOptions,
} from '#rest.ts';
import { TransportError } from '#transport.ts';
import type { Transport, TransportRequest, TransportResponse } from '#transport.ts';
import type { RateLimiter } from '#rate-limiter.ts';

export interface ClientOptions {
  readonly transport: Transport;
  readonly userAgent: string;
  /** What retries wait on. */
  readonly clock?: Clock;
  /** Spreads the tries of many clients; returns a number in [0, 1). Without it they are not spread. */
  readonly random?: () => number;
  /** Asked before every request; unlimited unless given. */
  readonly rateLimiter?: RateLimiter;
  /** Answers above this are refused; watches count each event by itself. */
  readonly answerBytesMax?: number;
}

const retriesMax = 5;
/** As often as clients of stock clusters come again. */
const askedRetriesMax = 10;
const retryAfterMaxMs = 30_000;
const retryBaseMs = 100;
const eventBytesMax = 16 << 20;

export const patchContentTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

const metadataAccept = {
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  watch: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
} as const;

export function createClient(options: ClientOptions): ApiClient {
  const { clock, random = () => 0 } = options;
  return new HttpApiClient(options, options.transport, clock && new BusyServer({ clock, random }));
}

interface Call {
  readonly method: TransportRequest['method'];
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

type Outcome =
  | { readonly response: TransportResponse; readonly refusal?: undefined }
  | {
      readonly response?: undefined;
      readonly error: unknown;
      /** Unset: sending it again could do harm, or would be in vain. */
      readonly retry?: 'backoff' | { readonly afterMs: number };
      /** The server was too busy: it may be sent again when `BusyServer` says. */
      readonly refusal?: Refusal;
    };

class HttpApiClient implements ApiClient {
  readonly #options: ClientOptions;
  readonly #transport: Transport;
  readonly #busy: BusyServer | undefined;

  constructor(options: ClientOptions, transport: Transport, busy: BusyServer | undefined) {
    this.#options = options;
    this.#transport = transport;
    this.#busy = busy;
  }

  resource<T extends KubeObject = KubeObject>(ref: ResourceRef): ResourceClient<T> {
    return new HttpResourceClient<T>(this, ref);
  }

  async request<R = unknown>(
    method: TransportRequest['method'],
    path: string,
    options: { body?: unknown; contentType?: string; signal?: AbortSignal; accept?: string } = {},
  ): Promise<R> {
    const call = { method, path, ...options };
    const response = await this.open(call);
    const text = await readText(response, this.#options.answerBytesMax ?? 256 << 20);
    return parseAnswer(text, response, call) as R;
  }

  as(userAgent: string): ApiClient {
    return new HttpApiClient({ ...this.#options, userAgent }, this.#transport, this.#busy);
  }

  close(): void {
    this.#transport.close();
  }

  /** The open answer of a successful request; a failed one has been read and thrown. */
  async open(call: Call): Promise<TransportResponse> {
    const request = this.#prepare(call);
    for (let attempt = 0; ; attempt++) {
      await this.#options.rateLimiter?.wait(call.signal);
      const send = () => this.#attempt(request);
      const outcome = await (this.#busy ? this.#busy.pass(request, send) : send());
      if (outcome.response) return outcome.response;
      const { clock } = this.#options;
      const { retry, refusal } = outcome;
      const most = retry === 'backoff' ? retriesMax : askedRetriesMax;
      if (refusal && attempt < most) continue;
      if (!clock || retry === undefined || attempt >= most) throw outcome.error;
      const delayMs = retry === 'backoff' ? retryBaseMs * 2 ** attempt : retry.afterMs;
      await sleep(clock, delayMs, call.signal);
    }
  }

  #prepare({ method, path, body, contentType, accept, signal }: Call): TransportRequest {
    const headers: Record<string, string> = {
      accept: accept ?? 'application/json',
      'user-agent': this.#options.userAgent,
    };
    if (body === undefined) return { method, path, headers, signal };
    headers['content-type'] = contentType ?? 'application/json';
    return { method, path, headers, signal, body: typeof body === 'string' ? body : JSON.stringify(body) };
  }

  async #attempt(request: TransportRequest): Promise<Outcome> {
    let response: TransportResponse;
    try {
      response = await this.#transport.request(request);
    } catch (error) {
      request.signal?.throwIfAborted();
      const again = error instanceof TransportError && (request.method === 'GET' || !error.sent);
      const hopeless = error instanceof TransportError && error.code === 'api-tls';
      return { error, retry: again && !hopeless ? 'backoff' : undefined };
    }
    if (response.status >= 200 && response.status < 300) return { response };
    const error = await errorOf(response, request);
    const retryAfterMs = Number(response.headers['retry-after']) * 1000;
    const asked = (response.status === 429 || response.status === 503) && retryAfterMs >= 0;
    if (!asked) return { error };
    const afterMs = Math.min(retryAfterMs, retryAfterMaxMs);
    // A Status speaks of one object alone, as of a pod whose disruption budget is used up.
    const isBusy = response.status === 429 && !isJson(response) && this.#busy !== undefined;
    const level = response.headers['x-kubernetes-pf-prioritylevel-uid'] ?? '';
    return isBusy ? { error, refusal: { level, afterMs } } : { error, retry: { afterMs } };
  }
}

class HttpResourceClient<T extends KubeObject> implements ResourceClient<T> {
  readonly #client: HttpApiClient;
  readonly #ref: ResourceRef;

  constructor(client: HttpApiClient, ref: ResourceRef) {
    this.#client = client;
    this.#ref = ref;
  }

  get(
    name: string,
    options: { namespace?: string; subresource?: string; resourceVersion?: string } = {},
  ): Promise<T> {
    const path = resourcePath(this.#ref, { ...options, name });
    return this.#client.request('GET', withQuery(path, { resourceVersion: options.resourceVersion }));
  }

  async list(options: ListOptions = {}): Promise<KubeList<T>> {
    const path = withQuery(resourcePath(this.#ref, { namespace: options.namespace }), listQuery(options));
    const accept = options.metadataOnly ? metadataAccept.list : undefined;
    const list = await this.#client.request<KubeList<T>>('GET', path, { accept });
    list.items ??= [];
    list.metadata ??= {};
    return list;
  }

  async *watch(options: WatchRequest): AsyncGenerator<WatchEvent<T>> {
    const path = withQuery(resourcePath(this.#ref, { namespace: options.namespace }), watchQuery(options));
    const response = await this.#client.open({
      method: 'GET',
      path,
      signal: options.signal,
      accept: options.metadataOnly ? metadataAccept.watch : undefined,
    });
    const source = `watch of ${this.#ref.resource}`;
    for await (const value of jsonValues(response.body, { lengthMax: eventBytesMax, source })) {
      const event = value as WatchEvent<T>;
      if (event?.type === 'ERROR') throw ApiError.fromStatus(event.object as Partial<Status>);
      if (typeof event?.type !== 'string' || typeof event.object !== 'object') {
        throw new TransportError('api-bad-answer', `${source}: not a watch event`, { sent: true });
      }
      yield event;
    }
  }

  create(object: T, options: WriteOptions = {}): Promise<T> {
    const namespace = options.namespace ?? object.metadata?.namespace;
    const path = resourcePath(this.#ref, { namespace });
    return this.#client.request('POST', withQuery(path, writeQuery(options)), { body: this.#typed(object) });
  }

  createSubresource<R = KubeObject>(
    name: string,
    subresource: string,
    body: object,
    options: WriteOptions = {},
  ): Promise<R> {
    const path = resourcePath(this.#ref, { namespace: options.namespace, name, subresource });
    return this.#client.request('POST', withQuery(path, writeQuery(options)), { body });
  }

  update(object: T, options: WriteOptions = {}): Promise<T> {
    const namespace = options.namespace ?? object.metadata?.namespace;
    const name = object.metadata?.name ?? '';
    const path = resourcePath(this.#ref, { namespace, name, subresource: options.subresource });
    return this.#client.request('PUT', withQuery(path, writeQuery(options)), { body: this.#typed(object) });
  }

  patch(name: string, patch: unknown, options: PatchOptions): Promise<T> {
    const path = resourcePath(this.#ref, { ...options, name });
    return this.#client.request('PATCH', withQuery(path, writeQuery(options)), {
      body: patch,
      contentType: patchContentTypes[options.type],
    });
  }

  async delete(name: string, options: DeleteOptions = {}): Promise<void> {
    const path = resourcePath(this.#ref, { namespace: options.namespace, name });
    await this.#client.request('DELETE', path, { body: deleteBody(options) });
  }

  /** Items of a list carry no kind of their own; a body needs one. */
  #typed(object: T): T {
    if (object.apiVersion && object.kind) return object;
    const { group, version, kind } = this.#ref;
    return { ...object, apiVersion: group === '' ? version : `${group}/${version}`, kind };
  }
}

async function readText(response: TransportResponse, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > bytesMax) {
      throw new TransportError('api-bad-answer', `the answer is longer than ${bytesMax} bytes`, {
        sent: true,
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString('utf8');
}

function parseAnswer(text: string, response: TransportResponse, call: Call): unknown {
  if (!isJson(response)) return text;
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TransportError('api-bad-answer', `${call.method} ${call.path}: the answer is not JSON`, {
      sent: true,
      cause: error,
    });
  }
}

function isJson({ headers }: TransportResponse): boolean {
  return (headers['content-type'] ?? 'application/json').includes('json');
}

async function errorOf(response: TransportResponse, request: TransportRequest): Promise<ApiError> {
  const text = await readText(response, 1 << 20).catch(() => '');
  const status = parseStatus(text);
  if (status) return ApiError.fromStatus(status, status.code ?? response.status);
  const what = `${request.method} ${request.path.split('?')[0]}`;
  const said = text.trim().slice(0, 200) || 'no explanation';
  return ApiError.fromStatus(
    { reason: reasonOf(response.status), message: `${what}: HTTP status ${response.status}: ${said}` },
    response.status,
  );
}

function parseStatus(text: string): Partial<Status> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isStatus =
      typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
    return isStatus ? (value as Partial<Status>) : undefined;
  } catch {
    return undefined;
  }
}

const reasons: Record<number, Status['reason']> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function reasonOf(code: number): Status['reason'] {
  return reasons[code] ?? 'InternalError';
}
