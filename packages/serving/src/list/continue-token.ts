import { badRequest } from '@skerry/api';

/** Where the next page begins. */
export interface ContinueToken {
  /** -1: whatever is newest; the list is then not consistent with its first pages. */
  readonly revision: number;
  /** The next key is the first at or after this one. */
  readonly startKey: string;
}

const version = 'meta.k8s.io/v1';

/** Opaque to clients; the shape is that of kube-apiserver. */
export function encodeContinueToken({ revision, startKey }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: version, rv: revision, start: startKey })).toString('base64url');
}

/** @throws ApiError BadRequest for anything this server has not made. */
export function decodeContinueToken(text: string): ContinueToken {
  const token = parse(Buffer.from(text, 'base64url').toString());
  if (!token || token.v !== version)
    throw badRequest('continue key is not valid: unrecognized encoded version');
  const { rv, start } = token;
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv < -1 || rv === 0) {
    throw badRequest(
      'continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    );
  }
  if (typeof start !== 'string' || start === '') {
    throw badRequest('continue key is not valid: encoded start key empty (version meta.k8s.io/v1)');
  }
  return { revision: rv, startKey: start };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
