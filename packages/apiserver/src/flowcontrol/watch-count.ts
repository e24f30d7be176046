import { parseFieldSelector } from '@skerry/api';
import type { ResourceRequest } from '#request-info.ts';

/** Fields by which watchers are found without being asked: a watch of one value costs the other values' writers nothing. */
const indexedFields: Readonly<Record<string, string>> = { pods: 'spec.nodeName' };

/** How many watchers a write will have to be told to: those of its resource, of its namespace and of its object. */
export class WatchCount {
  readonly #counts = new Map<string, number>();

  /** Counts a watch that begins; the returned function counts its end. */
  begin(info: ResourceRequest, query: URLSearchParams): () => void {
    if (isIndexed(info, query)) return () => undefined;
    const key = keyOf(info.group, info.resource, info.namespace, info.name);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    };
  }

  interestedIn({ group, resource, namespace, name }: ResourceRequest): number {
    const count = (inNamespace: string, named: string) =>
      this.#counts.get(keyOf(group, resource, inNamespace, named)) ?? 0;
    return count('', '') + (namespace ? count(namespace, '') : 0) + (name ? count(namespace, name) : 0);
  }
}

function keyOf(group: string, resource: string, namespace: string, name: string): string {
  return `${group}/${resource}/${namespace}/${name}`;
}

function isIndexed(info: ResourceRequest, query: URLSearchParams): boolean {
  const field = info.group === '' ? indexedFields[info.resource] : undefined;
  const selector = field && query.get('fieldSelector');
  if (!field || !selector) return false;
  try {
    return Boolean(parseFieldSelector(selector).exact(field));
  } catch {
    return false;
  }
}
