import { ApiError, badRequest, cloneJson, isApiError, notFound } from '@skerry/api';
import type { Clock } from '@skerry/base';
import {
  answerObject,
  get,
  list,
  listAnswer,
  negotiate,
  parseListOptions,
  selectedItems,
  watch,
  type CachedObject,
  type Encoder,
  type Shape,
  resourceVersionOf,
} from '@skerry/serving';
import { ResponseSink, sendAnswer, sendJson, sendStatus } from '#http/answers.ts';
import { readBody, type Exchange } from '#http/exchange.ts';
import { bodyBytesMax, mediaTypeOf, readDocument, readJson } from '#http/request-body.ts';
import { isTrue, type ResourceRequest } from '#request-info.ts';
import { conform } from '#registry/conform.ts';
import { deleteUnreadable, ignoreReadErrors } from '#registry/delete-unreadable.ts';
import { createObject } from '#registry/create.ts';
import { deletedStatus, deleteObject, parseDeleteRequest } from '#registry/delete.ts';
import { deprecation, isAnsweredWithObject, isCreatedByUpdate } from '#registry/kind-rules.ts';
import type { WatchMetrics } from '#metrics/watch-metrics.ts';
import type { Served } from '#registry/kind-table.ts';
import { decodePatch, patchObject, requireManager } from '#registry/patch.ts';
import type { Registry, Target } from '#registry/registry.ts';
import { sendWritten } from '#written-answer.ts';
import { writeOptionsOf } from '#registry/request-options.ts';
import { checkPlace, updateObject, type UpdatedPart } from '#registry/update.ts';
import type { WriteOptions } from '#registry/write-options.ts';
import type { Authorizer, UserInfo } from '#security.ts';

export interface ResourceCall {
  readonly info: ResourceRequest;
  readonly user: UserInfo;
  readonly served: Served;
}

/** Seconds between bookmarks that a client asks for, where every byte of its way costs; other servers know no such header. */
const bookmarkEveryHeader = 'skerry-bookmark-every';

/** Objects of a collection that are deleted side by side. */
const deletesAtOnce = 64;

/** The verbs of stored resources over HTTP: options and bodies in, registry, answers out. */
export class ResourceHandler {
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #authorizer: () => Authorizer;
  readonly #random: () => number;
  readonly #watches: WatchMetrics;

  constructor(
    registry: Registry,
    parts: { clock: Clock; random: () => number; authorizer: () => Authorizer; watches: WatchMetrics },
  ) {
    this.#watches = parts.watches;
    this.#authorizer = parts.authorizer;
    this.#registry = registry;
    this.#clock = parts.clock;
    this.#random = parts.random;
  }

  async handle(call: ResourceCall, exchange: Exchange): Promise<void> {
    const { info, served } = call;
    this.#checkPlace(info, served);
    // What is created in a custom kind that goes is refused when the object is known.
    const known = served.info.verbs.includes(info.verb) || (served.custom && info.verb === 'create');
    if (!known) throw methodNotAllowed();
    const deprecated = deprecation(served);
    if (deprecated) exchange.warnings.push(deprecated);
    switch (info.verb) {
      case 'get':
        return this.get(call, exchange);
      case 'list':
        return this.#list(call, exchange);
      case 'watch':
        return this.#watch(call, exchange);
      case 'create':
        return this.#create(call, exchange);
      case 'update':
        return this.update(call, exchange, { part: 'whole' });
      case 'patch':
        return this.patch(call, exchange, { part: 'whole' });
      case 'delete':
        return this.#delete(call, exchange);
      case 'deletecollection':
        return this.#deleteCollection(call, exchange);
      default:
        throw methodNotAllowed();
    }
  }

  /** GET of the object; also of its status. */
  async get({ info, served }: ResourceCall, exchange: Exchange): Promise<void> {
    const encoder = this.#shown(exchange, served);
    served.stored.values.requireReadable(served.stored.key(info.namespace, info.name));
    const answer = await get({
      cache: served.stored.cache,
      scope: targetOf(info, served),
      resource: served.info,
      resourceVersion: resourceVersionOf(exchange.query.get('resourceVersion') ?? ''),
      encoder,
      fresh: this.#newest,
      clock: this.#clock,
      signal: exchange.signal,
    });
    await sendAnswer(exchange, answer);
  }

  async update({ info, served, user }: ResourceCall, exchange: Exchange, part: UpdatedPart): Promise<void> {
    const encoder = negotiate(exchange.headers['accept'], served.encoders);
    const write = writeOptionsOf(exchange, user, {
      subresource: info.subresource,
      optionsKind: 'UpdateOptions',
    });
    const document = await readDocument(exchange, served.info.kind, served);
    const body = conform(served, document.value, conformance(write, document));
    const target = targetOf(info, served);
    checkPlace(served, target, body);
    const creates = part.part === 'whole' && isCreatedByUpdate(served);
    if (creates && !(await this.#registry.find(served, target))) {
      const created = await createObject(this.#registry, served, target.namespace, body, {
        ...write,
        options: { ...write.options, kind: 'CreateOptions' },
      });
      await sendWritten(exchange, encoder, created, 201);
      return;
    }
    const updated = await updateObject(
      this.#registry,
      served,
      target,
      { ...part, replaces: true, leavesCurrent: true, transform: () => cloneJson(body) },
      write,
    );
    await sendWritten(exchange, encoder, updated, 200);
  }

  async patch({ info, served, user }: ResourceCall, exchange: Exchange, part: UpdatedPart): Promise<void> {
    const encoder = negotiate(exchange.headers['accept'], served.encoders);
    const write = writeOptionsOf(exchange, user, {
      subresource: info.subresource,
      optionsKind: 'PatchOptions',
    });
    const mediaType = mediaTypeOf(exchange);
    const bytes = await readBody(exchange, bodyBytesMax);
    const request = await decodePatch(mediaType, bytes, {
      custom: served.custom,
      force: isTrue(exchange.query.get('force')),
      audit: exchange.audit,
    });
    if (request.type === 'apply') requireManager(exchange);
    const target = targetOf(info, served);
    const { object, created } = await patchObject(this.#registry, served, target, request, part, write);
    await sendWritten(exchange, encoder, object, created ? 201 : 200);
  }

  async #list({ info, served }: ResourceCall, exchange: Exchange): Promise<void> {
    const encoder = this.#shown(exchange, served, 'list');
    requireReadable(info, served);
    const answer = await list({
      cache: served.stored.cache,
      scope: scopeOf(info),
      options: parseListOptions(exchange.query, served.info, served),
      encoder,
      ...shownIn(served),
      fresh: this.#newest,
      oldest: () => this.#registry.parts.store.compactedRevision,
      clock: this.#clock,
      signal: exchange.signal,
    });
    await sendAnswer(exchange, answer);
  }

  async #watch({ info, served }: ResourceCall, exchange: Exchange): Promise<void> {
    const encoder = this.#shown(exchange, served, 'watch');
    requireReadable(info, served);
    const query = exchange.query;
    if (!query.has('watch')) query.set('watch', 'true');
    const bookmarkEverySeconds = Number(exchange.headers[bookmarkEveryHeader]);
    const sink = new ResponseSink(() => exchange.open(200, { 'Content-Type': encoder.watchContentType }));
    const stream = await watch({
      cache: served.stored.cache,
      scope: scopeOf(info),
      options: parseListOptions(query, served.info, served),
      encoder,
      ...shownIn(served),
      sink,
      clock: this.#clock,
      random: this.#random,
      signal: exchange.signal,
      fresh: this.#newest,
      memory: this.#watches.memory,
      observer: this.#watches.observerOf(served.info),
      ...(bookmarkEverySeconds > 0 ? { bookmarkEveryMs: bookmarkEverySeconds * 1000 } : {}),
    });
    sink.open();
    await stream.done;
  }

  async #create({ info, served, user }: ResourceCall, exchange: Exchange): Promise<void> {
    const encoder = negotiate(exchange.headers['accept'], served.encoders);
    const write = writeOptionsOf(exchange, user, { subresource: '', optionsKind: 'CreateOptions' });
    const document = await readDocument(exchange, served.info.kind, served);
    const object = conform(served, document.value, conformance(write, document));
    const created = await createObject(this.#registry, served, info.namespace, object, write);
    await sendWritten(exchange, encoder, created, 201);
  }

  async #delete({ info, served, user }: ResourceCall, exchange: Exchange): Promise<void> {
    const encoder = negotiate(exchange.headers['accept'], served.encoders);
    const { request, write } = await this.#deleteOptions(exchange, user);
    const target = targetOf(info, served);
    if (isTrue(exchange.query.get(ignoreReadErrors)) || write.options[ignoreReadErrors] === true) {
      const parts = { write, authorizer: this.#authorizer() };
      sendStatus(exchange, await deleteUnreadable(this.#registry, served, target, parts));
      return;
    }
    const { object, gone } = await deleteObject(this.#registry, served, target, request, write);
    if (gone && !isAnsweredWithObject(served)) sendJson(exchange, 200, deletedStatus(served, object));
    else await sendAnswer(exchange, answerObject(encoder, object));
  }

  async #deleteCollection({ info, served, user }: ResourceCall, exchange: Exchange): Promise<void> {
    const options = parseListOptions(exchange.query, served.info, served);
    const { request, write } = await this.#deleteOptions(exchange, user);
    await this.#registry.fresh();
    requireReadable(info, served);
    const { cache } = served.stored;
    const items = await selectedItems({ cache, scope: scopeOf(info), options, ...shownIn(served) });
    const encoder = negotiate(exchange.headers['accept'], served.encoders);
    const gone = new Set<CachedObject>();
    const oneOfMany = { ...write, ofCollection: true };
    // Several at once share a commit of the store; all at once would shut everyone else out.
    for (let start = 0; start < items.length; start += deletesAtOnce) {
      const batch = items.slice(start, start + deletesAtOnce).map(async (item) => {
        const { namespace, name } = item;
        try {
          await deleteObject(this.#registry, served, { namespace, name }, request, oneOfMany);
          gone.add(item);
        } catch (error) {
          if (!isApiError(error, 'NotFound')) throw error;
        }
      });
      await Promise.all(batch);
    }
    // As they were listed: what became of each is told by a watch.
    const meta = { resourceVersion: String(this.#newest()) };
    const listed = items.filter((item) => gone.has(item));
    await sendAnswer(exchange, listAnswer(encoder, listed, meta));
  }

  async #deleteOptions(exchange: Exchange, user: UserInfo) {
    const body = await readJson(exchange);
    if (body !== undefined && (typeof body !== 'object' || body === null || Array.isArray(body))) {
      throw badRequest('the request body is no DeleteOptions');
    }
    const given = (body ?? {}) as Record<string, unknown>;
    const request = parseDeleteRequest(given, exchange.query);
    const write = writeOptionsOf(exchange, user, {
      subresource: '',
      optionsKind: 'DeleteOptions',
      body: { ...given, ...definedOf(request) },
    });
    return { request, write };
  }

  /** The form that a read is answered in. */
  #shown(exchange: Exchange, served: Served, shape: Shape = 'object'): Encoder {
    return negotiate(exchange.headers['accept'], served.encoders, {
      includeObject: exchange.query.get('includeObject'),
      shape,
    });
  }

  /** The newest revision that readers must see. */
  readonly #newest = (): number => this.#registry.parts.store.revision;

  /** A namespaced resource is named inside a namespace, a cluster-scoped one never is. */
  #checkPlace(info: ResourceRequest, served: Served): void {
    const wantsName = info.verb === 'update' || info.verb === 'patch';
    if ((wantsName && !info.named) || (info.verb === 'create' && info.named)) throw methodNotAllowed();
    if (!served.info.namespaced) {
      if (info.namespace && info.resource !== 'namespaces') throw unknownPath();
      return;
    }
    if (info.namespace) return;
    if (info.named) throw unknownPath();
    if (info.verb === 'create' || info.verb === 'deletecollection') throw methodNotAllowed();
  }
}

/** 404 for a path that nothing is served at. */
export function unknownPath(): ApiError {
  return new ApiError('NotFound', 'the server could not find the requested resource', { details: {} });
}

export function methodNotAllowed(): ApiError {
  return new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', {
    details: {},
  });
}

export function targetOf(info: ResourceRequest, served: Served): Target {
  if (!info.name) throw notFound(served.info, info.name);
  return { namespace: served.info.namespaced ? info.namespace : '', name: info.name };
}

/** 500 for a list or watch that an unreadable object belongs to: without it, it would be taken for deleted. */
function requireReadable(info: ResourceRequest, { stored }: Served): void {
  if (stored.values.unreadableCount === 0) return;
  const { namespace, name } = scopeOf(info);
  const inNamespace =
    stored.namespaced && namespace !== undefined ? `${stored.prefix}${namespace}/` : stored.prefix;
  if (name !== undefined) stored.values.requireReadable(stored.key(namespace ?? '', name));
  else stored.values.requireAllReadable(inNamespace);
}

/** Selectors see the version that is asked for; where somebody must be asked for it, the cache doesn't have it. */
function shownIn({ remote }: Served) {
  return remote ? { shown: remote.objects } : {};
}

function scopeOf(info: ResourceRequest) {
  return {
    namespace: info.resource === 'namespaces' ? undefined : info.namespace || undefined,
    name: info.named ? info.name : undefined,
  };
}

function conformance(
  { fieldValidation: validation, warnings }: WriteOptions,
  { faults: earlierFaults, order }: Awaited<ReturnType<typeof readDocument>>,
) {
  return { validation, warnings, earlierFaults, order };
}

function definedOf(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
