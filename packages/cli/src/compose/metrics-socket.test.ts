import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@skerry/base/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readMetrics, serveMetrics } from './metrics-socket.ts';

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'metrics-'))));
afterEach(() => rm(directory, { recursive: true }));

test('pages are read over a socket that is the owner’s alone, and gone with its server', async () => {
  const path = join(directory, 'socket');
  const stop = new AbortController();
  const served = serveMetrics(path, { '/a': () => 'a 1\n' }, stop.signal);
  await eventually(async () => expect(await readMetrics(path, '/a')).toBe('a 1\n'));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await expect(readMetrics(path, '/b')).rejects.toThrow('status 404');
  stop.abort();
  await served;
  await expect(readMetrics(path, '/a')).rejects.toThrow();
});
