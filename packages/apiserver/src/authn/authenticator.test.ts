import { createServiceAccountKey, formatJoinToken, parseJoinToken, bootstrapSecretData } from '@skerry/pki';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAuthenticator } from '#authn/authenticator.ts';
import type { Authenticator, TokenIssuer } from '#security.ts';
import { signJwt } from '#signing/jwt.ts';
import { createTokenIssuer, podTokenSeconds } from '#signing/token-issuer.ts';
import { ObjectTable } from '#testing/object-table.ts';

const issuer = 'https://kubernetes.default.svc';
const key = await createServiceAccountKey();
const strangeKey = await createServiceAccountKey();
const core = (resource: string) => ({ group: '', resource });

let clock: FakeClock;
let table: ObjectTable;
let tokens: TokenIssuer;
let authenticator: Authenticator;

beforeEach(() => {
  clock = new FakeClock();
  table = new ObjectTable();
  tokens = createTokenIssuer({ clock, issuer, audiences: [issuer], key });
  authenticator = createAuthenticator({
    read: table.read,
    clock,
    log: silentLogger,
    staticTokens: [{ token: 'own-process', user: { name: 'system:kube-scheduler', groups: [] } }],
    issuers: [issuer],
    audiences: [issuer],
    keys: [key],
  });
  table.put(core('serviceaccounts'), { metadata: { name: 'sa', namespace: 'ns' } });
  table.put(core('pods'), { metadata: { name: 'p', namespace: 'ns' } });
  table.put(core('nodes'), { metadata: { name: 'n' } });
});

const peer = { user: 'system:node:a', groups: ['system:nodes'] };
const ask = (authorization: string | undefined, withPeer = false) =>
  authenticator.authenticate({
    headers: { authorization },
    path: '/api',
    ...(withPeer ? { peer } : {}),
  });
const asToken = (token: string) => ask(`Bearer ${token}`);
const serviceAccount = { name: 'sa', uid: 'uid-sa' };
const issue = async (request: Partial<Parameters<TokenIssuer['issue']>[0]> = {}) =>
  tokens.issue({
    namespace: 'ns',
    serviceAccount,
    audiences: undefined,
    expirationSeconds: undefined,
    ...request,
  });

describe('credentials', () => {
  test('a certificate gives user and groups', async () => {
    expect(await ask(undefined, true)).toMatchObject({
      name: 'system:node:a',
      groups: ['system:nodes', 'system:authenticated'],
    });
  });

  test('nothing gives nobody', async () => {
    expect(await ask(undefined)).toBeUndefined();
  });

  test.each(['Bearer wrong', 'Bearer ', 'Basic dTpw', 'Bearer a b', '', 'Bearer abcdef.0123456789abcdef'])(
    'a bad Authorization header %j is 401 also on a connection with a certificate',
    async (header) => {
      await expect(ask(header, true)).rejects.toMatchObject({ code: 401, message: 'Unauthorized' });
    },
  );

  test('a static token is its user', async () => {
    expect(await ask('bearer own-process', true)).toEqual({
      name: 'system:kube-scheduler',
      groups: ['system:authenticated'],
    });
  });
});

describe('service account tokens', () => {
  test('name the account, its groups and what they are bound to', async () => {
    const { token } = await issue({
      bound: { kind: 'Pod', name: 'p', uid: 'uid-p' },
      node: { name: 'n', uid: 'uid-n' },
    });
    const user = await asToken(token);
    expect(user).toMatchObject({
      name: 'system:serviceaccount:ns:sa',
      uid: 'uid-sa',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
      extra: {
        'authentication.kubernetes.io/pod-name': ['p'],
        'authentication.kubernetes.io/node-name': ['n'],
      },
    });
  });

  test.each([
    ['its account', () => table.remove(core('serviceaccounts'), 'sa', 'ns')],
    ['its pod', () => table.remove(core('pods'), 'p', 'ns')],
    [
      'its pod, replaced by one of the same name',
      () => table.put(core('pods'), { metadata: { name: 'p', namespace: 'ns', uid: 'other' } }),
    ],
  ])('end with %s', async (_what, remove) => {
    const { token } = await issue({ bound: { kind: 'Pod', name: 'p', uid: 'uid-p' } });
    await asToken(token);
    remove();
    await expect(asToken(token)).rejects.toMatchObject({ code: 401 });
  });

  test('bound to a node end with the node', async () => {
    const { token } = await issue({ bound: { kind: 'Node', name: 'n', uid: 'uid-n' } });
    await asToken(token);
    table.remove(core('nodes'), 'n');
    await expect(asToken(token)).rejects.toMatchObject({ code: 401 });
  });

  test('expire, except that a pod volume token lives a year while it says an hour', async () => {
    const short = await issue({ expirationSeconds: 600 });
    const pod = await issue({
      expirationSeconds: podTokenSeconds,
      bound: { kind: 'Pod', name: 'p', uid: 'uid-p' },
    });
    expect(Date.parse(pod.expirationTimestamp)).toBe(clock.now() + podTokenSeconds * 1_000);
    await clock.advance(661_000);
    await expect(asToken(short.token)).rejects.toMatchObject({ code: 401 });
    await clock.advance(300 * 24 * 3_600_000);
    await asToken(pod.token);
    await clock.advance(66 * 24 * 3_600_000);
    await expect(asToken(pod.token)).rejects.toMatchObject({ code: 401 });
  });

  test('for another audience are good for a review that asks for it, not for the server', async () => {
    const { token } = await issue({ audiences: ['vault'] });
    await expect(asToken(token)).rejects.toMatchObject({ code: 401 });
    expect(await authenticator.reviewToken?.(token, ['vault', 'x'])).toMatchObject({ audiences: ['vault'] });
    expect(await authenticator.reviewToken?.(token, ['x'])).toEqual({
      fault: 'token audiences ["vault"] is invalid for the target audiences ["x"]',
    });
  });

  test('of another key, issuer or subject, or changed after signing, are refused', async () => {
    const { token } = await issue();
    const [header = '', payload = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const cases = [
      signJwt(strangeKey, claims),
      signJwt({ ...strangeKey, keyId: key.keyId }, claims),
      signJwt(key, { ...claims, iss: 'https://else.where' }),
      signJwt(key, { ...claims, sub: 'system:serviceaccount:kube-system:admin' }),
      signJwt(key, { ...claims, exp: undefined }),
      `${header}.${encode({ ...claims, aud: ['x'] })}.${signature}`,
      `${encode({ alg: 'none' })}.${payload}.`,
      `${encode({ alg: 'HS256', kid: key.keyId })}.${payload}.${signature}x`,
    ];
    await asToken(token);
    for (const bad of cases) await expect(asToken(bad), bad).rejects.toMatchObject({ code: 401 });
  });

  test.each([
    [599, 'less than 10 minutes'],
    [2 ** 32 + 1, 'larger than 2^32'],
  ])('of %d seconds are not issued', async (expirationSeconds, why) => {
    await expect(
      tokens.issue({ namespace: 'ns', serviceAccount, audiences: [], expirationSeconds }),
    ).rejects.toThrow(why);
  });
});

describe('bootstrap tokens', () => {
  const token = parseJoinToken(
    formatJoinToken({ id: 'abcdef', secret: '0123456789abcdef', authorityHash: `sha256:${'0'.repeat(64)}` }),
  );
  const put = (changes: Record<string, string> = {}, type = 'bootstrap.kubernetes.io/token') => {
    const text = { ...bootstrapSecretData({ token, pool: 'beijing', owner: 'me', uses: 3 }), ...changes };
    const data = Object.fromEntries(
      Object.entries(text).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    );
    const metadata = { name: 'bootstrap-token-abcdef', namespace: 'kube-system' };
    table.put(core('secrets'), { metadata, type, data });
  };

  test('carry their pool and owner with the user', async () => {
    put();
    expect(await asToken('abcdef.0123456789abcdef')).toEqual({
      name: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:bootstrappers:skerry:nodes', 'system:authenticated'],
      extra: {
        'skerry.io/token-id': ['abcdef'],
        'skerry.io/pool': ['beijing'],
        'skerry.io/owner': ['me'],
      },
    });
  });

  test('take no group outside their own', async () => {
    put({ 'auth-extra-groups': 'system:masters,system:bootstrappers:x,system:bootstrappersx' });
    expect((await asToken('abcdef.0123456789abcdef'))?.groups).toEqual([
      'system:bootstrappers',
      'system:bootstrappers:x',
      'system:authenticated',
    ]);
  });

  test.each([
    ['expired', { expiration: '2025-12-31T23:59:59Z' }],
    ['with an unreadable expiration', { expiration: 'soon' }],
    ['not for authentication', { 'usage-bootstrap-authentication': 'false' }],
    ['with another secret', { 'token-secret': 'xxxxxxxxxxxxxxxx' }],
    ['of another id', { 'token-id': 'fedcba' }],
  ])('%s are refused', async (_what, changes) => {
    put(changes);
    await expect(asToken('abcdef.0123456789abcdef')).rejects.toMatchObject({ code: 401 });
  });

  test('kept in a Secret of another type are refused', async () => {
    put({}, 'Opaque');
    await expect(asToken('abcdef.0123456789abcdef')).rejects.toMatchObject({ code: 401 });
  });
});
