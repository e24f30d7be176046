import { createHmac, generateKeyPairSync, type KeyObject, sign, constants } from 'node:crypto';
import { FakeClock, recordingLogger } from '@skerry/base/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { issuerOfFlags, parseAuthenticationConfiguration } from '#oidc/configuration.ts';
import { JwtAuthenticator } from '#oidc/jwt-authenticator.ts';
import { type SignatureAlgorithm, signatureAlgorithms } from '@skerry/pki';

const url = 'https://issuer.example.com';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const curves = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
};

const clock = new FakeClock();
const log = recordingLogger();
/** What the issuer publishes now, and how often its keys were fetched. */
let published: Record<string, KeyObject>;
let fetched: number;
let reachable: boolean;
beforeEach(() => {
  published = { rsa: rsa.publicKey };
  fetched = 0;
  reachable = true;
});

const fetchJson = (asked: string): Promise<unknown> => {
  if (!reachable) return Promise.reject(new Error('no route'));
  if (asked === `${url}/.well-known/openid-configuration`) {
    return Promise.resolve({ issuer: url, jwks_uri: `${url}/keys` });
  }
  fetched++;
  const keys = Object.entries(published).map(([kid, key]) => ({
    ...key.export({ format: 'jwk' }),
    kid,
    use: 'sig',
  }));
  return Promise.resolve({ keys });
};

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function signed(
  claims: object,
  { alg = 'RS256', kid = 'rsa', key }: { alg?: SignatureAlgorithm; kid?: string; key?: KeyObject } = {},
): string {
  const body = `${part({ alg, kid })}.${part(claims)}`;
  const privateKey = key ?? (alg.startsWith('ES') ? curves[alg as 'ES256'].privateKey : rsa.privateKey);
  const signature = sign(`sha${alg.slice(2)}`, Buffer.from(body), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
    ...(alg.startsWith('PS')
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : {}),
  });
  return `${body}.${signature.toString('base64url')}`;
}

const now = () => Math.floor(clock.now() / 1000);
const claims = (more: object = {}) => ({ iss: url, aud: 'app', sub: 'jane', exp: now() + 600, ...more });

function byFlags(more: object = {}) {
  const issuer = issuerOfFlags({
    oidcIssuerUrl: url,
    oidcClientId: 'app',
    oidcUsernamePrefix: '-',
    oidcSigningAlgs: signatureAlgorithms,
    ...more,
  });
  return new JwtAuthenticator(issuer ? [issuer] : [], { fetchJson, clock, log });
}

function byConfiguration(claimMappings: object, more: object = {}) {
  const { issuers } = parseAuthenticationConfiguration(
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthenticationConfiguration',
      jwt: [
        {
          issuer: { url, audiences: ['app', 'cli'], audienceMatchPolicy: 'MatchAny' },
          claimMappings,
          ...more,
        },
      ],
    }),
    'auth.yaml',
    { ownIssuer: 'https://own' },
  );
  return new JwtAuthenticator(issuers, { fetchJson, clock, log });
}

describe('a token', () => {
  test.each(signatureAlgorithms.map((alg) => [alg]))('signed by %s is its user', async (alg) => {
    published = {
      rsa: rsa.publicKey,
      ...Object.fromEntries(Object.entries(curves).map(([id, pair]) => [id, pair.publicKey])),
    };
    const token = signed(claims(), { alg, kid: alg.startsWith('ES') ? alg : 'rsa' });
    expect(await byFlags().authenticate(token)).toEqual({ name: 'jane', groups: [] });
  });

  test.each<[string, () => string]>([
    ['of another issuer', () => signed(claims({ iss: 'https://other.example.com' }))],
    ['for another audience', () => signed(claims({ aud: ['other'] }))],
    ['that has expired', () => signed(claims({ exp: now() - 1 }))],
    ['that never expires', () => signed({ iss: url, aud: 'app', sub: 'jane' })],
    ['of the future', () => signed(claims({ nbf: now() + 400 }))],
    ['without a user', () => signed(claims({ sub: undefined }))],
    ['with an empty user', () => signed(claims({ sub: '' }))],
    [
      'signed by another key',
      () => signed(claims(), { key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey }),
    ],
    ['by an unknown key', () => signed(claims(), { kid: 'unknown' })],
    ['that was changed', () => signed(claims()).replace(/\.[^.]+\./, `.${part(claims({ sub: 'root' }))}.`)],
    ['that nobody signed', () => `${part({ alg: 'none', kid: 'rsa' })}.${part(claims())}.AA`],
    [
      'signed with the public key as a secret',
      () => {
        const body = `${part({ alg: 'HS256', kid: 'rsa' })}.${part(claims())}`;
        const secret = rsa.publicKey.export({ type: 'spki', format: 'pem' });
        return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
      },
    ],
    ['that is none', () => 'a.b'],
  ])('%s is refused', async (_what, token) => {
    expect(await byFlags().authenticate(token())).toBeUndefined();
  });

  test('by an algorithm that is not configured is refused', async () => {
    const token = signed(claims(), { alg: 'RS512' });
    expect(await byFlags({ oidcSigningAlgs: ['RS256'] }).authenticate(token)).toBeUndefined();
  });

  test('by a key that is too short is refused', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    published = { short: short.publicKey };
    expect(
      await byFlags().authenticate(signed(claims(), { kid: 'short', key: short.privateKey })),
    ).toBeUndefined();
  });
});

describe('claims become a user', () => {
  test.each<[string, object, object, object | undefined]>([
    [
      'groups, with a prefix',
      { oidcGroupsClaim: 'groups', oidcGroupsPrefix: 'o:' },
      { groups: ['a', 'b'] },
      { name: 'jane', groups: ['o:a', 'o:b'] },
    ],
    ['one group', { oidcGroupsClaim: 'role' }, { role: 'a' }, { name: 'jane', groups: ['a'] }],
    ['groups of the wrong type', { oidcGroupsClaim: 'groups' }, { groups: [1] }, undefined],
    [
      'verified mail',
      { oidcUsernameClaim: 'email' },
      { email: 'j@x', email_verified: true },
      { name: 'j@x', groups: [] },
    ],
    ['unverified mail', { oidcUsernameClaim: 'email' }, { email: 'j@x', email_verified: false }, undefined],
    ['a required claim', { oidcRequiredClaim: { hd: 'x' } }, { hd: 'x' }, { name: 'jane', groups: [] }],
    ['a required claim that differs', { oidcRequiredClaim: { hd: 'x' } }, { hd: 'y' }, undefined],
    ['a required claim that is missing', { oidcRequiredClaim: { hd: 'x' } }, {}, undefined],
    [
      'an id',
      {},
      { jti: '7' },
      { name: 'jane', groups: [], extra: { 'authentication.kubernetes.io/credential-id': ['JTI=7'] } },
    ],
  ])('by flags: %s', async (_what, flags, more, user) => {
    expect(await byFlags(flags).authenticate(signed(claims(more)))).toEqual(user);
  });

  test('by expressions', async () => {
    const authenticator = byConfiguration({
      username: { expression: "'oidc:' + claims.sub" },
      groups: { expression: "claims.roles.split(',')" },
      uid: { expression: 'claims.id' },
      extra: [
        { key: 'example.com/tenant', valueExpression: 'claims.tenant' },
        { key: 'example.com/none', valueExpression: "''" },
      ],
    });
    const token = signed(claims({ aud: ['cli'], roles: 'a,b', id: 'u7', tenant: ['x', 'y'] }));
    expect(await authenticator.authenticate(token)).toEqual({
      name: 'oidc:jane',
      uid: 'u7',
      groups: ['a', 'b'],
      extra: { 'example.com/tenant': ['x', 'y'] },
    });
    // Without what the expressions read there is no user.
    expect(await authenticator.authenticate(signed(claims({ aud: 'cli' })))).toBeUndefined();
  });

  test('that hold to the rules, and no others', async () => {
    const authenticator = byConfiguration(
      { username: { claim: 'sub', prefix: '' } },
      {
        claimValidationRules: [
          { claim: 'hd', requiredValue: 'x' },
          { expression: 'claims.exp - claims.iat <= 86400', message: 'too long' },
        ],
        userValidationRules: [{ expression: "!user.username.startsWith('system:')", message: 'reserved' }],
      },
    );
    const ask = (more: object) =>
      authenticator.authenticate(signed(claims({ hd: 'x', iat: now(), ...more })));
    expect(await ask({})).toEqual({ name: 'jane', groups: [] });
    for (const bad of [
      { hd: 'y' },
      { iat: now() - 1_000_000 },
      { sub: 'system:admin' },
      { iat: undefined },
    ]) {
      expect(await ask(bad)).toBeUndefined();
    }
    expect(log.lines.at(-2)?.fields).toMatchObject({ error: expect.stringContaining('reserved') as string });
  });
});

describe("an issuer's keys", () => {
  test('are fetched once for many tokens', async () => {
    const authenticator = byFlags();
    await Promise.all(Array.from({ length: 20 }, () => authenticator.authenticate(signed(claims()))));
    expect(fetched).toBe(1);
  });

  test('are fetched again for a new one, but not for every name that strangers make up', async () => {
    const authenticator = byFlags();
    await authenticator.authenticate(signed(claims()));
    const next = generateKeyPairSync('rsa', { modulusLength: 2048 });
    published = { next: next.publicKey };
    await clock.advance(10_000);
    const token = signed(claims(), { kid: 'next', key: next.privateKey });
    expect(await authenticator.authenticate(token)).toMatchObject({ name: 'jane' });
    expect(fetched).toBe(2);
    for (let index = 0; index < 50; index++) {
      await authenticator.authenticate(signed(claims(), { kid: `made-up-${index}` }));
    }
    expect(fetched).toBe(2);
  });

  test('that are taken back end with the hour', async () => {
    const authenticator = byFlags();
    expect(await authenticator.authenticate(signed(claims()))).toBeDefined();
    published = {};
    await clock.advance(3_600_000);
    expect(await authenticator.authenticate(signed(claims()))).toBeUndefined();
  });

  test('go on being good while the issuer is away', async () => {
    const authenticator = byFlags();
    await authenticator.authenticate(signed(claims()));
    reachable = false;
    await clock.advance(7_200_000);
    expect(await authenticator.authenticate(signed(claims()))).toMatchObject({ name: 'jane' });
  });

  test('are looked for again after an issuer that could not be reached', async () => {
    reachable = false;
    const authenticator = byFlags();
    expect(await authenticator.authenticate(signed(claims()))).toBeUndefined();
    reachable = true;
    expect(await authenticator.authenticate(signed(claims()))).toBeUndefined();
    await clock.advance(10_000);
    expect(await authenticator.authenticate(signed(claims()))).toMatchObject({ name: 'jane' });
  });
});
