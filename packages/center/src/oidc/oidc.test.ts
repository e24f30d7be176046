import { systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { returnPath } from '#oidc/return-path.ts';
import {
  type Grant,
  type IdentityProvider,
  peopleNamespace as namespace,
  peopleResources,
  type User,
} from '#people/kinds.ts';
import { FakeIdentityProvider } from '#testing/fake-identity-provider.ts';
import { type Browser, startTestCenter, type TestCenter } from '#testing/start-test-center.ts';

let center: TestCenter;
const idp = new FakeIdentityProvider(() => systemClock.now() + (center?.clock.shiftMs ?? 0));

beforeAll(async () => {
  center = await startTestCenter({
    people: { outgoing: { fetchJson: idp.fetchJson, postForm: idp.postForm } },
  });
  const secret = {
    metadata: { name: 'corp-client', namespace },
    stringData: { clientSecret: idp.clientSecret },
  };
  await center.management.resource(resources.secrets).create(secret);
  await center.management.resource<IdentityProvider>(peopleResources.identityProviders).create({
    metadata: { name: 'corp' },
    spec: {
      title: 'Corp',
      issuer: idp.issuer,
      clientId: idp.clientId,
      clientSecret: 'corp-client',
      allowedGroups: ['staff'],
    },
  });
  await eventually(async () => {
    const { body } = await center.browser().ask('GET', '/api/session');
    expect(body['providers']).toEqual([{ id: 'corp', title: 'Corp' }]);
  });
});

afterEach(() => (idp.tamper = {}));
afterAll(() => center.close());

const ann = {
  sub: '1',
  preferred_username: 'Ann@corp.example',
  name: 'Ann',
  groups: ['staff', 'system:masters'],
};

async function start(browser: Browser, query = ''): Promise<string> {
  const answer = await browser.ask('GET', `/api/oidc/start?provider=corp${query}`);
  expect(answer.status, answer.text).toBe(302);
  return String(answer.headers['location']);
}

async function finish(browser: Browser, query: URLSearchParams) {
  // A browser comes here from the provider's page.
  const headers = { 'sec-fetch-site': 'cross-site', origin: undefined };
  return browser.ask('GET', `/api/oidc/callback?${query.toString()}`, undefined, headers);
}

async function signIn(browser: Browser, claims: object = ann, query = '') {
  return finish(browser, idp.login(await start(browser, query), { ...claims }));
}

describe('signing in by a provider', () => {
  test('asks with PKCE, state and nonce, and brings back to the page', async () => {
    const browser = center.browser();
    const location = new URL(await start(browser, '&returnTo=%2Fclusters%2Fedge%3Fq%3D1'));
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'skerry',
      redirect_uri: `${browser.origin}/api/oidc/callback`,
      code_challenge_method: 'S256',
      scope: 'openid profile email',
    });
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(location.searchParams.get(name)).toMatch(/^[\w-]{43}$/);
    }
    const answer = await finish(browser, idp.login(location.href, ann));
    expect([answer.status, answer.headers['location']]).toEqual([302, '/clusters/edge?q=1']);
    const { body } = await browser.ask('GET', '/api/session');
    expect(body).toMatchObject({
      user: 'ann',
      displayName: 'Ann',
      groups: ['corp:staff', 'corp:system:masters'],
    });
    expect(JSON.stringify(answer.headers)).not.toContain('eyJ');
  });

  test('lets people of a group that was granted something work at once', async () => {
    const grants = center.management.resource<Grant>(peopleResources.grants);
    const spec = {
      subject: { kind: 'Group' as const, name: 'corp:night' },
      role: 'restricted',
      cluster: 'edge',
    };
    await grants.create({ metadata: { name: 'night' }, spec });
    await eventually(async () => {
      if (!(await grants.get('night')).status?.clusters?.length) throw new Error('not applied yet');
    });
    const browser = center.browser();
    await signIn(browser, { ...ann, sub: 'n', preferred_username: 'nora', groups: ['staff', 'night'] });
    expect((await browser.ask('GET', '/api/clusters/edge/kubernetes/api/v1/pods')).status).toBe(200);
  });

  test('makes the same person the same user, and nobody another', async () => {
    const users = center.management.resource<User>(peopleResources.users);
    await center.people.users.create('local', {});
    for (let time = 0; time < 2; time++)
      expect((await signIn(center.browser())).headers['location']).toBe('/');
    const names = async () => (await users.list()).items.map(({ metadata }) => metadata?.name);
    expect((await names()).filter((name) => name?.startsWith('ann'))).toEqual(['ann']);
    const other = center.browser();
    await signIn(other, { ...ann, sub: '2' });
    const { body } = await other.ask('GET', '/api/session');
    expect(body['user']).toMatch(/^ann-[0-9a-f]{8}$/);
    const claiming = center.browser();
    await signIn(claiming, { ...ann, sub: '3', preferred_username: 'local' });
    expect((await claiming.ask('GET', '/api/session')).body['user']).toMatch(/^local-[0-9a-f]{8}$/);
    const strange = center.browser();
    await signIn(strange, { ...ann, sub: '4', preferred_username: 'system:admin' });
    expect((await strange.ask('GET', '/api/session')).body['user']).toBe('system-admin');
    const password = await center
      .browser()
      .ask('POST', '/api/session', { user: 'ann', password: 'anything at all' });
    expect(password.status).toBe(401);
  });

  test.each<[string, FakeIdentityProvider['tamper'], object, string]>([
    ['a wrong signature', { signature: true }, ann, 'the signature of the ID token is wrong'],
    ['another issuer', { claims: { iss: 'https://evil.example' } }, ann, 'the ID token is of another issuer'],
    ['a token for somebody else', { claims: { aud: 'other' } }, ann, 'the ID token is for somebody else'],
    [
      'a token given to somebody else',
      { claims: { aud: ['skerry', 'other'], azp: 'other' } },
      ann,
      'the ID token was given to somebody else',
    ],
    ['an old token', { claims: { exp: 1 } }, ann, 'the ID token has expired'],
    ['a token of long ago', { claims: { iat: 1 } }, ann, 'the ID token is not of now'],
    [
      'the nonce of another sign-in',
      { claims: { nonce: 'x'.repeat(43) } },
      ann,
      'the ID token belongs to another sign-in',
    ],
    ['no token', { noToken: true }, ann, 'the provider gave no ID token'],
    ['nobody', { claims: { sub: '' } }, ann, 'the provider does not say who you are'],
    [
      'somebody of no group that may',
      {},
      { ...ann, groups: ['guests'] },
      'none of your groups may sign in here',
    ],
  ])('with %s fails, and says so on the page', async (_what, tamper, claims, why) => {
    idp.tamper = tamper;
    const browser = center.browser();
    const answer = await signIn(browser, claims, '&returnTo=%2Fnodes');
    const location = new URL(String(answer.headers['location']), 'https://x');
    expect([location.pathname, location.searchParams.get('signInError')]).toEqual(['/nodes', why]);
    expect((await browser.ask('GET', '/api/session')).status).toBe(401);
  });

  test('can be finished only once, by the browser that began it, within ten minutes', async () => {
    const victim = center.browser();
    const query = idp.login(await start(center.browser()), ann);
    const failed = {
      headers: { location: expect.stringContaining('/?signInError=this+sign-in+was+not+begun') as string },
    };
    expect(await finish(victim, query)).toMatchObject(failed);
    expect((await victim.ask('GET', '/api/session')).status).toBe(401);
    const own = center.browser();
    const late = idp.login(await start(own), ann);
    center.clock.shiftMs += 11 * 60_000;
    expect(await finish(own, late)).toMatchObject(failed);
    const twice = center.browser();
    const cookies = new URLSearchParams(idp.login(await start(twice), ann));
    const cookie = twice.cookieHeader;
    await finish(twice, cookies);
    const replay = await twice.ask('GET', `/api/oidc/callback?${cookies.toString()}`, undefined, { cookie });
    expect(replay).toMatchObject(failed);
  });

  test('tells on the page that the provider can not be reached', async () => {
    const spec = { title: 'Down', issuer: 'https://down.example.com', clientId: 'x' };
    const providers = center.management.resource<IdentityProvider>(peopleResources.identityProviders);
    await providers.create({ metadata: { name: 'down' }, spec });
    await eventually(async () => {
      const answer = await center.browser().ask('GET', '/api/oidc/start?provider=down&returnTo=%2Fnodes');
      expect(answer.headers['location']).toMatch(/^\/nodes\?signInError=the\+identity\+provider/);
    });
  });

  test("ends when the provider says so, and at nobody else's word", async () => {
    const [here, there] = [center.browser(), center.browser()];
    await signIn(here, { ...ann, sid: 's1' });
    await signIn(there, { ...ann, sid: 's2' });
    const says = (token: string) =>
      center.browser().ask('POST', '/api/oidc/backchannel-logout', `logout_token=${token}`, {
        'content-type': 'application/x-www-form-urlencoded',
        'sec-fetch-site': undefined,
        origin: undefined,
      });
    const status = async (browser: Browser) => (await browser.ask('GET', '/api/session')).status;
    idp.tamper = { signature: true };
    expect((await says(idp.logoutToken({ sub: '1' }))).status).toBe(400);
    idp.tamper = {};
    for (const claims of [
      { sub: '1', nonce: 'n' },
      { sub: '1', events: {} },
      { sub: '1', iat: 1 },
      { sub: '1', aud: 'x' },
      {},
    ]) {
      expect((await says(idp.logoutToken(claims))).status, JSON.stringify(claims)).toBe(400);
    }
    expect((await says('x')).status).toBe(400);
    expect([await status(here), await status(there)]).toEqual([200, 200]);
    expect((await says(idp.logoutToken({ sub: '1', sid: 's1' }))).status).toBe(200);
    expect([await status(here), await status(there)]).toEqual([401, 200]);
    expect((await says(idp.logoutToken({ sub: '1' }))).status).toBe(200);
    expect(await status(there)).toBe(401);
  });

  test('begins at the console, not at a page of others', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    const answer = await center.browser().ask('GET', '/api/oidc/start?provider=corp', undefined, headers);
    expect(answer.status).toBe(403);
    expect((await center.browser().ask('GET', '/api/oidc/start?provider=none')).status).toBe(404);
  });

  test('again is a fresh proof, of the same person only', async () => {
    const browser = center.browser();
    await signIn(browser);
    await browser.ask('GET', '/api/session');
    center.clock.shiftMs += 6 * 60_000;
    expect((await browser.ask('POST', '/api/session/step-up', { password: 'x' })).body.reason).toBe(
      'StepUpRequired',
    );
    const location = await start(browser, '&stepUp=true');
    expect(location).toContain('prompt=login');
    const wrong = await finish(browser, idp.login(location, { ...ann, sub: '2' }));
    expect(wrong.headers['location']).toContain('signInError');
    expect((await browser.ask('GET', '/api/session')).body['steppedUpUntil']).toBeUndefined();
    const stale = idp.login(await start(browser, '&stepUp=true'), { ...ann, auth_time: 1 });
    expect((await finish(browser, stale)).headers['location']).toContain('did+not+ask+again');
    await signIn(browser, ann, '&stepUp=true');
    expect((await browser.ask('GET', '/api/session')).body['steppedUpUntil']).toBeDefined();
  });
});

const origin = 'https://console.example:8443';
test.each<[string | null, string]>([
  [null, '/'],
  ['/clusters/a?q=1#x', '/clusters/a?q=1#x'],
  ['https://evil.example/', '/'],
  ['//evil.example/', '/'],
  ['/\\evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['/x/..//evil.example', '/'],
  ['javascript:alert(1)', '/'],
  ['/api/oidc/start?provider=corp', '/'],
  ['/./api/session', '/'],
  ['@evil.example', '/'],
  [`/${'x'.repeat(3000)}`, '/'],
])('the way back from %j is %s', (asked, path) => {
  expect(returnPath(asked, origin)).toBe(path);
});
