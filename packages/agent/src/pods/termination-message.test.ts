import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { annotation } from '#pods/labels.ts';
import { terminationMessage } from '#pods/termination-message.ts';
import type { ContainerStatus } from '#runtime.ts';

const folder = mkdtempSync(join(tmpdir(), 'skerry-message-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function ended(exitCode: number, log: string, written = ''): Promise<string | undefined> {
  const [logPath, file] = [join(folder, 'log'), join(folder, 'message')];
  writeFileSync(logPath, log);
  writeFileSync(file, written);
  const annotations = {
    [annotation.terminationMessageFile]: file,
    [annotation.terminationMessagePolicy]: 'FallbackToLogsOnError',
  };
  return terminationMessage({
    annotations,
    exitCode,
    logPath,
    message: '',
  } as Partial<ContainerStatus> as ContainerStatus);
}

const at = '2026-01-01T00:00:00.000000001Z stdout';

test.each<[log: string, message: string | undefined]>([
  [`${at} F first\n${at} F last line\n`, 'first\nlast line\n'],
  [`${at} P no break\n`, 'no break'],
  [`${at} P a long\n${at} F  line\n`, 'a long line\n'],
  ['', undefined],
])('a container that fails says what it printed last: %j', async (log, message) => {
  expect(await ended(1, log)).toBe(message);
});

test('of the log no more is told than the last 80 lines', async () => {
  const log = Array.from({ length: 100 }, (_, index) => `${at} F ${index}\n`).join('');
  expect((await ended(1, log))?.split('\n')[0]).toBe('20');
});

test('what it wrote for this is told rather than the log, and the log of a success is not told', async () => {
  expect(await ended(1, `${at} F log\n`, 'written')).toBe('written');
  expect(await ended(0, `${at} F log\n`)).toBeUndefined();
});
