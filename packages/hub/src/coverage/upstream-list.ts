import type { AnyObject, ListMeta } from '@skerry/api';
import { TransportError, type Transport } from '@skerry/client';
import { collectionPath, selectorQuery, type CoverageKey } from '#coverage/coverage-key.ts';
import type { WholeEntry } from '#coverage/difference.ts';
import { readBytes, statusError } from '#coverage/upstream-watch.ts';

const pageLimit = 500;
const pageBytesMax = 64 << 20;

export interface WholeList {
  readonly kind: string;
  readonly entries: WholeEntry[];
  readonly revision: number;
}

/** Everything there is, in pages, for servers that don't stream lists. Throws `ApiError` and `TransportError`. */
export async function listInPages(
  transport: Transport,
  key: CoverageKey,
  {
    credentials,
    signal,
  }: { readonly credentials: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<WholeList> {
  const entries: WholeEntry[] = [];
  let next: string | undefined;
  for (;;) {
    const query = selectorQuery(key);
    query.set('limit', String(pageLimit));
    if (next) query.set('continue', next);
    const response = await transport.request({
      method: 'GET',
      path: `${collectionPath(key)}?${query.toString()}`,
      headers: { accept: 'application/json', 'user-agent': 'skerry-hub', ...credentials },
      signal,
    });
    if (response.status !== 200) throw await statusError(response);
    const page = parseList(await readBytes(response.body, pageBytesMax));
    if (!page) throw new TransportError('api-bad-answer', `the answer is no list`, { sent: true });
    for (const entry of page.entries) entries.push(entry);
    next = page.next;
    if (!next) return { kind: page.kind, entries, revision: page.revision };
  }
}

export interface ParsedList extends WholeList {
  /** Where the next page begins. */
  readonly next: string | undefined;
}

/** A list of an API server; undefined for anything else, and for lists that are of no revision. */
export function parseList(bytes: Uint8Array): ParsedList | undefined {
  let list: { kind?: string; apiVersion?: string; metadata?: ListMeta; items?: AnyObject[] };
  try {
    list = JSON.parse(Buffer.from(bytes).toString()) as typeof list;
  } catch {
    return undefined;
  }
  const revision = Number(list.metadata?.resourceVersion);
  if (!list.kind?.endsWith('List') || !Number.isSafeInteger(revision) || revision <= 0) return undefined;
  const kind = list.kind.slice(0, -'List'.length);
  const entries: WholeEntry[] = [];
  for (const item of list.items ?? []) {
    // Items of built-in kinds leave out what the list says.
    const object = { kind, apiVersion: list.apiVersion, ...item };
    const { namespace = '', name = '', resourceVersion } = item.metadata ?? {};
    const itemRevision = Number(resourceVersion);
    if (name === '' || !Number.isSafeInteger(itemRevision) || itemRevision <= 0) return undefined;
    entries.push({ namespace, name, revision: itemRevision, value: Buffer.from(JSON.stringify(object)) });
  }
  return { kind, entries, revision, next: list.metadata?.continue };
}
