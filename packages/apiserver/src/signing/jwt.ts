/**
 * Compact JSON Web Tokens, ES256 and RS256 only, over `node:crypto`. A verifier picks the key by the token's `kid` among
 * its own keys and takes the algorithm from that key, never from the token, so no token can choose how it is checked.
 */
import { type KeyObject, sign, verify } from 'node:crypto';
import type { JsonObject } from '@skerry/api';

export interface SigningKey {
  readonly keyId: string;
  readonly algorithm: 'ES256' | 'RS256';
  readonly privateKey: KeyObject;
}

export interface VerificationKey {
  readonly keyId: string;
  readonly algorithm: 'ES256' | 'RS256';
  readonly publicKey: KeyObject;
}

/** Longest token that is looked at. */
const tokenLengthMax = 16_384;

export function signJwt(key: SigningKey, claims: object): string {
  const header = encode({ alg: key.algorithm, kid: key.keyId });
  const body = `${header}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(body), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${body}.${signature.toString('base64url')}`;
}

/** Whether a bearer token has the outer form of a JWT. */
export function looksLikeJwt(token: string): boolean {
  return token.length <= tokenLengthMax && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}

/** The claims of a token signed by one of the keys; undefined for any other token. Checks no claim. */
export function verifyJwt(keys: readonly VerificationKey[], token: string): JsonObject | undefined {
  if (!looksLikeJwt(token)) return undefined;
  const [header = '', payload = '', signature = ''] = token.split('.');
  const keyId = decode(header)?.['kid'];
  const data = Buffer.from(`${header}.${payload}`);
  const bytes = Buffer.from(signature, 'base64url');
  const candidates = keyId === undefined ? keys : keys.filter((key) => key.keyId === keyId);
  const valid = candidates.some((key) =>
    verify('sha256', data, { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, bytes),
  );
  return valid ? decode(payload) : undefined;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as JsonObject)
      : undefined;
  } catch {
    return undefined;
  }
}
