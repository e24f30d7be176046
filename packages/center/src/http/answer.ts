/** Failures as Kubernetes `Status` objects, whatever was thrown. */
import { ApiError, type Status } from '@skerry/api';
import { describeError, type Logger, SkerryError } from '@skerry/base';
import { TransportError } from '@skerry/client';

/** The wire form of anything thrown. What nobody foresaw is logged and not told. */
export function statusOf(error: unknown, log: Logger, what: string): Status {
  if (error instanceof ApiError) return error.status;
  if (error instanceof TransportError) {
    return new ApiError('ServiceUnavailable', `the cluster does not answer: ${error.message}`).status;
  }
  if (error instanceof SkerryError) return new ApiError('InternalError', error.message).status;
  log.error('request failed', { request: what, error: describeError(error) });
  return new ApiError('InternalError', 'an error on the server prevented the request from succeeding').status;
}

/** A refusal that asks for something first; its reason is none of Kubernetes' own. */
export function refusal(
  reason: 'StepUpRequired' | 'PasswordChangeRequired' | 'CsrfRefused',
  message: string,
): ApiError {
  const error = new ApiError('Forbidden', message);
  return Object.assign(error, { status: { ...error.status, reason } });
}
