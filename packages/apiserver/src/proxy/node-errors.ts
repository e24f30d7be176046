/** What a client hears when the way to a node or pod fails. */
import { ApiError } from '@skerry/api';
import { describeError } from '@skerry/base';

export function nodeUnreachable(node: string, cause: unknown): ApiError {
  return new ApiError('ServiceUnavailable', `node "${node}" can't be reached: ${describeError(cause)}`, {
    cause,
  });
}

/** The wording is the one that clients know from any API server. */
export function serviceUnreachable(cause: unknown): ApiError {
  return new ApiError('ServiceUnavailable', `error trying to reach service: ${describeError(cause)}`, {
    cause,
  });
}

/** From an answer of the node's server that is not success: its text, in a Status of the same code. */
export function nodeRefused(status: number, text: string): ApiError {
  const message = text.trim() || `the node answered ${status}`;
  switch (status) {
    case 400:
      return new ApiError('BadRequest', message);
    case 403:
      return new ApiError('Forbidden', message);
    case 404:
      return new ApiError('NotFound', message);
    case 500:
      return new ApiError('InternalError', `Internal error occurred: ${message}`);
    default:
      return new ApiError(status < 500 ? 'BadRequest' : 'ServiceUnavailable', message, { code: status });
  }
}
