/**
 * Compact JSON Web Tokens of foreign issuers: RSA (PKCS#1 and PSS) and ECDSA. Which algorithms count is the server's
 * decision, and the key's type must fit the algorithm, so that no token chooses how it is checked: `none`, and a public key
 * taken for a shared secret, have no way in.
 */
import { isRecord } from '@skerry/base';
import { constants, createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';

export const signatureAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
] as const;
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];

export interface IssuerKey {
  readonly keyId: string | undefined;
  readonly publicKey: KeyObject;
}

/** A token as it came; nothing of it is proved. */
export interface UnverifiedToken {
  readonly algorithm: unknown;
  readonly keyId: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signed: string;
  readonly signature: Buffer;
}

const tokenLengthMax = 64 * 1024;
const modulusBitsMin = 2048;
const curves: Readonly<Record<string, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
};

/** Undefined for a text that is no token. */
export function parseToken(token: string): UnverifiedToken | undefined {
  const parts = token.split('.');
  if (token.length > tokenLengthMax || parts.length !== 3) return undefined;
  if (!parts.every((part) => /^[\w-]+$/.test(part))) return undefined;
  const [header = '', payload = '', signature = ''] = parts;
  const head = recordOf(header);
  const claims = recordOf(payload);
  // What a header says is critical would have to be understood.
  if (!head || !claims || head['crit'] !== undefined) return undefined;
  return {
    algorithm: head['alg'],
    keyId: head['kid'],
    claims,
    signed: `${header}.${payload}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

/** Whether one of the keys has signed it, by one of the algorithms. */
export function isSigned(
  token: UnverifiedToken,
  keys: readonly IssuerKey[],
  algorithms: readonly SignatureAlgorithm[],
): boolean {
  const algorithm = algorithms.find((each) => each === token.algorithm);
  if (!algorithm) return false;
  return keys.some(
    ({ keyId, publicKey }) =>
      (token.keyId === undefined || keyId === undefined || token.keyId === keyId) &&
      fits(publicKey, algorithm) &&
      verified(token, publicKey, algorithm),
  );
}

/** Keys of a JWK set that tokens may be signed by; others in it are passed over. */
export function keysOf(document: unknown): IssuerKey[] {
  const keys = isRecord(document) && Array.isArray(document['keys']) ? (document['keys'] as unknown[]) : [];
  return keys.flatMap((jwk) => {
    if (!isRecord(jwk) || (jwk['use'] !== undefined && jwk['use'] !== 'sig')) return [];
    try {
      const publicKey = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
      return [{ keyId: typeof jwk['kid'] === 'string' ? jwk['kid'] : undefined, publicKey }];
    } catch {
      return [];
    }
  });
}

function fits(key: KeyObject, algorithm: SignatureAlgorithm): boolean {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (algorithm.startsWith('ES')) {
    return key.asymmetricKeyType === 'ec' && namedCurve === curves[algorithm];
  }
  return key.asymmetricKeyType === 'rsa' && modulusLength >= modulusBitsMin;
}

function verified(token: UnverifiedToken, key: KeyObject, algorithm: SignatureAlgorithm): boolean {
  const hash = `sha${algorithm.slice(2)}`;
  const data = Buffer.from(token.signed);
  if (algorithm.startsWith('ES')) {
    return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, token.signature);
  }
  const padding = algorithm.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  const saltLength = algorithm.startsWith('PS') ? constants.RSA_PSS_SALTLEN_DIGEST : undefined;
  return verify(hash, data, { key, padding, saltLength }, token.signature);
}

function recordOf(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
