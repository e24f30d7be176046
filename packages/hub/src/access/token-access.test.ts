import { FakeClock } from '@skerry/base/testing';
import { silentLogger } from '@skerry/base';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TransportError, type TransportRequest } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HubClock } from '#access/hub-clock.ts';
import { TokenAccess } from '#access/token-access.ts';
import { CacheFile } from '#cache/cache-file.ts';
import { CacheWriter } from '#cache/cache-writer.ts';
import { Sealer } from '#cache/sealer.ts';

const hourMs = 3_600_000;
let folder: string;
let clock: FakeClock;
let linked: boolean;
/** Tokens that the center takes for good. */
let good: Set<string>;
let asked: number;
const running = new Set<string>();
let open: (() => Promise<void>)[];

let podsKnown: boolean;
beforeEach(() => {
  podsKnown = true;
  folder = mkdtempSync(join(tmpdir(), 'skerry-token-'));
  clock = new FakeClock();
  linked = true;
  good = new Set();
  asked = 0;
  running.clear();
  running.add('u1');
  open = [];
});
afterEach(async () => {
  for (const close of open) await close();
  rmSync(folder, { recursive: true, force: true });
});

/** As after a start of the hub, on the same disk. */
function start() {
  const file = CacheFile.open({
    path: join(folder, 'hub.db'),
    sealer: new Sealer(Buffer.alloc(32, 1)),
    log: silentLogger,
  });
  const writer = new CacheWriter({ file, clock, log: silentLogger, onEvicted: () => undefined });
  const hubClock = new HubClock({ clock, file, writer, isLinked: () => linked });
  const access = new TokenAccess({
    upstream: {
      isLinked: () => linked,
      whenLinked: () => Promise.resolve(),
      transport: { request: center, close: () => undefined },
    },
    file,
    writer,
    pods: { has: (uid) => running.has(uid), areKnown: () => podsKnown },
    nodeName: 'n1',
    clock,
    hubClock,
  });
  const stop = async () => {
    await writer.close();
    file.close();
    open = open.filter((each) => each !== stop);
  };
  open.push(stop);
  return { access, hubClock, stop };
}

async function center({ path, headers }: TransportRequest) {
  if (!linked) throw new TransportError('api-unreachable', 'cut', { sent: false });
  if (!path.endsWith('selfsubjectreviews')) return answer(403, {});
  asked++;
  const token = String(headers['authorization']).replace('Bearer ', '');
  if (!good.has(token)) return answer(401, {});
  const extra = {
    'authentication.kubernetes.io/pod-name': ['p'],
    'authentication.kubernetes.io/pod-uid': ['u1'],
  };
  return answer(201, { status: { userInfo: { username: 'system:serviceaccount:a:b', extra } } });
}

function answer(status: number, body: object) {
  const bytes = Buffer.from(JSON.stringify(body));
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: (async function* () {
      yield bytes;
    })(),
  };
}

function tokenUntil(atMs: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'ES256' })}.${part({ exp: Math.round(atMs / 1000), atMs })}.c2ln`;
  good.add(token);
  return token;
}

const unauthorized = { code: 401 };

test('a token that was good when the link broke stays so, however long that lasts, over a restart too', async () => {
  const first = start();
  const token = tokenUntil(clock.now() + hourMs);
  await first.access.identify(token);
  first.hubClock.tick();
  linked = false;
  await clock.advance(100 * hourMs);
  expect((await first.access.identify(token)).user).toBe('system:serviceaccount:a:b');
  await first.stop();
  const second = start();
  expect((await second.access.identify(token)).pod).toEqual({ name: 'p', uid: 'u1' });
});

test('a token that had ended before is not good again, and one whose pod has gone is none', async () => {
  const { access, hubClock } = start();
  const ends = tokenUntil(clock.now() + hourMs);
  const lasts = tokenUntil(clock.now() + 10 * hourMs);
  await access.identify(ends);
  await access.identify(lasts);
  await clock.advance(2 * hourMs);
  hubClock.tick();
  linked = false;
  await expect(access.identify(ends)).rejects.toMatchObject(unauthorized);
  await access.identify(lasts);
  running.delete('u1');
  await expect(access.identify(lasts)).rejects.toMatchObject(unauthorized);
});

test('a token is neither good nor bad as long as nobody knows which pods run here', async () => {
  const token = tokenUntil(clock.now() + hourMs);
  const first = start();
  await first.access.identify(token);
  await first.stop();
  linked = false;
  podsKnown = false;
  running.clear();
  await expect(start().access.identify(token)).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
});

test('a clock that is wrong after a reboot changes nothing while there is no link', async () => {
  const first = start();
  const ends = tokenUntil(clock.now() + hourMs);
  const lasts = tokenUntil(clock.now() + 10 * hourMs);
  await first.access.identify(ends);
  await first.access.identify(lasts);
  await clock.advance(2 * hourMs);
  first.hubClock.tick();
  linked = false;
  await first.stop();
  for (const year of [1970, 2099]) {
    clock = new FakeClock(Date.UTC(year, 0, 1));
    const again = start();
    await again.access.identify(lasts);
    await expect(again.access.identify(ends)).rejects.toMatchObject(unauthorized);
    await again.stop();
  }
});

test('the center’s word on a token holds for two minutes, and its refusal for ten seconds', async () => {
  const { access } = start();
  const token = tokenUntil(clock.now() + hourMs);
  for (let round = 0; round < 5; round++) await access.identify(token);
  expect(asked).toBe(1);
  good.delete(token);
  await clock.advance(121_000);
  for (let round = 0; round < 5; round++)
    await expect(access.identify(token)).rejects.toMatchObject(unauthorized);
  expect(asked).toBe(2);
  linked = false;
  await expect(access.identify(token)).rejects.toMatchObject({ code: expect.any(Number) as number });
});
