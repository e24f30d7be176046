import { badRequest } from '@skerry/api';

/** A request that is no stream is answered within this, if only with 504. */
export const requestTimeoutMs = 60_000;

const unitsMs: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** How long a request may take: what it asks by `?timeout=`, within the server's bound. @throws ApiError BadRequest. */
export function timeoutOf(query: URLSearchParams): number {
  const text = query.get('timeout');
  if (!text) return requestTimeoutMs;
  const asked = durationMs(text);
  return asked > 0 && asked < requestTimeoutMs ? asked : requestTimeoutMs;
}

/** `1m30s` as clients in Go write it. @throws ApiError BadRequest. */
export function durationMs(text: string): number {
  const [, sign = '', rest = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  let total = 0;
  let left = rest;
  if (left === '') throw fault(`invalid duration ${JSON.stringify(text)}`);
  while (left !== '') {
    const part = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(left);
    if (!part) throw fault(`invalid duration ${JSON.stringify(text)}`);
    const [whole, digits = '', unit = ''] = part;
    if (unit === '') throw fault(`missing unit in duration ${JSON.stringify(text)}`);
    const unitMs = unitsMs.get(unit);
    if (unitMs === undefined)
      throw fault(`unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    total += Number(digits) * unitMs;
    left = left.slice(whole.length);
  }
  return sign === '-' ? -total : total;
}

function fault(why: string): Error {
  return badRequest(`invalid timeout specified in the request URL - time: ${why}`);
}
