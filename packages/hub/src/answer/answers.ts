import { ApiError, isApiError } from '@skerry/api';
import { describeError } from '@skerry/base';
import { TransportError, type TransportResponse } from '@skerry/client';
import { answerStatus, type Answer } from '@skerry/serving';

/** Marks what is not known to be true now: its age in seconds, and the warning that RFC 7234 has for it, which clients pass over. */
export function ageHeaders(asOfMs: number, nowMs: number): Record<string, string> {
  return {
    age: String(Math.max(0, Math.round((nowMs - asOfMs) / 1000))),
    warning: '110 skerry-hub "Response is Stale"',
  };
}

export function responseOf(
  answer: Answer,
  headers: Readonly<Record<string, string>> = {},
): TransportResponse {
  return {
    status: answer.status,
    headers: { ...lowerCase(answer.headers), ...headers },
    body: chunksOf(answer.body),
  };
}

export function errorResponse(error: unknown): TransportResponse {
  const { status } = asApiError(error);
  // Clients obey the header by themselves, ten times over: who is to be told at once that there is no link gets none.
  const seconds = status.code === 429 ? status.details?.retryAfterSeconds : undefined;
  const headers: Record<string, string> = seconds === undefined ? {} : { 'retry-after': String(seconds) };
  if (status.code === 401) headers['www-authenticate'] = 'Bearer';
  return responseOf(answerStatus(status), headers);
}

function asApiError(error: unknown): ApiError {
  if (isApiError(error)) return error;
  if (error instanceof TransportError) return cutOff('the cluster can not be reached from this node');
  return new ApiError('InternalError', `Internal error occurred: ${describeError(error)}`);
}

/** The answer to what only the center can do. Its cause is what the node's own agent, to which this is no server, is told. */
export function cutOff(message: string, retryAfterSeconds = 10): ApiError {
  const cause = new TransportError('api-unreachable', message, { sent: false });
  return new ApiError('ServiceUnavailable', message, { details: { retryAfterSeconds }, cause });
}

/** A write of which nobody knows whether it was done. */
export function outcomeUnknown(): ApiError {
  const message =
    'the link to the cluster was lost before its answer came: the request may have been carried out, look before sending it again';
  return new ApiError('Timeout', message, {
    cause: new TransportError('api-connection-lost', message, { sent: true }),
  });
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

async function* chunksOf(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
