import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { FakeClock } from '@skerry/base/testing';
import { describe, expect, test } from 'vitest';
import { tokenKeysOf } from '#token/jwt.ts';
import { TokenVerifier, verifyServiceAccountToken } from '#token/service-account-token.ts';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
const jwk = (key: KeyObject, kid: string) => ({ ...key.export({ format: 'jwk' }), kid });
const keys = tokenKeysOf({ keys: [jwk(ec.publicKey, 'ec'), jwk(rsa.publicKey, 'rsa')] });

const clock = new FakeClock();
const now = clock.now() / 1000;
const rules = { issuers: ['https://issuer'], audiences: ['api', 'other'], clock };
const claims = {
  iss: 'https://issuer',
  sub: 'system:serviceaccount:shop:till',
  aud: ['api'],
  iat: now - 10,
  nbf: now - 10,
  exp: now + 3600,
  jti: 'id',
  'kubernetes.io': {
    namespace: 'shop',
    serviceaccount: { name: 'till', uid: 'sa-uid' },
    pod: { name: 'till-0', uid: 'pod-uid' },
    node: { name: 'n1', uid: 'node-uid' },
  },
};

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(
  payload: object = claims,
  { key = ec.privateKey, header = { alg: 'ES256', kid: 'ec' } }: { key?: KeyObject; header?: object } = {},
): string {
  const body = `${part(header)}.${part(payload)}`;
  const signature = sign('sha256', Buffer.from(body), { key, dsaEncoding: 'ieee-p1363' });
  return `${body}.${signature.toString('base64url')}`;
}

const faultOf = (text: string) => {
  const verdict = verifyServiceAccountToken(keys, text, rules);
  return verdict.type === 'good' ? 'good' : verdict.fault;
};

test('a good token gives the user that Kubernetes knows for it', () => {
  expect(verifyServiceAccountToken(keys, token(), rules)).toEqual({
    type: 'good',
    identity: {
      user: 'system:serviceaccount:shop:till',
      uid: 'sa-uid',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
      extra: {
        'authentication.kubernetes.io/credential-id': ['JTI=id'],
        'authentication.kubernetes.io/node-name': ['n1'],
        'authentication.kubernetes.io/node-uid': ['node-uid'],
        'authentication.kubernetes.io/pod-name': ['till-0'],
        'authentication.kubernetes.io/pod-uid': ['pod-uid'],
      },
      namespace: 'shop',
      serviceAccount: { name: 'till', uid: 'sa-uid' },
      pod: { name: 'till-0', uid: 'pod-uid' },
      node: { name: 'n1', uid: 'node-uid' },
      audiences: ['api'],
      expiresMs: (now + 3600) * 1000,
    },
  });
});

describe('the verdict on a token', () => {
  const body = `${part({ alg: 'HS256', kid: 'ec' })}.${part(claims)}`;
  const publicPem = ec.publicKey.export({ format: 'pem', type: 'spki' });
  const shared = createHmac('sha256', publicPem).update(body).digest('base64url');
  test.for([
    ['signed by RSA', token(claims, { key: rsa.privateKey, header: { alg: 'RS256', kid: 'rsa' } }), 'good'],
    ['without a key id', token(claims, { header: { alg: 'ES256' } }), 'good'],
    ['for one of several audiences', token({ ...claims, aud: ['x', 'other'] }), 'good'],
    ['with its audience as text', token({ ...claims, aud: 'api' }), 'good'],
    ['just over, within the leeway', token({ ...claims, exp: now - 59 }), 'good'],
    ['over', token({ ...claims, exp: now - 61 }), 'expired'],
    ['to come', token({ ...claims, nbf: now + 61 }), 'not-yet-valid'],
    ['of another issuer', token({ ...claims, iss: 'https://other' }), 'wrong-issuer'],
    ['for someone else', token({ ...claims, aud: ['db'] }), 'wrong-audience'],
    ['for no one', token({ ...claims, aud: undefined }), 'wrong-audience'],
    ['signed by a stranger', token(claims, { key: stranger.privateKey }), 'invalid'],
    ['that names another of our keys', token(claims, { header: { alg: 'ES256', kid: 'rsa' } }), 'invalid'],
    ['that calls itself unsigned', `${part({ alg: 'none' })}.${part(claims)}.`, 'invalid'],
    ['signed with the public key as a secret', `${body}.${shared}`, 'invalid'],
    [
      'with an extension that must be understood',
      token(claims, { header: { alg: 'ES256', crit: ['x'] } }),
      'invalid',
    ],
    [
      'whose claims were changed',
      token().replace(/\.[^.]+\./, `.${part({ ...claims, sub: 'x' })}.`),
      'invalid',
    ],
    [
      'whose subject is not its account',
      token({ ...claims, sub: 'system:serviceaccount:shop:boss' }),
      'invalid',
    ],
    ['without an end', token({ ...claims, exp: undefined }), 'invalid'],
    ['of a person', token({ ...claims, 'kubernetes.io': undefined }), 'invalid'],
    ['that is no token', 'abc', 'invalid'],
    ['that is too long', `${'a'.repeat(20_000)}.b.c`, 'invalid'],
  ] as const)('%s', ([, text, expected]) => {
    expect(faultOf(text)).toBe(expected);
  });
});

test('an expired token still says whose it was, an invalid one nothing', () => {
  const expired = verifyServiceAccountToken(keys, token({ ...claims, exp: now - 9999 }), rules);
  expect(expired).toMatchObject({ type: 'bad', fault: 'expired', identity: { pod: { uid: 'pod-uid' } } });
  expect(verifyServiceAccountToken(keys, 'x', rules)).toEqual({ type: 'bad', fault: 'invalid' });
});

test('a key set passes over keys that tokens are not signed by', () => {
  const encryption = { ...jwk(ec.publicKey, 'enc'), use: 'enc' };
  const documents = { keys: [encryption, jwk(weak.publicKey, 'weak'), { kty: 'oct', k: 'c2VjcmV0' }, 7, {}] };
  expect(tokenKeysOf(documents)).toEqual([]);
  expect(tokenKeysOf('nonsense')).toEqual([]);
});

test('a verifier looks at the time every time, and at new keys when there are some', async () => {
  const clock = new FakeClock();
  const verifier = new TokenVerifier(keys, { ...rules, clock });
  const text = token();
  expect(verifier.verify(text).type).toBe('good');
  await clock.advance(3_700_000);
  expect(verifier.verify(text)).toMatchObject({ fault: 'expired' });
  verifier.setKeys(keys.slice(1));
  expect(verifier.verify(text)).toMatchObject({ fault: 'invalid' });
});
