/** How a client hears of a webhook that refused, or could not be asked. */
import { ApiError, badRequest, type Status } from '@skerry/api';

/** The webhook's own status, never less than a failure. */
export function denied(webhook: string, result: Partial<Status> = {}): ApiError {
  const by = `admission webhook ${JSON.stringify(webhook)} denied the request`;
  const why = result.message || result.reason;
  const code = Math.max(typeof result.code === 'number' ? result.code : 400, 400);
  const error = ApiError.fromStatus(
    { ...result, message: why ? `${by}: ${why}` : `${by} without explanation` },
    code,
  );
  if (!result.reason) delete error.status.reason;
  return error;
}

export function noDryRun(webhook: string): ApiError {
  return badRequest(`admission webhook ${JSON.stringify(webhook)} does not support dry run`);
}

/** `failed calling webhook "x": …` as the 500 that it is to a client. */
export function failedCalling(webhook: string, cause: Error): ApiError {
  return internal(`failed calling webhook ${JSON.stringify(webhook)}: ${cause.message}`, cause);
}

export function internal(message: string, cause?: unknown): ApiError {
  return new ApiError('InternalError', `Internal error occurred: ${message}`, {
    details: { causes: [{ message }] },
    cause,
  });
}

export function outOfTime(): ApiError {
  return new ApiError('Timeout', 'Timeout: request did not complete within requested timeout', {
    details: {},
  });
}
