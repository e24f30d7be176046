import { type KeyObject, sign } from 'node:crypto';

export interface SigningKey {
  readonly keyId: string;
  readonly algorithm: 'ES256' | 'RS256';
  readonly privateKey: KeyObject;
}

/** A compact JSON Web Token; `@skerry/serving` verifies it. */
export function signJwt(key: SigningKey, claims: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${encode({ alg: key.algorithm, kid: key.keyId })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(body), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${body}.${signature.toString('base64url')}`;
}
