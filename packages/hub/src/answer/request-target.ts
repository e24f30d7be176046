/** What a request's path names, as far as a cache needs to know it. https://kubernetes.io/docs/reference/using-api/api-concepts/ */
import type { ResourceVersionRef } from '#coverage/coverage-key.ts';

export type Target =
  | { readonly type: 'collection'; readonly ref: ResourceVersionRef; readonly namespace: string | undefined }
  | {
      readonly type: 'object';
      readonly ref: ResourceVersionRef;
      readonly namespace: string | undefined;
      readonly name: string;
    }
  /** Discovery, OpenAPI and the like: one body for everybody who may read it. */
  | { readonly type: 'document' }
  /** Subresources, and what else is only passed on. */
  | { readonly type: 'other' };

const other: Target = { type: 'other' };
const document: Target = { type: 'document' };
const documents =
  /^\/(version|api|apis|openapi\/v2|openapi\/v3(\/.*)?|\.well-known\/openid-configuration|openid\/v1\/jwks)\/?$/;

export function targetOf(path: string): Target {
  if (documents.test(path)) return document;
  const parts = segments(path);
  if (!parts) return other;
  const [root, ...rest] = parts;
  if (root === 'api') {
    const [version = '', ...names] = rest;
    return names.length === 0 ? document : resourceTarget({ group: '', version }, names);
  }
  if (root === 'apis') {
    const [group = '', version, ...names] = rest;
    if (version === undefined || names.length === 0) return document;
    return resourceTarget({ group, version }, names);
  }
  return other;
}

function resourceTarget(place: { group: string; version: string }, names: readonly string[]): Target {
  const [first = '', second, third, fourth] = names;
  if (first === 'watch' || first === 'proxy') return other;
  const isNamespaced =
    first === 'namespaces' &&
    third !== undefined &&
    !(namespaceSubresources.has(third) && names.length === 3);
  if (isNamespaced) {
    const ref = { ...place, resource: third };
    if (fourth === undefined) return { type: 'collection', ref, namespace: second };
    return names.length === 4 ? { type: 'object', ref, namespace: second, name: fourth } : other;
  }
  const ref = { ...place, resource: first };
  if (second === undefined) return { type: 'collection', ref, namespace: undefined };
  return names.length === 2 ? { type: 'object', ref, namespace: undefined, name: second } : other;
}

const namespaceSubresources = new Set(['status', 'finalize']);

/** Undefined for a path that is not plain: it is for the center to say what is wrong with it. */
function segments(path: string): string[] | undefined {
  const parts = path.replace(/\/$/, '').split('/').slice(1);
  try {
    const decoded = parts.map((part) => decodeURIComponent(part));
    const plain = decoded.every(
      (part) => part !== '' && part !== '.' && part !== '..' && !part.includes('/'),
    );
    return plain ? decoded : undefined;
  } catch {
    return undefined;
  }
}
