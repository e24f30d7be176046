import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { WebSocket } from 'ws';
import { csrfHeader } from '#contract/paths.ts';
import { jsonResponse } from '#http/route.ts';
import { peopleResources } from '#people/kinds.ts';
import { type Browser, signedIn, startTestCenter, type TestCenter } from '#testing/start-test-center.ts';

let center: TestCenter;
let first: { readonly name: string; readonly password: string };
let admin: Browser;
let adminPassword: string;

beforeAll(async () => {
  center = await startTestCenter({
    routes: [
      { method: 'GET', pattern: '/api/who', handle: async ({ caller }) => jsonResponse(caller.user) },
      { method: 'POST', pattern: '/api/dear', stepUp: true, handle: async () => jsonResponse('done') },
    ],
    sockets: [
      { pattern: '/api/live', open: async (socket, { user }) => socket.send(user) },
      { pattern: '/api/exec', stepUp: true, open: async (socket) => socket.send('shell') },
    ],
  });
  const made = await center.people.users.ensureFirst();
  if (!made) throw new Error('no first user');
  first = made;
  admin = center.browser();
  adminPassword = await admin.signIn(first.name, first.password);
});

afterAll(() => center.close());

const sid = '__Host-sid';

describe('signing in', () => {
  test('the first user is made once', async () => {
    expect(first.name).toBe('admin');
    expect(await center.people.users.ensureFirst()).toBeUndefined();
  });

  test('sets a cookie that scripts, other hosts and plain HTTP never see', async () => {
    const answer = await center
      .browser()
      .ask('POST', '/api/session', { user: 'admin', password: adminPassword });
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-sid=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/),
      expect.stringMatching(
        /^__Host-known=[\w-]{67}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=7776000$/,
      ),
    ]);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('with a given password lets nothing be done but changing it', async () => {
    const password = await center.people.users.create('given', {});
    const browser = center.browser();
    expect((await browser.ask('POST', '/api/session', { user: 'given', password })).body).toMatchObject({
      mustChangePassword: true,
    });
    expect((await browser.ask('GET', '/api/who')).body.reason).toBe('PasswordChangeRequired');
    for (const next of ['short', password, 'passwordpassword', 'given is my name', 'abcdefghijklmnop']) {
      const refused = await browser.ask('POST', '/api/session/password', { current: password, next });
      expect(refused.status, next).toBe(422);
    }
    const next = 'quite another sentence';
    expect((await browser.ask('POST', '/api/session/password', { current: password, next })).status).toBe(
      200,
    );
    expect((await browser.ask('GET', '/api/who')).text).toBe('"given"');
    const again = await center.browser().ask('POST', '/api/session', { user: 'given', password });
    expect(again.status).toBe(401);
  });

  test('tells nobody which users there are', async () => {
    await center.people.users.create('quiet', {});
    const disabled = await center.people.users.create('gone', {});
    await center.management
      .resource(peopleResources.users)
      .patch('gone', { spec: { disabled: true } }, { type: 'merge' });
    const attempts: [string, string][] = [
      ['quiet', 'wrong'],
      ['nobody', 'wrong'],
      ['gone', disabled],
      ['../../secrets', 'wrong'],
      ['system:admin', 'wrong'],
    ];
    const answers = await Promise.all(
      attempts.map(([user, password]) => center.browser().ask('POST', '/api/session', { user, password })),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(401);
    expect(answers[0]?.headers['set-cookie']).toBeUndefined();
  });

  test('an id that somebody else has set is not taken over', async () => {
    const browser = center.browser();
    browser.cookies.set(sid, 'x'.repeat(43));
    await browser.signIn('admin', adminPassword);
    expect(browser.cookies.get(sid)).not.toBe('x'.repeat(43));
    const before = browser.cookies.get(sid);
    await browser.signIn('admin', adminPassword);
    const thief = center.browser();
    thief.cookies.set(sid, before ?? '');
    expect((await thief.ask('GET', '/api/who')).status).toBe(401);
  });

  test('two cookies of the name count as none', async () => {
    const cookie = `${admin.cookieHeader}; ${sid}=${'y'.repeat(43)}`;
    expect((await admin.ask('GET', '/api/who', undefined, { cookie })).status).toBe(401);
  });
});

describe('requests that change something', () => {
  test.each<[string, Record<string, string | undefined>, number]>([
    ['from another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['from a sibling site', { 'sec-fetch-site': 'same-site' }, 403],
    ['from a page of another origin', { origin: 'https://evil.example' }, 403],
    ['from a sandbox', { origin: 'null' }, 403],
    ['without a word from where', { 'sec-fetch-site': undefined, origin: undefined }, 403],
    [
      'with only a referer of elsewhere',
      { 'sec-fetch-site': undefined, origin: undefined, referer: 'https://evil.example/' },
      403,
    ],
    ["without the session's token", { [csrfHeader]: undefined }, 403],
    ["with another session's token", { [csrfHeader]: 'A'.repeat(43) }, 403],
    ['as a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['as plain text', { 'content-type': 'text/plain' }, 415],
  ])('%s are refused', async (_what, headers, status) => {
    expect((await admin.ask('POST', '/api/dear', {}, headers)).status).toBe(status);
  });

  test('with a referer of the console, from an old browser, are taken', async () => {
    const headers = { 'sec-fetch-site': undefined, origin: undefined, referer: `${admin.origin}/clusters` };
    expect((await admin.ask('POST', '/api/dear', {}, headers)).status).toBe(200);
  });

  test("of signing in come from the console's pages too", async () => {
    const body = { user: 'admin', password: adminPassword };
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await center.browser().ask('POST', '/api/session', body, headers)).status).toBe(403);
  });
});

describe('a session', () => {
  test('ends 30 minutes after its last request, and 12 hours after its beginning', async () => {
    const browser = await signedIn(center, 'idle');
    const shift = center.clock.shiftMs;
    try {
      for (let hours = 0; hours < 11; hours += 0.4) {
        center.clock.shiftMs += 24 * 60_000;
        expect((await browser.ask('GET', '/api/who')).status, `after ${hours} h`).toBe(200);
      }
      center.clock.shiftMs += 31 * 60_000;
      expect((await browser.ask('GET', '/api/who')).status).toBe(401);
    } finally {
      center.clock.shiftMs = shift;
    }
  });

  test('is listed, and ended by its owner alone', async () => {
    const other = await signedIn(center, 'lister');
    const list = JSON.parse((await other.ask('GET', '/api/sessions')).text) as {
      id: string;
      current: boolean;
    }[];
    expect(list.map(({ current }) => current)).toEqual([true]);
    const id = list[0]?.id ?? '';
    expect((await admin.ask('DELETE', `/api/sessions/${id}`)).status).toBe(404);
    expect((await other.ask('DELETE', `/api/sessions/${id}`)).status).toBe(204);
    expect((await other.ask('GET', '/api/who')).status).toBe(401);
  });

  test('gets a new id with every new right, and the old one has it not', async () => {
    const browser = await signedIn(center, 'rotating');
    const password = await changePassword(browser);
    const before = browser.cookieHeader;
    const token = browser.csrfToken;
    center.clock.shiftMs += 6 * 60_000;
    expect((await browser.ask('POST', '/api/dear', {})).body.reason).toBe('StepUpRequired');
    expect((await browser.ask('POST', '/api/session/step-up', { password: 'wrong' })).status).toBe(403);
    expect((await browser.ask('POST', '/api/session/step-up', { password })).status).toBe(200);
    expect(browser.cookieHeader).not.toBe(before);
    expect((await browser.ask('POST', '/api/dear', {})).status).toBe(200);
    const old = await browser.ask('POST', '/api/dear', {}, { cookie: before, [csrfHeader]: token });
    expect(old.body.reason).toBe('StepUpRequired');
    center.clock.shiftMs += 11_000;
    expect((await browser.ask('GET', '/api/who', undefined, { cookie: before })).status).toBe(401);
  });

  test('of a user who is disabled ends at once, with what is open', async () => {
    const browser = await signedIn(center, 'leaving');
    const socket = await openLive(browser);
    const closed = once(socket, 'close') as Promise<[number, Buffer]>;
    await center.management
      .resource(peopleResources.users)
      .patch('leaving', { spec: { disabled: true } }, { type: 'merge' });
    const [code, reason] = await closed;
    expect([code, reason.toString()]).toEqual([4403, 'the user was disabled']);
    expect((await browser.ask('GET', '/api/who')).status).toBe(401);
  });

  test('that is signed out is gone, with its cookie', async () => {
    const browser = await signedIn(center, 'out');
    const cookie = browser.cookieHeader;
    const socket = await openLive(browser);
    const closed = once(socket, 'close') as Promise<[number, Buffer]>;
    const answer = await browser.ask('DELETE', '/api/session');
    expect(answer.headers['set-cookie']?.[0]).toContain('Max-Age=0');
    expect((await closed)[0]).toBe(4401);
    expect((await browser.ask('GET', '/api/who', undefined, { cookie })).status).toBe(401);
  });

  test('outlives a restart only by its sealed file, which holds no id', async () => {
    const { SessionStore } = await import('#sessions/session-store.ts');
    const { sealedFile } = await import('#sessions/session-file.ts');
    const { readFile } = await import('node:fs/promises');
    const { silentLogger } = await import('@skerry/base');
    const path = `${center.folder}/sessions`;
    const key = { id: 'k', secret: Buffer.alloc(32, 7) };
    const options = { clock: center.clock, log: silentLogger };
    const store = new SessionStore({
      ...options,
      file: sealedFile(path, { keys: [key], log: silentLogger }),
    });
    const who = {
      user: 'a',
      userUid: 'u',
      displayName: 'a',
      groups: [],
      method: 'password',
      mustChangePassword: false,
      address: '',
      userAgent: '',
    } as const;
    const { id } = store.create(who);
    const token = store.csrfToken(id);
    await store.close();
    expect(await readFile(path, 'utf8')).not.toContain(id);
    const next = new SessionStore({ ...options, file: sealedFile(path, { keys: [key], log: silentLogger }) });
    await next.restore();
    expect(next.find(id)?.session.user).toBe('a');
    expect(next.isCsrfToken(id, token)).toBe(true);
    const other = { id: 'k', secret: Buffer.alloc(32, 8) };
    const stranger = new SessionStore({
      ...options,
      file: sealedFile(path, { keys: [other], log: silentLogger }),
    });
    await stranger.restore();
    expect(stranger.find(id)).toBeUndefined();
  });
});

describe('WebSockets', () => {
  test('need a ticket of this session for this address, once, within 30 s', async () => {
    const other = await signedIn(center, 'sockets');
    const target = '/api/live?x=1&y=2';
    const refused: [string, () => Promise<WebSocket>][] = [
      ['without a ticket', async () => other.socket(target)],
      ['of another session', async () => other.socket(`${target}&ticket=${await admin.ticket(target)}`)],
      ['for another address', async () => other.socket(`/api/live?x=2&ticket=${await other.ticket(target)}`)],
      [
        'from another page',
        async () =>
          other.socket(`${target}&ticket=${await other.ticket(target)}`, { origin: 'https://evil.example' }),
      ],
      [
        'from a page that says nothing',
        async () => other.socket(`${target}&ticket=${await other.ticket(target)}`, { origin: '' }),
      ],
    ];
    for (const [what, open] of refused) {
      const [, response] = (await once(await open(), 'unexpected-response')) as [
        unknown,
        { statusCode: number },
      ];
      expect([401, 403], what).toContain(response.statusCode);
    }
    const ticket = await other.ticket(target);
    const [message] = (await once(other.socket(`/api/live?ticket=${ticket}&y=2&x=1`), 'message')) as [Buffer];
    expect(message.toString()).toBe('sockets');
    const again = other.socket(`${target}&ticket=${ticket}`);
    expect(
      ((await once(again, 'unexpected-response')) as [unknown, { statusCode: number }])[1].statusCode,
    ).toBe(401);
    const late = await other.ticket(target);
    center.clock.shiftMs += 31_000;
    const [, response] = (await once(other.socket(`${target}&ticket=${late}`), 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    expect(response.statusCode).toBe(401);
  });

  test('of what is dear need a fresh proof', async () => {
    const browser = await signedIn(center, 'shell');
    const open = async () => browser.socket(`/api/exec?ticket=${await browser.ticket('/api/exec', 'exec')}`);
    const [message] = (await once(await open(), 'message')) as [Buffer];
    expect(message.toString()).toBe('shell');
    center.clock.shiftMs += 6 * 60_000;
    const [, response] = (await once(await open(), 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    expect(response.statusCode).toBe(403);
  });

  test('end when what the user may do has changed, and may be opened again', async () => {
    const browser = await signedIn(center, 'changing', [{ role: 'dev' }]);
    const socket = await openLive(browser);
    const closed = once(socket, 'close') as Promise<[number, Buffer]>;
    await center.management.resource(peopleResources.grants).delete('changing-0');
    const [code, reason] = await closed;
    expect([code, reason.toString()]).toEqual([4403, 'your rights have changed']);
    await openLive(browser);
  });
});

describe('guessing', () => {
  test('one account is slowed down, whoever guesses, and others are not', async () => {
    center.clock.hold();
    onTestFinished(() => center.clock.release());
    await center.people.users.create('target', {});
    const guess = async (user: string) =>
      (await center.browser().ask('POST', '/api/session', { user, password: 'wrong' })).status;
    const answers: number[] = [];
    for (let attempt = 0; attempt < 7; attempt++) answers.push(await guess('target'));
    expect(answers.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    expect(answers.slice(5)).toEqual([429, 429]);
    for (let attempt = 0; attempt < 7; attempt++) answers.push(await guess('unknown-target'));
    expect(answers.slice(-2), 'users that are not there are slowed too').toEqual([429, 429]);
    // Who has signed in by this browser before is not kept out by strangers.
    const browser = await signedIn(center, 'welcome');
    const password = await changePassword(browser);
    for (let attempt = 0; attempt < 6; attempt++) await guess('welcome');
    expect(await guess('welcome')).toBe(429);
    expect((await browser.ask('POST', '/api/session', { user: 'welcome', password })).status).toBe(200);
    const other = center.browser();
    other.cookies.set('__Host-known', browser.cookies.get('__Host-known') ?? '');
    expect((await other.ask('POST', '/api/session', { user: 'target', password: 'wrong' })).status).toBe(429);
    center.clock.shiftMs += 3_600_000;
    expect(await guess('target')).toBe(401);
    center.clock.shiftMs += 3_600_000;
  });
});

describe('an API token', () => {
  test('acts as its user within its scope, and never where a fresh proof is needed', async () => {
    const browser = await signedIn(center, 'scripting');
    const made = await browser.ask('POST', '/api/api-tokens', { days: 1, readOnly: true, description: 'ci' });
    const token = String(made.body['token']);
    expect(token).toMatch(/^skerry_[a-z0-9]{12}_[\w-]{43}$/);
    const script = center.browser();
    const ask = (method: string, path: string, body?: unknown, more: Record<string, string> = {}) =>
      script.ask(method, path, body, {
        authorization: `Bearer ${token}`,
        origin: undefined,
        'sec-fetch-site': undefined,
        ...more,
      });
    expect((await ask('GET', '/api/who')).text).toBe('"scripting"');
    expect((await ask('POST', '/api/dear', {})).status).toBe(403);
    expect((await ask('POST', '/api/api-tokens', { days: 1 })).status).toBe(403);
    // A header is judged by itself, whatever cookie comes with it.
    const wrong = {
      authorization: `Bearer ${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`,
      cookie: browser.cookieHeader,
    };
    expect((await ask('GET', '/api/who', undefined, wrong)).status).toBe(401);
    const list = (await browser.ask('GET', '/api/api-tokens')).text;
    expect(list).toContain('"description":"ci"');
    expect(list).not.toContain(token.split('_').slice(2).join('_'));
    center.clock.shiftMs += 25 * 3_600_000;
    expect((await ask('GET', '/api/who')).status).toBe(401);
  });

  test('ends what is open under it when it is revoked', async () => {
    const browser = await signedIn(center, 'revoking');
    const made = await browser.ask('POST', '/api/api-tokens', { days: 1 });
    const headers = { authorization: `Bearer ${String(made.body['token'])}`, origin: '', cookie: '' };
    const socket = browser.socket('/api/live', headers);
    await once(socket, 'message');
    const closed = once(socket, 'close') as Promise<[number, Buffer]>;
    expect((await browser.ask('DELETE', `/api/api-tokens/${String(made.body['id'])}`)).status).toBe(204);
    expect((await closed)[0]).toBe(4401);
  });
});

async function openLive(browser: Browser): Promise<WebSocket> {
  const socket = browser.socket(`/api/live?ticket=${await browser.ticket('/api/live')}`);
  await once(socket, 'message');
  return socket;
}

async function changePassword(browser: Browser): Promise<string> {
  const { body } = await browser.ask('GET', '/api/session');
  return `a new one of ${String(body['user']).split('').toReversed().join('')} today`;
}
