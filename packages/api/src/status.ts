/**
 * API errors are `Status` objects from the first throw. The wordings are those that clients match on.
 * Rules: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 */
export type StatusReason =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Expired'
  | 'Invalid'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'UnsupportedMediaType'
  | 'RequestEntityTooLarge'
  | 'TooManyRequests'
  | 'InternalError'
  | 'ServerTimeout'
  | 'Timeout'
  | 'ServiceUnavailable'
  | 'StorageReadError';

const codes: Record<StatusReason, number> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServerTimeout: 500,
  StorageReadError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
};

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { continue?: string; resourceVersion?: string };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: StatusReason;
  details?: StatusDetails;
  code: number;
}

/** A plural resource and its group, as error texts name it: `pods`, `deployments.apps`. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

/** An answer that is not success. `status` is what goes over the wire. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: Status;

  constructor(
    reason: StatusReason,
    message: string,
    extra: { details?: StatusDetails; continue?: string; code?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: extra.cause });
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: extra.continue ? { continue: extra.continue } : {},
      status: 'Failure',
      message,
      reason,
      ...(extra.details ? { details: extra.details } : {}),
      code: extra.code ?? codes[reason],
    };
  }

  /** From a `Status` that a server sent. */
  static fromStatus(status: Partial<Status>, code = status.code ?? 500): ApiError {
    const error = new ApiError(status.reason ?? 'InternalError', status.message ?? `HTTP status ${code}`, {
      details: status.details,
      code,
    });
    if (status.metadata?.continue) error.status.metadata.continue = status.metadata.continue;
    return error;
  }

  get code(): number {
    return this.status.code;
  }

  get reason(): StatusReason {
    return this.status.reason ?? 'InternalError';
  }
}

export function isApiError(error: unknown, reason?: StatusReason): error is ApiError {
  return error instanceof ApiError && (reason === undefined || error.reason === reason);
}

export function groupResourceText({ group, resource }: GroupResource): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function detailsOf({ group, resource }: GroupResource, name: string): StatusDetails {
  return { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: resource };
}

export function notFound(resource: GroupResource, name: string): ApiError {
  return new ApiError('NotFound', `${groupResourceText(resource)} "${name}" not found`, {
    details: detailsOf(resource, name),
  });
}

export function alreadyExists(resource: GroupResource, name: string): ApiError {
  return new ApiError('AlreadyExists', `${groupResourceText(resource)} "${name}" already exists`, {
    details: detailsOf(resource, name),
  });
}

export function conflict(
  resource: GroupResource,
  name: string,
  why = 'the object has been modified; please apply your changes to the latest version and try again',
): ApiError {
  return new ApiError(
    'Conflict',
    `Operation cannot be fulfilled on ${groupResourceText(resource)} "${name}": ${why}`,
    { details: detailsOf(resource, name) },
  );
}

export function forbidden(resource: GroupResource, name: string, why: string): ApiError {
  const what = resource.resource ? groupResourceText(resource) : '';
  const subject = name ? `${what} "${name}"` : what;
  return new ApiError('Forbidden', `${subject || '""'} is forbidden: ${why}`, {
    details: detailsOf(resource, name),
  });
}

/** 500 without a reason: kubectl shows it as `Error from server: …`. */
export function unknownError(message: string): ApiError {
  const error = new ApiError('InternalError', message);
  delete error.status.reason;
  return error;
}

export function badRequest(message: string): ApiError {
  return new ApiError('BadRequest', message);
}

/** One fault of one field, as `Invalid` lists it. `path` is dotted with indexes: `spec.containers[0].image`. */
export interface FieldError {
  reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueForbidden'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueTooFew'
    | 'FieldValueTooShort'
    | 'InternalError'
    | 'FieldValueDuplicate'
    | 'FieldValueNotFound'
    | 'FieldValueTypeInvalid';
  path: string;
  /** Whole sentence after the path: `Required value`, `Invalid value: "x": must be …`. */
  message: string;
}

/** More than these help nobody, and an answer must not be much larger than its request. */
const faultsToldMax = 250;

/** 422 for a kind as `Deployment.apps "x" is invalid: spec.selector: Required value`. */
export function invalid(
  kind: { group: string; kind: string },
  name: string,
  faults: readonly FieldError[],
): ApiError {
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const told = faults.slice(0, faultsToldMax);
  // The sentence says each thing once; the causes are complete.
  const texts = [...new Set(told.map((fault) => `${fault.path}: ${fault.message}`))];
  if (faults.length > told.length) texts.push(`and ${faults.length - told.length} more`);
  const listed = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new ApiError('Invalid', `${qualified} "${name}" is invalid: ${listed}`, {
    details: {
      ...(name ? { name } : {}),
      ...(kind.group ? { group: kind.group } : {}),
      kind: kind.kind,
      causes: told.map((fault) => ({ reason: fault.reason, message: fault.message, field: fault.path })),
    },
  });
}
