import { ApiError } from '@skerry/api';

/** 401 in the words clients know; why a credential was refused goes to the log, never to the caller. */
export function unauthorized(): ApiError {
  return new ApiError('Unauthorized', 'Unauthorized');
}

/**
 * The token of an Authorization header; undefined when there is no such header. A header of another scheme, or without a
 * token, is a credential that is present and bad: it throws `Unauthorized`, so that the request can't pass as someone else.
 */
export function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const match = /^bearer +(\S+) *$/i.exec(header);
  if (!match) throw unauthorized();
  return match[1];
}
