import { isApiError } from '@skerry/api';
import type { LiveRequest } from '#contract/index.ts';
import { checkedViewQuery } from '#views/view-query.ts';

const idLengthMax = 64;
const nameLengthMax = 253;

/** Undefined where the text is none. */
export function parseLiveRequest(text: string): LiveRequest | undefined {
  try {
    return requestOf(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || isApiError(error)) return undefined;
    throw error;
  }
}

function requestOf(value: unknown): LiveRequest | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, id, cluster, resource, query, visible } = value as Record<string, unknown>;
  if (type === 'visibility') return typeof visible === 'boolean' ? { type, visible } : undefined;
  if (!isText(id, idLengthMax)) return undefined;
  if (type === 'hide') return { type, id };
  if (type !== 'show' || !isText(cluster, nameLengthMax) || !isText(resource, nameLengthMax))
    return undefined;
  if (typeof query !== 'object' || query === null) return undefined;
  return { type, id, cluster, resource, query: checkedViewQuery(query as Record<string, unknown>) };
}

function isText(value: unknown, lengthMax: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= lengthMax;
}
