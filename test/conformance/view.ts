/**
 * Of documents that are too big to record, what is kept: a short digest per path and per schema, from the parts that
 * clients act on. Words for people (descriptions) are left out of it.
 */
import { createHash } from 'node:crypto';
import type { View } from './case.ts';

type Json = Record<string, unknown>;

/** The document in parts, whole: what two living servers are compared by. */
export function viewOf(view: View, document: unknown): unknown {
  const body = (document ?? {}) as Json;
  switch (view) {
    case 'openapi-root':
      return Object.keys((body['paths'] as Json | undefined) ?? {}).sort();
    case 'openapi-v3': {
      const { schemas, ...components } = (body['components'] ?? {}) as Json;
      return { paths: body['paths'], schemas, components };
    }
    case 'openapi-v2': {
      const { paths, definitions, info: _info, parameters, ...rest } = body;
      return { paths: pathsWithOwn(paths, parameters), schemas: definitions, rest };
    }
    default:
      return body;
  }
}

/** The older document shares parameters under names that hash their words; here each path has its own. */
function pathsWithOwn(paths: unknown, shared: unknown): unknown {
  const own = (value: unknown): unknown => {
    if (!Array.isArray(value)) return value;
    return (value as Json[])
      .map(({ $ref, ...rest }) =>
        typeof $ref === 'string' ? ((shared as Json)[$ref.split('/').at(-1) ?? ''] as Json) : rest,
      )
      .toSorted((a, b) =>
        `${String(a['name'])} ${String(a['in'])}` < `${String(b['name'])} ${String(b['in'])}` ? -1 : 1,
      );
  };
  return Object.fromEntries(
    Object.entries((paths ?? {}) as Record<string, Json>).map(([path, item]) => [
      path,
      Object.fromEntries(
        Object.entries(item).map(([key, value]) => [
          key,
          key === 'parameters' ? own(value) : operationWithOwn(value as Json, own),
        ]),
      ),
    ]),
  );
}

function operationWithOwn(operation: Json, own: (value: unknown) => unknown): Json {
  const { consumes, produces } = operation;
  const sorted = (value: unknown) => (Array.isArray(value) ? value.map(String).sort() : value);
  return {
    ...operation,
    consumes: sorted(consumes),
    produces: sorted(produces),
    parameters: own(operation['parameters']),
  };
}

/** What of it is recorded. */
export function digestOf(view: View, viewed: unknown): unknown {
  if (view === 'openapi-root') return viewed;
  if (view === 'digest') return digest(viewed);
  const parts = viewed as Record<string, Json | undefined>;
  return Object.fromEntries(
    Object.entries(parts).map(([part, entries]) => [
      part,
      Object.fromEntries(Object.entries(entries ?? {}).map(([name, entry]) => [name, digest(entry)])),
    ]),
  );
}

export function withoutWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutWords(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => key !== 'description' || typeof item !== 'string')
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [
        key,
        key === 'required' && Array.isArray(item) ? item.map(String).sort() : withoutWords(item),
      ]),
  );
}

function digest(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(withoutWords(value)))
    .digest('base64url')
    .slice(0, 8);
}
