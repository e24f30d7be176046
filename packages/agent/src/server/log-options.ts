import { NodeRequestError } from '#server/ports.ts';

/** What of a container's log is wanted. Rule: PodLogOptions of the core API. */
export interface LogOptions {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  /** Milliseconds since the epoch: lines before it are left out. */
  readonly sinceMs?: number;
  /** Lines from the end; all unless told. */
  readonly tailLines?: number;
  /** Bytes to send at most. */
  readonly limitBytes?: number;
  readonly stream: 'All' | 'Stdout' | 'Stderr';
}

export function parseLogOptions(query: URLSearchParams, nowMs: number): LogOptions {
  const sinceSeconds = wholeNumber(query, 'sinceSeconds', 1);
  const sinceTime = query.get('sinceTime');
  const sinceMs =
    sinceSeconds !== undefined ? nowMs - sinceSeconds * 1000 : sinceTime ? Date.parse(sinceTime) : undefined;
  if (Number.isNaN(sinceMs))
    throw new NodeRequestError(400, `sinceTime ${sinceTime} is not an RFC 3339 time`);
  const stream = query.get('stream') || 'All';
  if (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr') {
    throw new NodeRequestError(400, `stream ${stream}: must be All, Stdout or Stderr`);
  }
  return {
    follow: isTrue(query.get('follow')),
    previous: isTrue(query.get('previous')),
    timestamps: isTrue(query.get('timestamps')),
    sinceMs,
    tailLines: wholeNumber(query, 'tailLines', 0),
    limitBytes: wholeNumber(query, 'limitBytes', 1),
    stream,
  };
}

/** A boolean query parameter as the API reads it: present and neither `false`, which Python spells `False`, nor `0`. */
export function isTrue(value: string | null): boolean {
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}

function wholeNumber(query: URLSearchParams, name: string, min: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min) {
    throw new NodeRequestError(400, `${name} ${text}: must be a whole number of at least ${min}`);
  }
  return value;
}
