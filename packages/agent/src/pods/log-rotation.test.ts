import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { rotateLogs } from '#pods/log-rotation.ts';
import { testPod } from '#testing/pods.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-log-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function setUp({ reopen = async (path: string) => writeFile(path, '') } = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const logPath = join(directory, '0.log');
  const view = {
    pod: testPod(),
    status: undefined,
    sandboxId: 's',
    addresses: [],
    logDirectory: directory,
    containers: [{ name: 'main', id: 'c', restartCount: 0, state: 'running' as const, logPath }],
  };
  const rotate = () =>
    rotateLogs({
      pods: { find: () => view, list: () => [view] },
      runtime: { reopenContainerLog: () => reopen(logPath) },
      clock,
      log: silentLogger,
      bytesMax: 10,
      filesMax: 3,
    });
  return { clock, logPath, rotate };
}

test('a log that is small stays', async () => {
  const { logPath, rotate } = setUp();
  await writeFile(logPath, 'short');
  await rotate();
  expect(await readdir(directory)).toEqual(['0.log']);
});

test('a log that is full is moved aside, and only the newest are kept', async () => {
  const { clock, logPath, rotate } = setUp();
  for (const text of ['first log', 'second log', 'third log', 'fourth log']) {
    await writeFile(logPath, `${text}.....`);
    await rotate();
    await clock.advance(1_000);
  }
  expect(await readdir(directory)).toEqual(['0.log', '0.log.20260101-000002', '0.log.20260101-000003']);
  expect(await readFile(join(directory, '0.log.20260101-000003'), 'utf8')).toContain('fourth');
});

test('a runtime that does not go along keeps its log', async () => {
  const { logPath, rotate } = setUp({ reopen: async () => Promise.reject(new Error('no')) });
  await writeFile(logPath, 'a very long log');
  await rotate();
  expect(await readFile(logPath, 'utf8')).toBe('a very long log');
});
