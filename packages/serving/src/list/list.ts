import { ApiError, badRequest, isApiError, notFound } from '@skerry/api';
import type { GroupResource, ListMeta } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { answerItem, listAnswer } from '#answer.ts';
import { tooOldResourceVersion } from '#cache/history.ts';
import type { Selection } from '#cache/selection.ts';
import type { WatchCache } from '#cache/watch-cache.ts';
import type { Answer, CachedObject, ConvertedObjects, Encoder, Scope } from '#contract.ts';
import { decodeContinueToken, encodeContinueToken } from '#list/continue-token.ts';
import type { ContinueToken } from '#list/continue-token.ts';
import type { ListOptions } from '#list/list-options.ts';

/** How current a read must be, and how long it may wait to be. */
export interface Freshness {
  readonly clock: Clock;
  /** The source's newest revision: what a read without resourceVersion must have seen. */
  readonly fresh: () => number | Promise<number>;
  readonly signal?: AbortSignal;
}

export interface ListRequest extends Freshness {
  readonly cache: WatchCache;
  readonly scope: Scope;
  readonly options: ListOptions;
  readonly encoder: Encoder;
  /** The form that selectors see; as the cache has it unless told. */
  readonly shown?: ConvertedObjects;
  /** The oldest revision that the source still has; the state before it is gone for clients, though the cache may know it yet. */
  readonly oldest?: () => number;
}

const expiredPage =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.';

/**
 * LIST. Without resourceVersion it waits until the cache has seen all that was written before; pages after the first are of the
 * first one's revision, or 410 Expired with a token that goes on inconsistently. Nothing is serialized here that has been before.
 * @throws ApiError
 */
export async function list(request: ListRequest): Promise<Answer> {
  const { cache, options, encoder } = request;
  const token = tokenOf(options);
  const revision = token ? await pageRevision(request, token) : await listRevision(request);
  const startKey = token?.startKey;
  const oldest = request.oldest?.() ?? 0;
  let page;
  try {
    if (revision < oldest) throw tooOldResourceVersion(revision, oldest);
    const selection = await selectionOf(request, { revision, startKey });
    page = cache.page(selection, { revision, startKey, limit: options.limit });
  } catch (error) {
    throw isApiError(error, 'Expired') ? expired(token, error) : error;
  }
  const meta: ListMeta = { resourceVersion: String(revision) };
  const last = page.items.at(-1);
  if (page.more && last) {
    meta.continue = encodeContinueToken({ revision, startKey: `${last.key}\0` });
    if (page.remaining !== undefined) meta.remainingItemCount = page.remaining;
  }
  await encoder.prepare?.(page.items);
  return listAnswer(encoder, page.items, meta);
}

/** Of what a list names: with all that selectors look at in the form in which they see it. */
async function selectionOf(
  { cache, scope, options, shown }: Pick<ListRequest, 'cache' | 'scope' | 'options' | 'shown'>,
  at: { readonly revision: number; readonly startKey?: string | undefined },
): Promise<Selection> {
  const selection = cache.select(scope, options, shown && ((item) => shown.object(item)));
  if (shown && selection.looks) {
    const { revision, startKey } = at;
    const place = cache.select(selection.place, {});
    await shown.prepare(cache.page(place, { revision, ...(startKey ? { startKey } : {}) }).items);
  }
  return selection;
}

/** The objects that a request means, now. */
export async function selectedItems(
  request: Pick<ListRequest, 'cache' | 'scope' | 'options' | 'shown'>,
): Promise<readonly CachedObject[]> {
  const { revision } = request.cache;
  return request.cache.page(await selectionOf(request, { revision }), { revision }).items;
}

/**
 * GET of one object.
 * @throws ApiError NotFound, and Timeout for a revision that does not come.
 */
export async function get(
  request: Freshness & {
    readonly cache: WatchCache;
    readonly scope: { readonly namespace?: string; readonly name: string };
    /** As the request names it; the store's own unless told. */
    readonly resource?: GroupResource;
    /** Unset: the newest; 0: whatever is at hand. */
    readonly resourceVersion?: number;
    readonly encoder: Encoder;
  },
): Promise<Answer> {
  const { cache, scope, resourceVersion, encoder } = request;
  await waitUntilFresh(request, cache, resourceVersion);
  const item = cache.get(scope.namespace ?? '', scope.name);
  if (!item) throw notFound(request.resource ?? cache.resource, scope.name);
  await encoder.prepare?.([item]);
  return answerItem(encoder, item);
}

/** Waits for what a resourceVersion asks for: unset the newest, 0 nothing, else at least that. */
export async function waitUntilFresh(
  { clock, fresh, signal }: Freshness,
  cache: WatchCache,
  resourceVersion: number | undefined,
): Promise<void> {
  if (resourceVersion === 0) return;
  await cache.progress.waitFor(resourceVersion ?? (await fresh()), { clock, signal });
}

function tokenOf(options: ListOptions): ContinueToken | undefined {
  if (options.continue === undefined) return undefined;
  const token = decodeContinueToken(options.continue);
  if (options.resourceVersion !== undefined && options.resourceVersion !== 0) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  return token;
}

async function pageRevision(request: ListRequest, token: ContinueToken): Promise<number> {
  const { cache } = request;
  if (token.revision === -1) {
    await waitUntilFresh(request, cache, undefined);
    return cache.revision;
  }
  await waitUntilFresh(request, cache, token.revision);
  return token.revision;
}

async function listRevision(request: ListRequest): Promise<number> {
  const { cache, options } = request;
  const { resourceVersion, resourceVersionMatch, limit } = options;
  await waitUntilFresh(request, cache, resourceVersion);
  // A limit without a match is the older way to ask for exactly that revision.
  const exact =
    resourceVersionMatch === 'Exact' || (resourceVersionMatch === undefined && limit !== undefined);
  return exact && resourceVersion ? resourceVersion : cache.revision;
}

function expired(token: ContinueToken | undefined, cause: ApiError): ApiError {
  if (!token) {
    return new ApiError('Expired', 'The resourceVersion for the provided list is too old.', { cause });
  }
  const onward = encodeContinueToken({ ...token, revision: -1 });
  return new ApiError('Expired', expiredPage, { cause, continue: onward });
}
