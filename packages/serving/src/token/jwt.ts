import { isRecord } from '@skerry/base';
import { createPublicKey, verify } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';

/**
 * Compact JSON Web Tokens of ES256 and RS256. The algorithm is the key's, never the token's word, so no token chooses how it is
 * checked: `none`, and a public key taken for a shared secret, have no way in.
 */
export interface TokenKey {
  readonly keyId: string;
  readonly algorithm: 'ES256' | 'RS256';
  readonly publicKey: KeyObject;
}

export type Claims = Readonly<Record<string, unknown>>;

const tokenLengthMax = 16 * 1024;
const modulusBitsMin = 2048;

/** The keys of a JWK set (`/openid/v1/jwks`) that tokens may be signed by; others in it are passed over. */
export function tokenKeysOf(document: unknown): TokenKey[] {
  const keys = isRecord(document) && Array.isArray(document.keys) ? (document.keys as unknown[]) : [];
  return keys.flatMap((jwk) => {
    const key = isRecord(jwk) ? tokenKeyOf(jwk) : undefined;
    return key ? [key] : [];
  });
}

/** The claims of a token that one of the keys has signed; undefined for every other text. Looks at no claim. */
export function readSignedClaims(keys: readonly TokenKey[], token: string): Claims | undefined {
  if (token.length > tokenLengthMax) return undefined;
  const parts = token.split('.');
  const [header = '', payload = '', signature = ''] = parts;
  if (parts.length !== 3 || !parts.every((part) => /^[\w-]+$/.test(part))) return undefined;
  const head = parsed(header);
  if (!head || head.crit !== undefined) return undefined;
  const signed = Buffer.from(`${header}.${payload}`);
  const bytes = Buffer.from(signature, 'base64url');
  const valid = keys.some(
    (key) =>
      head.alg === key.algorithm &&
      (head.kid === undefined || head.kid === key.keyId) &&
      verify('sha256', signed, { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, bytes),
  );
  return valid ? parsed(payload) : undefined;
}

function tokenKeyOf(jwk: Record<string, unknown>): TokenKey | undefined {
  if (jwk.use !== undefined && jwk.use !== 'sig') return undefined;
  try {
    const publicKey = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    const { namedCurve, modulusLength = 0 } = publicKey.asymmetricKeyDetails ?? {};
    const keyId = typeof jwk.kid === 'string' ? jwk.kid : '';
    if (publicKey.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') {
      return { keyId, algorithm: 'ES256', publicKey };
    }
    if (publicKey.asymmetricKeyType === 'rsa' && modulusLength >= modulusBitsMin) {
      return { keyId, algorithm: 'RS256', publicKey };
    }
    return undefined;
  } catch {
    return undefined;
  }
}

function parsed(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
