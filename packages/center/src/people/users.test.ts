import { resources } from '@skerry/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csrfHeader } from '#contract/paths.ts';
import { peopleResources } from '#people/kinds.ts';
import { passwordFault } from '#people/password-rules.ts';
import { PasswordHasher } from '#people/password-hash.ts';
import { type Browser, signedIn, startTestCenter, type TestCenter } from '#testing/start-test-center.ts';

let center: TestCenter;
let admin: Browser;

beforeAll(async () => {
  center = await startTestCenter();
  admin = await signedIn(center, 'root', [{ role: 'admin', cluster: '*' }]);
});

afterAll(() => center.close());

test('an administrator of the center makes users, whose first password is told once', async () => {
  const made = await admin.ask('POST', '/api/users', { name: 'kim', displayName: 'Kim' });
  expect(made.status).toBe(201);
  const browser = center.browser();
  await browser.signIn('kim', String(made.body['password']));
  expect((await browser.ask('GET', '/api/session')).body).toMatchObject({ user: 'kim', displayName: 'Kim' });
  expect((await admin.ask('POST', '/api/users', { name: 'kim' })).status).toBe(409);
  for (const name of ['Kim', 'system:admin', '-', 'a/b', 'k'.repeat(64)]) {
    expect([400, 422], name).toContain((await admin.ask('POST', '/api/users', { name })).status);
  }
});

test('a new first password ends what the old one let in', async () => {
  const browser = await signedIn(center, 'lee');
  const reset = await admin.ask('POST', '/api/users/lee/reset-password', {});
  expect(reset.status).toBe(200);
  await expect.poll(async () => (await browser.ask('GET', '/api/session')).status).toBe(401);
  const again = center.browser();
  const answer = await again.ask('POST', '/api/session', { user: 'lee', password: reset.body['password'] });
  expect(answer.body['mustChangePassword']).toBe(true);
});

test('a given password ends after seven days', async () => {
  const password = await center.people.users.create('late', {});
  const shift = center.clock.shiftMs;
  center.clock.shiftMs += 7 * 24 * 3_600_000 + 1_000;
  const answer = await center.browser().ask('POST', '/api/session', { user: 'late', password });
  center.clock.shiftMs = shift;
  expect(answer.status).toBe(401);
});

test('nobody else makes users or sets passwords', async () => {
  const ops = await signedIn(center, 'oscar', [{ role: 'ops', cluster: '*' }]);
  expect((await ops.ask('POST', '/api/users', { name: 'mallory' })).status).toBe(403);
  expect((await ops.ask('POST', '/api/users/root/reset-password', {})).status).toBe(403);
  center.clock.shiftMs += 6 * 60_000;
  expect((await admin.ask('POST', '/api/users', { name: 'mallory' })).body.reason).toBe('StepUpRequired');
});

test('settings are kept for each user, as they were sent', async () => {
  const browser = await signedIn(center, 'neat');
  expect((await browser.ask('GET', '/api/preferences')).body).toEqual({});
  const value = { language: 'ja', columns: { pods: ['name'] } };
  await browser.ask('PUT', '/api/preferences', { theme: 'dark' });
  expect((await browser.ask('PUT', '/api/preferences', value)).status).toBe(200);
  expect((await browser.ask('GET', '/api/preferences')).body).toEqual(value);
  expect((await admin.ask('GET', '/api/preferences')).body).toEqual({});
  expect((await browser.ask('PUT', '/api/preferences', [])).status).toBe(400);
});

test.each<[string, string | undefined]>([
  ['elevenchars', 'at least 12'],
  ['x'.repeat(257), 'at most 256'],
  ['aaaaaaaaaaaab', 'five different'],
  ['Password12345!', 'guessed first'],
  ['P@ssw0rdP@ssw0rd', 'guessed first'],
  ['kubernetes-2026', 'guessed first'],
  ['123456789012', 'sequence'],
  ['abcdefghijklm', 'sequence'],
  ['my name is hana', "user's name"],
  ['four words in a row', undefined],
  ['長い日本語の合言葉をここに書く', undefined],
])('the password %s: %s', (password, fault) => {
  const found = passwordFault(password, 'hana');
  if (fault === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(fault);
});

test('a hash verifies its password alone, in whatever form it was typed', async () => {
  const hasher = new PasswordHasher();
  const hash = await hasher.hash('caf\u00e9 on the corner');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=32768,t=3,p=1\$/);
  expect(await hasher.verify('cafe\u0301 on the corner', hash)).toBe(true);
  expect(await hasher.verify('cafe on the corner', hash)).toBe(false);
  expect(await hasher.verify('anything', undefined)).toBe(false);
});

test('a new user of an old name inherits nothing: session, password, grants, API tokens, settings', async () => {
  const old = await signedIn(center, 'sam', [{ role: 'admin' }]);
  const made = await old.ask('POST', '/api/api-tokens', { days: 5 });
  await old.ask('PUT', '/api/preferences', { theme: 'dark' });
  // As kubectl does it, which knows nothing of what hangs on a user.
  await center.management.resource(peopleResources.users).delete('sam');
  await expect
    .poll(async () => {
      const lists = await Promise.all([
        center.management.resource(peopleResources.grants).list(),
        center.management.resource(peopleResources.apiTokens).list(),
        center.management.resource(resources.secrets).list({ namespace: 'kube-system' }),
        center.management.resource(resources.configMaps).list({ namespace: 'kube-system' }),
      ]);
      return lists.flatMap(({ items }) => items).filter((object) => JSON.stringify(object).includes('sam'));
    })
    .toEqual([]);
  await center.people.users.create('sam', {});
  expect((await old.ask('GET', '/api/session')).status).toBe(401);
  const headers = { authorization: `Bearer ${String(made.body['token'])}` };
  expect((await center.browser().ask('GET', '/api/preferences', undefined, headers)).status).toBe(401);
});

describe('whoever may not be let in', () => {
  const body = (method: string) => (method === 'GET' ? undefined : {});
  const paths = () =>
    center.people.routes
      .filter((route) => !route.public)
      .map(({ method, pattern, beforePasswordChange }) => ({
        method,
        path: pattern.replace('/*', '/version').replaceAll(/:\w+/g, 'edge'),
        beforePasswordChange,
      }));

  test('nobody who has not signed in reaches any route but signing in', async () => {
    for (const { method, path } of paths()) {
      const answer = await center.browser().ask(method, path, body(method));
      expect(answer.status, `${method} ${path}`).toBe(401);
    }
  });

  test('nobody reaches a route that changes something without the token of the session', async () => {
    const browser = await signedIn(center, 'tokenless', [{ role: 'admin', cluster: '*' }]);
    for (const { method, path } of paths().filter(({ method }) => method !== 'GET')) {
      const answer = await browser.ask(method, path, {}, { [csrfHeader]: undefined });
      expect([answer.status, answer.body.reason], `${method} ${path}`).toEqual([403, 'CsrfRefused']);
    }
  });

  test('nobody with a given password reaches anything but changing it and leaving', async () => {
    const password = await center.people.users.create('fresh', {});
    const browser = center.browser();
    await browser.ask('POST', '/api/session', { user: 'fresh', password });
    for (const { method, path, beforePasswordChange } of paths()) {
      if (beforePasswordChange) continue;
      const answer = await browser.ask(method, path, body(method));
      expect(answer.body.reason, `${method} ${path}`).toBe('PasswordChangeRequired');
    }
  });

  test('a stolen cookie in another browser ends the session', async () => {
    const browser = await signedIn(center, 'robbed');
    const thief = { 'user-agent': 'another' };
    expect((await browser.ask('GET', '/api/preferences', undefined, thief)).status).toBe(401);
    expect((await browser.ask('GET', '/api/preferences')).status).toBe(401);
  });
});
