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
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) {
    const wrong = text.search(/[^\w-]/);
    const at = wrong < 0 ? text.length - 1 : wrong;
    throw invalidToken(`continue key is not valid: illegal base64 data at input byte ${at}`);
  }
  const { v, rv, start } = parse(Buffer.from(text, 'base64url').toString());
  if (v !== version) {
    const said = typeof v === 'string' ? v : '';
    throw invalidToken(`continue key is not valid: server does not recognize this encoded version ${said}`);
  }
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv < -1 || rv === 0) {
    throw invalidToken(
      'continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    );
  }
  if (typeof start !== 'string' || start === '') {
    throw invalidToken('continue key is not valid: encoded start key empty (version meta.k8s.io/v1)');
  }
  if (
    `/${start}`
      .split('/')
      .slice(1)
      .some((part) => part === '' || part === '.' || part === '..')
  )
    throw invalidToken(`continue key is not valid: ${start}`);
  return { revision: rv, startKey: start };
}

function invalidToken(why: string): Error {
  return badRequest(`invalid continue token: ${why}`);
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  const [first = ''] = text;
  const why = first
    ? `invalid character '${first}' looking for beginning of value`
    : 'unexpected end of JSON input';
  throw invalidToken(`continue key is not valid: ${why}`);
}
