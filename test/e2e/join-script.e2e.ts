/**
 * The line that a machine pastes: what it fetches is verified before it runs, it installs and joins, and an upgrade
 * replaces the program under the agent. Root, since it installs; below a folder of the test's own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '@skerry/base/testing';
import { Center } from '../support/center.ts';

describe.skipIf(process.getuid?.() !== 0)('the join line', () => {
  let center: Center;
  let folder: string;
  let line: string;
  const builds = () => join(folder, 'prefix/lib/skerry');
  const skerry = () => join(folder, 'prefix/bin/skerry');
  const data = () => join(folder, 'data');

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'skerry-line-'));
    center = await Center.start(undefined, ['--advertise', '127.0.0.1']);
    const flags = ['--data-dir', center.dataDirectory, '--print-join-command'];
    const made = await center.skerry(['token', 'create', ...flags]);
    expect(made.errors).toBe('');
    line = made.output;
  });

  afterAll(async () => {
    await center.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As a person's shell does, with more flags of the join behind those of the line. */
  function paste(text: string, flags = '') {
    const pasted = text.replace(" <<'END'", `${flags} <<'END'`);
    const { status, stdout, stderr } = spawnSync('sh', [], {
      cwd: folder,
      input: pasted,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], PREFIX: join(folder, 'prefix'), NO_COLOR: '1' },
    });
    return { status, output: stdout + stderr };
  }

  test('a center with another key gets nothing run', () => {
    const other = line.replace(/sha256\/\/[^']+/, `sha256//${Buffer.alloc(32).toString('base64')}`);
    const { status, output } = paste(other);
    expect([status, output]).toEqual([90, expect.stringContaining('pinned')]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('the machine is installed and joined, and its agent becomes a node', async () => {
    const flags = ` --node-name pasted --runtime-endpoint simulated --start none --data-dir ${data()}`;
    const { status, output } = paste(line, flags);
    expect([status, output]).toEqual([
      0,
      expect.stringContaining('This node joined into the cluster successfully.'),
    ]);
    const agent = spawn(skerry(), ['agent', '--data-dir', data()], { stdio: 'ignore' });
    const ended = once(agent, 'exit');
    try {
      await eventually(
        async () => {
          const { output: nodes } = await center.kubectl(['get', 'node', 'pasted', '--no-headers']);
          expect(nodes).toMatch(/^pasted +Ready/);
        },
        { timeoutMs: 60_000 },
      );
    } finally {
      agent.kill();
      await ended;
    }
  });

  test('an upgrade takes the build of the center and keeps the former one', async () => {
    const build = readlinkSync(join(builds(), 'current'));
    const current = spawnSync(skerry(), ['upgrade', '--data-dir', data()], { encoding: 'utf8' });
    expect([current.status, current.stdout]).toEqual([
      0,
      expect.stringContaining(`runs its center's build already: ${build}`),
    ]);
    renameSync(join(builds(), build), join(builds(), '0.0.1-00000000'));
    rmSync(join(builds(), 'current'));
    symlinkSync('0.0.1-00000000', join(builds(), 'current'));
    const upgraded = spawnSync(skerry(), ['upgrade', '--data-dir', data(), '--no-restart'], {
      encoding: 'utf8',
    });
    expect([upgraded.status, upgraded.stdout, upgraded.stderr]).toEqual([
      0,
      expect.stringContaining(`Upgraded from 0.0.1-00000000 to ${build}.`),
      '',
    ]);
    expect(readdirSync(builds()).sort()).toEqual(['0.0.1-00000000', build, 'current'].sort());
    expect(readFileSync(join(builds(), build, 'skerry.mjs'), 'utf8')).not.toBe('');
  });

  test('a center that was never told its address says so', async () => {
    const quiet = await Center.start();
    try {
      const answer = await quiet.request({ path: '/join.sh', as: 'nobody' });
      expect([answer.status, answer.text]).toEqual([503, expect.stringContaining('--advertise')]);
      const { code, errors } = await quiet.skerry([
        'token',
        'create',
        '--data-dir',
        quiet.dataDirectory,
        '--print-join-command',
      ]);
      expect([code, errors]).toEqual([1, expect.stringContaining('--advertise')]);
    } finally {
      await quiet.stop();
    }
  });

  test('what is no release is not found, and nothing can be written', async () => {
    const ask = (path: string, method = 'GET') => center.request({ path, method, as: 'nobody' });
    expect((await ask('/release/../server/config.json')).status).toBe(404);
    expect((await ask('/release/skerry-9.9.9-linux-amd64.tar.gz')).status).toBe(404);
    expect((await ask('/join.sh', 'POST')).status).toBe(405);
    writeFileSync(join(folder, 'script'), (await ask('/join.sh')).text);
    expect(spawnSync('sh', ['-n', join(folder, 'script')]).status).toBe(0);
  });
});
