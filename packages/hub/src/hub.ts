/**
 * The API on a node: answers what the center would, from one copy of what is read here, and goes on answering while the
 * center is out of reach.
 *
 * While there is a link: watches of the same things are one watch of the center; reads that don't ask for the newest are
 * answered from it; everything else is passed on with the caller's own credentials and nothing added to them. While there
 * is none: reads are answered with what was read before and by whom it was allowed, marked with their age; whatever would
 * change something is refused at once. A write is never taken for later: nobody could say whether it will be done.
 */
import { ApiError, isApiError, notFound, parseFieldSelector, type AnyObject } from '@skerry/api';
import { sleep, type Clock, type Logger, type Service } from '@skerry/base';
import {
  TransportError,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from '@skerry/client';
import {
  answerItem,
  list,
  negotiate,
  parseListOptions,
  resourceVersionOf,
  watch,
  WatchMemory,
  type Encoder,
  type ListOptions,
} from '@skerry/serving';
import { Authority } from '#access/authority.ts';
import { Decisions, type Attributes } from '#access/decisions.ts';
import { HubClock } from '#access/hub-clock.ts';
import { TokenAccess, type BearerCaller } from '#access/token-access.ts';
import { ageHeaders, cutOff, errorResponse, outcomeUnknown, responseOf } from '#answer/answers.ts';
import { Documents } from '#answer/documents.ts';
import { BodyReader } from '#answer/read-body.ts';
import { notReadBefore, tooMany, whyRefused } from '#answer/refusals.ts';
import { headerOf, inNameOf, inPlainJson, isForAnother, uncompressed } from '#answer/requests.ts';
import { targetOf, type Target } from '#answer/request-target.ts';
import { SinkBody } from '#answer/sink-body.ts';
import { CacheFile } from '#cache/cache-file.ts';
import { Sealer } from '#cache/sealer.ts';
import type { Caller, LocalPods, Upstream } from '#contract.ts';
import {
  coverageOf,
  coverageText,
  objectCoverage,
  type CoverageKey,
  type ResourceVersionRef,
} from '#coverage/coverage-key.ts';
import { Coverages, type LocalEdit } from '#coverage/coverages.ts';
import type { Coverage } from '#coverage/coverage.ts';
import { parseList } from '#coverage/upstream-list.ts';
import { Vault } from '#vault.ts';

export interface HubOptions {
  readonly nodeName: string;
  /** The cache's file; its folder is made. */
  readonly cacheFile: string;
  /** 32 bytes: what seals Secrets and tokens on the disk. */
  readonly key: Uint8Array;
  readonly upstream: Upstream;
  readonly pods: LocalPods;
  readonly cacheBytesMax?: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export interface Hub extends Service {
  /** The API for the node's own agent, in this process. Close it with the hub. */
  readonly transport: Transport;
  /** For small things that must outlive a restart, sealed on the disk. */
  readonly vault: Vault;
  /**
   * Changes an object on this machine alone, while it is cut off; overwritten when the link is back.
   * @throws ApiError Conflict while there is a link, NotFound where the node holds no such object.
   */
  edit(
    ref: ResourceVersionRef,
    place: { readonly namespace: string; readonly name: string },
    object: AnyObject,
  ): Promise<AnyObject>;
  edits(): LocalEdit[];
  /** How many watches are open here. */
  readonly watches: number;
  /** @throws ApiError Unauthorized, or ServiceUnavailable while it can't be known. */
  identify(token: string): Promise<BearerCaller>;
  /** Never rejects: what goes wrong is an answer. */
  answer(request: TransportRequest, caller: Caller): Promise<TransportResponse>;
  /** Writes what waits to be written; nothing is answered afterwards. */
  close(): Promise<void>;
}

/** A read that the center leaves waiting for so long is answered with what was read before, where there is something. */
const patienceMs = 5_000;
const shortPatienceMs = 500;
const doubtMs = 15_000;
/** Longer answers are passed on and not kept. */
const ownBodyBytesMax = 64 << 20;
const guestBodyBytesMax = 4 << 20;
const bodiesBytesMax = 64 << 20;
const lookMs = 10_000;

export function createHub(options: HubOptions): Hub {
  return new NodeHub(options);
}

class NodeHub implements Hub {
  readonly name: string;
  readonly vault: Vault;
  readonly transport: Transport;
  readonly #options: HubOptions;
  readonly #file: CacheFile;
  readonly #coverages: Coverages;
  readonly #authority: Authority;
  readonly #tokens: TokenAccess;
  readonly #documents: Documents;
  readonly #hubClock: HubClock;
  readonly #watchMemory = new WatchMemory(watchBytesMax);
  readonly #bodies = new BodyReader(bodiesBytesMax);
  readonly #node: Caller;
  #watches = 0;
  /** The center has not answered lately, and the link is not known to be down: no read waits long again before it does. */
  #doubtfulUntilMs = -Infinity;

  constructor(options: HubOptions) {
    this.#options = options;
    const { nodeName, upstream, clock, log, random, pods } = options;
    this.name = `hub of ${nodeName}`;
    this.#node = { type: 'node', user: `system:node:${nodeName}` };
    this.#file = CacheFile.open({
      path: options.cacheFile,
      sealer: new Sealer(options.key),
      log,
      ...(options.cacheBytesMax === undefined ? {} : { bytesMax: options.cacheBytesMax }),
    });
    const file = this.#file;
    this.#coverages = new Coverages({ file, upstream, clock, log, random });
    const { writer } = this.#coverages;
    this.#hubClock = new HubClock({ clock, file, writer, isLinked: () => upstream.isLinked() });
    this.#authority = new Authority(upstream, new Decisions({ file, writer, clock }));
    this.#documents = new Documents({ file, writer, clock });
    this.vault = new Vault({ file, writer, clock });
    const hubClock = this.#hubClock;
    this.#tokens = new TokenAccess({ upstream, file, writer, pods, nodeName, clock, hubClock });
    this.transport = {
      request: async (request) => {
        request.signal?.throwIfAborted();
        try {
          return await this.#answer(request, this.#node);
        } catch (error) {
          if (!isApiError(error)) throw error;
          if (error.cause instanceof TransportError) throw error.cause;
          return errorResponse(error);
        }
      },
      close() {
        // The hub's owner closes it.
      },
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#options.upstream.isLinked()) this.#hubClock.tick();
      await sleep(this.#options.clock, lookMs, signal).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await this.#coverages.close();
    this.#file.close();
  }

  async edit(
    ref: ResourceVersionRef,
    place: { readonly namespace: string; readonly name: string },
    object: AnyObject,
  ): Promise<AnyObject> {
    if (this.#options.upstream.isLinked())
      throw new ApiError(
        'Conflict',
        'this machine has its link: change the object in the cluster, with kubectl',
      );
    const edited = await this.#coverages.edit(ref, place, object);
    if (!edited) throw notFound(ref, place.name);
    return edited;
  }

  edits(): LocalEdit[] {
    return this.#coverages.edits;
  }

  get watches(): number {
    return this.#watches;
  }

  identify(token: string): Promise<BearerCaller> {
    return this.#tokens.identify(token);
  }

  async answer(request: TransportRequest, caller: Caller): Promise<TransportResponse> {
    try {
      return await this.#answer(request, caller);
    } catch (error) {
      request.signal?.throwIfAborted();
      return errorResponse(error);
    }
  }

  #answer(request: TransportRequest, caller: Caller): Promise<TransportResponse> {
    const url = new URL(request.path, 'https://hub');
    if (request.method !== 'GET' || isForAnother(request)) return this.#pass(request, caller);
    const target = targetOf(url.pathname);
    if (target.type === 'document') return this.#document(request, caller);
    if (target.type === 'other') return this.#pass(request, caller);
    const query = url.searchParams;
    if (target.type === 'object') return this.#get(request, target, query, caller);
    const options = parseListOptions(query);
    const key = coverageOf(target.ref, {
      namespace: target.namespace,
      labelSelector: options.labelSelector.text,
      fieldSelector: options.fieldSelector.text,
    });
    const read: Read = { request, key, query, options, caller };
    return options.watch ? this.#watch(read) : this.#list(read);
  }

  /** As it is, in the caller's name. */
  async #pass(request: TransportRequest, caller: Caller): Promise<TransportResponse> {
    if (!this.#options.upstream.isLinked()) throw cutOff(whyRefused(request));
    try {
      return await this.#options.upstream.transport.request(inNameOf(caller, request));
    } catch (error) {
      request.signal?.throwIfAborted();
      if (!(error instanceof TransportError)) throw error;
      if (request.method !== 'GET' && error.sent) throw outcomeUnknown();
      throw cutOff(whyRefused(request));
    }
  }

  async #document(request: TransportRequest, caller: Caller): Promise<TransportResponse> {
    const answer = await this.#patiently(uncompressed(request), caller);
    if (!answer) return this.#kept(request, caller);
    this.#keep(request, caller, answer);
    return answer.response;
  }

  /** As it came: what can't be put together here from what it is made of. */
  #keep(request: TransportRequest, caller: Caller, { response, bytes }: WholeAnswer): void {
    if (!bytes || response.status !== 200) return;
    const wanted = { path: request.path, accept: headerOf(request, 'accept') };
    this.#documents.store(caller.user, wanted, { headers: response.headers, body: bytes });
  }

  #kept(request: TransportRequest, caller: Caller): TransportResponse {
    const { path } = request;
    const kept = this.#documents.read(caller.user, { path, accept: headerOf(request, 'accept') });
    if (!kept) throw cutOff(notReadBefore(path));
    return kept;
  }

  async #get(
    request: TransportRequest,
    target: Extract<Target, { type: 'object' }>,
    query: URLSearchParams,
    caller: Caller,
  ): Promise<TransportResponse> {
    const { ref, namespace, name } = target;
    const attributes: Attributes = { verb: 'get', ...ref, namespace: namespace ?? '', name };
    const key = objectCoverage(ref, { namespace, name });
    if (resourceVersionOf(query.get('resourceVersion') ?? '') === 0) {
      const [live] = this.#coverages.covering(key, { own: caller.type === 'node' });
      const answered = live && (await this.#fromLive(live, caller, attributes, request, name));
      if (answered) return answered;
    }
    const form = this.#form(ref, request, query);
    const answer = await this.#patiently(form ? inPlainJson(request) : uncompressed(request), caller);
    if (!answer) return this.#getHeld(request, query, { key, attributes, caller });
    const { response, bytes } = answer;
    this.#authority.learn(caller, attributes, response.status);
    if (response.status === 404) this.#coverages.forget(key);
    if (!form) this.#keep(request, caller, answer);
    if (!form || response.status !== 200) return response;
    if (!bytes) return form.plain ? response : this.#instead(response, request, caller);
    const object = parseObject(bytes);
    if (!object) return response;
    const revision = Number(object.metadata?.resourceVersion);
    const entry = { namespace: namespace ?? '', name, revision, value: trimmed(bytes) };
    if (Number.isSafeInteger(revision) && revision > 0)
      this.#coverages.store(key, { kind: object.kind ?? '', entries: [entry], revision }, caller);
    if (form.plain) return response;
    return responseOf(answerItem(form.encoder, { ...entry, key: name, object, json: entry.value }));
  }

  /** Undefined: it is not there, and the center is to say so. */
  async #fromLive(
    key: CoverageKey,
    caller: Caller,
    attributes: Attributes,
    request: TransportRequest,
    name: string,
  ): Promise<TransportResponse | undefined> {
    return this.#coverages.read(key, async (coverage) => {
      if (!coverage?.live || !coverage.state) return undefined;
      await this.#authority.check(caller, attributes);
      const item = coverage.state.cache.get(attributes.namespace, name);
      if (!item) return undefined;
      const encoder = negotiate(headerOf(request, 'accept'), coverage.state.encoders);
      return responseOf(answerItem(encoder, item));
    });
  }

  async #getHeld(
    request: TransportRequest,
    query: URLSearchParams,
    { key, attributes, caller }: { key: CoverageKey; attributes: Attributes; caller: Caller },
  ): Promise<TransportResponse> {
    await this.#authority.check(caller, attributes);
    const own = caller.type === 'node';
    const { namespace, name } = attributes;
    const covering = this.#coverages.covering(key, { own });
    const others = this.#coverages.of(key).filter((each) => !own || this.#coverages.isOwn(each));
    let newest: { readonly response: () => TransportResponse; readonly revision: number } | undefined;
    for (const each of [...covering, ...others]) {
      await this.#coverages.read(each, (coverage) => {
        const item = coverage?.state?.cache.get(namespace, name);
        if (!coverage?.state || !item || item.revision <= (newest?.revision ?? 0)) return;
        const includeObject = query.get('includeObject');
        const encoder = negotiate(headerOf(request, 'accept'), coverage.state.encoders, { includeObject });
        const { asOfMs } = coverage;
        newest = {
          revision: item.revision,
          response: () => responseOf(answerItem(encoder, item), this.#age(asOfMs)),
        };
      });
    }
    if (newest) return newest.response();
    if (covering.length > 0) throw notFound(attributes, name);
    return this.#kept(request, caller);
  }

  async #list(read: Read): Promise<TransportResponse> {
    const { request, key, query, options, caller } = read;
    const attributes = attributesOf('list', key);
    const atHand = await this.#listLive(read, attributes);
    if (atHand) return atHand;
    const form = this.#form(key, request, query);
    const answer = await this.#patiently(form ? inPlainJson(request) : uncompressed(request), caller);
    if (!answer) return this.#listHeld(read, attributes);
    const { response, bytes } = answer;
    this.#authority.learn(caller, attributes, response.status);
    if (!form) this.#keep(request, caller, answer);
    if (!form || response.status !== 200) return response;
    if (!bytes) return form.plain ? response : this.#instead(response, request, caller);
    const whole = parseList(bytes);
    if (!whole) return form.plain ? response : this.#pass(request, caller);
    const isAll = !whole.next && options.continue === undefined && isNewest(options);
    if (isAll) this.#coverages.store(key, whole, caller);
    void this.#authority.prepare(caller, attributes);
    return form.plain ? response : this.#encoded(whole, form.encoder, bytes);
  }

  /** A list of the center in the form that was asked for. */
  #encoded(
    whole: NonNullable<ReturnType<typeof parseList>>,
    encoder: Encoder,
    body: Uint8Array,
  ): TransportResponse {
    const { metadata } = parseObject(body) ?? {};
    const items = whole.entries.map(({ namespace, name, revision, value }) => {
      const object = parseObject(value)!;
      return { key: `${namespace}/${name}`, namespace, name, revision, object, json: value };
    });
    const pieces = [...encoder.list(items, { ...metadata, resourceVersion: String(whole.revision) })];
    return responseOf({ status: 200, headers: { 'Content-Type': encoder.contentType }, body: pieces });
  }

  /** Of what is followed, for those who don't ask for the newest. */
  async #listLive(read: Read, attributes: Attributes): Promise<TransportResponse | undefined> {
    const { key, options, caller } = read;
    const { resourceVersion } = options;
    if (resourceVersion === undefined || options.continue || options.resourceVersionMatch === 'Exact')
      return undefined;
    if (resourceVersion !== 0 && options.limit !== undefined) return undefined;
    const [best] = this.#coverages.covering(key, { own: caller.type === 'node' });
    if (!best) return undefined;
    return this.#coverages.read(best, async (coverage) => {
      if (!coverage?.live || coverage.revision < resourceVersion) return undefined;
      await this.#authority.check(caller, attributes);
      return this.#listOf(coverage, read, options);
    });
  }

  async #listHeld(read: Read, attributes: Attributes): Promise<TransportResponse> {
    const { key, caller, request, options } = read;
    await this.#authority.check(caller, attributes);
    const [best] = this.#coverages.covering(key, { own: caller.type === 'node' });
    if (!best) return this.#kept(request, caller);
    return this.#coverages.read(best, async (coverage) => {
      if (!coverage) throw cutOff(notReadBefore(request.path));
      const { asOfMs } = coverage;
      const newest = { ...options, resourceVersion: options.resourceVersion ?? 0 };
      const answer = await this.#listOf(coverage, read, newest);
      return { ...answer, headers: { ...answer.headers, ...this.#age(asOfMs) } };
    });
  }

  async #listOf(
    coverage: Coverage,
    { request, key, query }: Read,
    options: ListOptions,
  ): Promise<TransportResponse> {
    const state = coverage.state!;
    const encoder = negotiate(headerOf(request, 'accept'), state.encoders, {
      includeObject: query.get('includeObject'),
      shape: 'list',
    });
    const answer = await list({
      cache: state.cache,
      scope: scopeOf(key),
      options,
      encoder,
      clock: this.#options.clock,
      fresh: () => state.cache.revision,
      ...(request.signal ? { signal: request.signal } : {}),
    });
    return responseOf(answer);
  }

  async #watch(read: Read): Promise<TransportResponse> {
    const { request, key, caller, options } = read;
    const { upstream, clock, random } = this.#options;
    const isLinked = upstream.isLinked();
    if (isLinked && !this.#form(key, request, read.query)) return this.#pass(request, caller);
    await this.#authority.check(caller, attributesOf('watch', key));
    if (isLinked) void this.#authority.prepare(caller, attributesOf('list', key));
    // A wider one that nobody follows would have to be followed in this caller's name, who may not be allowed all of it.
    const held = this.#coverages
      .covering(key, { own: caller.type === 'node' })
      .find((each) => !isLinked || this.#coverages.isLive(each) || coverageText(each) === coverageText(key));
    // The node's own agent waits for a moment: the link may be on its way back.
    if (!held && !isLinked && caller.type !== 'node') throw cutOff(notReadBefore(request.path));
    if (!held && caller.type !== 'node' && this.#coverages.isFull) throw tooMany();
    const { coverage, use } = this.#coverages.follow(held ?? key, caller);
    const gone = new AbortController();
    const signals = [gone.signal, use.refused, ...(request.signal ? [request.signal] : [])];
    const until = AbortSignal.any(signals);
    try {
      const limit = AbortSignal.any([until, AbortSignal.timeout(isLinked ? firstStateMs : patienceMs)]);
      const state = await coverage.whenReady(limit);
      const encoder = negotiate(headerOf(request, 'accept'), state.encoders, {
        includeObject: read.query.get('includeObject'),
        shape: 'watch',
      });
      const body = new SinkBody(() => gone.abort());
      const stream = await watch({
        cache: state.cache,
        scope: scopeOf(key),
        options,
        encoder,
        sink: body,
        random,
        signal: until,
        clock,
        fresh: () => state.cache.revision,
        memory: this.#watchMemory,
      });
      this.#watches++;
      void stream.done.then(() => {
        this.#watches--;
        use.leave();
        body.end();
      });
      const age = coverage.live ? {} : this.#age(coverage.asOfMs);
      return { status: 200, headers: { 'content-type': encoder.watchContentType, ...age }, body };
    } catch (error) {
      use.leave();
      if (use.refused.aborted) throw use.refused.reason;
      if (error instanceof Error && error.name === 'TimeoutError')
        throw cutOff(notReadBefore(request.path), 1);
      throw error;
    }
  }

  /** The center's answer to a read, whole where it is not too long; undefined where none comes and what was read before is to do. */
  async #patiently(request: TransportRequest, caller: Caller): Promise<WholeAnswer | undefined> {
    const { upstream, clock } = this.#options;
    if (!upstream.isLinked()) return undefined;
    const impatient = new AbortController();
    const isDoubtful = clock.monotonic() < this.#doubtfulUntilMs;
    const timer = clock.after(isDoubtful ? shortPatienceMs : patienceMs, () => impatient.abort(silence));
    const signal = request.signal ? AbortSignal.any([request.signal, impatient.signal]) : impatient.signal;
    try {
      const response = await upstream.transport.request(inNameOf(caller, { ...request, signal }));
      timer.cancel();
      this.#doubtfulUntilMs = -Infinity;
      const bytesMax = caller.type === 'node' ? ownBodyBytesMax : guestBodyBytesMax;
      const read = await this.#bodies.read(response.body, bytesMax);
      if (read.type === 'stream') return { response: { ...response, body: read.body } };
      return { response: { ...response, body: once(read.bytes) }, bytes: read.bytes };
    } catch (error) {
      request.signal?.throwIfAborted();
      if (error === silence) this.#doubtfulUntilMs = clock.monotonic() + doubtMs;
      if (error === silence || error instanceof TransportError) return undefined;
      throw error;
    } finally {
      timer.cancel();
    }
  }

  /** What is too long to be put into another form here comes in it from the center. */
  async #instead(
    long: TransportResponse,
    request: TransportRequest,
    caller: Caller,
  ): Promise<TransportResponse> {
    await long.body[Symbol.asyncIterator]().return?.();
    return this.#pass(request, caller);
  }

  /** The form that is asked for, where objects that come as JSON can be put into it here. */
  #form(ref: ResourceVersionRef, request: TransportRequest, query: URLSearchParams): Form | undefined {
    const { served } = this.#coverages;
    const { encoders, builtin } = served.of(ref, this.#coverages.kindOf(ref) ?? '');
    try {
      const includeObject = query.get('includeObject');
      const encoder = negotiate(headerOf(request, 'accept'), encoders, { includeObject, shape: 'list' });
      // The columns of a custom resource are known to the center alone.
      if (!builtin && encoder.firstFrameDiffers) return undefined;
      return { encoder, plain: encoder === encoders.json };
    } catch {
      return undefined;
    }
  }

  #age(asOfMs: number): Record<string, string> {
    return ageHeaders(asOfMs, this.#options.clock.now());
  }
}

interface Read {
  readonly request: TransportRequest;
  readonly key: CoverageKey;
  readonly query: URLSearchParams;
  readonly options: ListOptions;
  readonly caller: Caller;
}

/** `bytes` where all of it was read. */
interface WholeAnswer {
  readonly response: TransportResponse;
  readonly bytes?: Uint8Array;
}

interface Form {
  readonly encoder: Encoder;
  /** As the center answers. */
  readonly plain: boolean;
}

const silence = new Error('the center did not answer in time');
const firstStateMs = 30_000;
const watchBytesMax = 32 << 20;

/** A list or watch that names one object in its field selector is of that one. */
function attributesOf(verb: 'list' | 'watch', key: CoverageKey): Attributes {
  const { group, version, resource, namespace = '', fieldSelector } = key;
  const name = fieldSelector === '' ? '' : (parseFieldSelector(fieldSelector).exact('metadata.name') ?? '');
  return { verb, group, version, resource, namespace, name };
}

function scopeOf({ namespace }: CoverageKey): { namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}

/** Whether a list was of the newest there is, and not of some older revision. */
function isNewest({ resourceVersion, resourceVersionMatch, limit }: ListOptions): boolean {
  return (
    resourceVersion === undefined || (resourceVersionMatch !== 'Exact' && !(resourceVersion > 0 && limit))
  );
}

function parseObject(bytes: Uint8Array) {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === 'object' && value !== null ? (value as AnyObject) : undefined;
  } catch {
    return undefined;
  }
}

/** Without the newline at the end. */
function trimmed(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
