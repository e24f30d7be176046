import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, recordingLogger } from '@skerry/base/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AuditLog } from '#audit/audit-log.ts';

let folder: string;
const clock = new FakeClock();

beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'audit-'))));
afterEach(() => rm(folder, { recursive: true }));

const openLog = (options: { sizeMax?: number; filesMax?: number } = {}) =>
  new AuditLog({ path: join(folder, 'audit.jsonl'), clock, log: recordingLogger(), ...options });
const entry = { user: 'ann', sourceAddress: '192.0.2.1', action: 'POST pods', code: 201 };

test('entries come newest first, page by page, over files that moved on, and through a restart', async () => {
  const log = openLog({ sizeMax: 1000, filesMax: 3 });
  for (let index = 0; index < 12; index++) log.record({ ...entry, object: `pods/${index}` });
  expect((await readdir(folder)).toSorted()).toEqual(['audit.jsonl', 'audit.jsonl.1', 'audit.jsonl.2']);
  const again = openLog({ sizeMax: 1000, filesMax: 3 });
  const seen: (string | undefined)[] = [];
  let before: string | undefined;
  do {
    const page = await again.page({ limit: 2, before });
    seen.push(...page.entries.map(({ object }) => object));
    before = page.next;
  } while (before);
  expect(seen[0]).toBe('pods/11');
  expect(seen).toEqual(seen.map((_, index) => `pods/${11 - index}`));
});

test('entries are found by who, where, what, when and with what result', async () => {
  const log = openLog();
  log.record(entry);
  log.record({ ...entry, user: 'bob', cluster: 'edge', code: 403, message: 'no' });
  await clock.advance(1000);
  const since = new Date(clock.now()).toISOString();
  log.record({ ...entry, action: 'sign in', code: 500 });
  const found = async (query: object) =>
    (await log.page({ limit: 10, ...query })).entries.map(({ user, result }) => `${user} ${result}`);
  expect(await found({ user: 'bob' })).toEqual(['bob refused']);
  expect(await found({ cluster: 'edge' })).toEqual(['bob refused']);
  expect(await found({ action: 'pods' })).toEqual(['bob refused', 'ann allowed']);
  expect(await found({ result: 'failed' })).toEqual(['ann failed']);
  expect(await found({ since })).toEqual(['ann failed']);
  expect(await found({ until: since })).toEqual(['bob refused', 'ann allowed']);
});

test('a name is one line of bounded length, and the file nobody else reads', async () => {
  const log = openLog();
  log.record({ ...entry, user: `x\n{"user":"root"}${'y'.repeat(2000)}` });
  const { entries } = await log.page({ limit: 10 });
  expect(entries).toHaveLength(1);
  expect(entries[0]?.user.length).toBe(500);
  expect((await stat(join(folder, 'audit.jsonl'))).mode & 0o777).toBe(0o600);
});

test('strangers can not push out what others did', async () => {
  const log = openLog();
  for (let index = 0; index < 500; index++) log.record({ ...entry, user: '', stranger: true, code: 401 });
  log.record(entry);
  expect((await log.page({ limit: 200 })).entries).toHaveLength(121);
  await clock.advance(61_000);
  log.record({ ...entry, user: '', stranger: true, code: 401 });
  const { entries } = await log.page({ limit: 2 });
  expect(entries[1]?.message).toBe('380 more refused requests of strangers were left out');
});

test('a disk that takes nothing stops nothing, and is told once', () => {
  const logger = recordingLogger();
  const log = new AuditLog({ path: folder, clock, log: logger });
  log.record(entry);
  log.record(entry);
  expect(logger.lines.map(({ message }) => message)).toEqual(['audit log not written']);
});
