/** How `skerry up` ends: whatever it was doing, and however it is ended, it leaves nothing that it should not. */
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, entry, freePort, kubectlProgram, leftovers, run } from '../support/cluster.ts';
import { UpProcess, type UpProcessOptions } from '../support/up-process.ts';

const directories: string[] = [];
const started: UpProcess[] = [];

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sklife-'));
  directories.push(directory);
  return directory;
}

/** Where what these tests start keeps its temporary files: a place of its own, since other tests run beside them. */
const temporary = newDirectory();

function up(options: UpProcessOptions): UpProcess {
  const process = new UpProcess({ ...options, env: { TMPDIR: temporary, ...options.env } });
  started.push(process);
  return process;
}

const skerry = (...args: string[]) => run(process.execPath, [entry(), ...args]);

describe.skipIf(!canRunContainers())('skerry up', () => {
  const expectNothingLeft = (directory: string, instance: string) => {
    expect(instance).toMatch(/^[0-9a-f]{4}$/);
    expect(leftovers(directory, instance)).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  };

  afterAll(() => {
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  });

  describe('stopped while it starts leaves nothing', () => {
    afterEach(async () => {
      await Promise.all(started.splice(0).map((process) => process.end('SIGKILL')));
    });

    const has = (text: string) => (_directory: string, output: string) => output.includes(text);
    const hasFile = (path: string) => (directory: string) =>
      existsSync(join(directory, 'machines/east-1', path));

    test.each([
      ['while the network is made', (directory: string) => existsSync(join(directory, 'up.json')), 'SIGINT'],
      ['while the API server starts', has('keys and certificates'), 'SIGTERM'],
      ['while containerd starts', hasFile('containerd/containerd.json'), 'SIGINT'],
      ['while images are loaded', hasFile('containerd/containerd.sock'), 'SIGHUP'],
      ['while it joins', hasFile('images-loaded'), 'SIGINT'],
      ['while the node gets ready', hasFile('agent/client.crt'), 'SIGINT'],
    ] as const)('%s', async (_when, reached, signal) => {
      const directory = newDirectory();
      const process = up({ dataDirectory: directory, port: await freePort() });
      await process.until((output) => reached(directory, output));
      const { code } = await process.end(signal);
      expect(process.output).not.toContain('✗');
      expect(code).toBe(0);
      expectNothingLeft(directory, process.instance);
    });

    test('because containerd does not start, which it says', async () => {
      const directory = newDirectory();
      const programs = newDirectory();
      writeFileSync(
        join(programs, 'containerd'),
        '#!/bin/sh\necho "containerd: no such thing" >&2\nexit 1\n',
      );
      chmodSync(join(programs, 'containerd'), 0o755);
      const process = up({
        dataDirectory: directory,
        port: await freePort(),
        env: { PATH: `${programs}:${globalThis.process.env['PATH']}` },
      });
      const { code } = await process.ended;
      expect(code).toBe(1);
      expect(process.output).toMatch(/✗ machine east-1 .*containerd: no such thing; see .*containerd\.log/);
      expectNothingLeft(directory, process.instance);
    });
  });

  describe('that runs', () => {
    const directory = newDirectory();
    let port: number;
    let process: UpProcess;

    const kubectl = async (...args: string[]) => {
      const result = await run(kubectlProgram, [
        '--kubeconfig',
        join(directory, 'admin.kubeconfig'),
        '--cache-dir',
        join(directory, 'kube-cache'),
        ...args,
      ]);
      if (result.code !== 0) throw new Error(result.errors);
      return result.output;
    };
    const container = async () => {
      const pod = JSON.parse(await kubectl('get', 'pod', 'keeper', '-o', 'json')) as Pod;
      const [status] = pod.status?.containerStatuses ?? [];
      return {
        id: status?.containerID,
        restarts: status?.restartCount,
        address: pod.status?.podIP,
        running: status?.state?.running?.startedAt,
      };
    };
    const containerdPid = () =>
      (
        JSON.parse(readFileSync(join(directory, 'machines/east-1/containerd/containerd.json'), 'utf8')) as {
          pid: number;
        }
      ).pid;
    const patient = { timeoutMs: 60_000, everyMs: 200 };

    beforeAll(async () => {
      port = await freePort();
      process = up({ dataDirectory: directory, port });
      await process.untilItRuns();
      const command = ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'];
      await kubectl('run', 'keeper', '--image=skerry.io/stand-in/busybox:1.35', '--', ...command);
      await kubectl('wait', '--for=condition=Ready', 'pod/keeper', '--timeout=60s');
    });

    afterAll(async () => {
      await Promise.all(started.splice(0).map((one) => one.end('SIGINT')));
    });

    test('refuses a second one on its folder with one line, at once', async () => {
      const second = up({ dataDirectory: directory, port: await freePort() });
      const { code, tookMs } = await second.ended;
      expect(second.output.trim().split('\n')).toHaveLength(1);
      expect(second.output).toContain(`data directory ${directory} is in use by another skerry`);
      expect(code).toBe(3);
      expect(tookMs).toBeLessThan(8_000);
    });

    test('keeps its port against a second one, which says so and leaves nothing', async () => {
      const other = newDirectory();
      const second = up({ dataDirectory: other, port });
      const { code, tookMs } = await second.ended;
      expect(second.output.split('\n').filter((line) => line.includes('✗'))).toEqual([
        expect.stringMatching(new RegExp(`cannot listen on .*:${port}: another process does.*--port`)),
      ]);
      expect(code).toBe(3);
      expect(tookMs).toBeLessThan(15_000);
      expectNothingLeft(other, second.instance);
    });

    test('has room for another beside it, with names and addresses of its own', async () => {
      const other = newDirectory();
      const second = up({ dataDirectory: other, port: await freePort() });
      await second.untilItRuns();
      expect(second.instance).not.toBe(process.instance);
      expect(subnetOf(other)).not.toBe(subnetOf(directory));
      expect((await second.end('SIGTERM')).code).toBe(0);
      expectNothingLeft(other, second.instance);
      expect(await kubectl('get', 'nodes')).toMatch(/^east-1 +Ready /m);
    });

    test('takes a machine out again without a trace', async () => {
      const machine = (...args: string[]) => skerry('up', 'machine', ...args, '--data-dir', directory);
      expect((await machine('add', 'east-2', '--region', 'east')).code).toBe(0);
      expect((await machine('remove', 'east-2')).code).toBe(0);
      expect(leftovers(directory, process.instance).filter((line) => line.includes('east-2'))).toEqual([]);
      expect(existsSync(join(directory, 'machines/east-2'))).toBe(false);
    });

    test('starts a containerd that was killed again, and its pods never notice', async () => {
      const before = await container();
      const pid = containerdPid();
      globalThis.process.kill(pid, 'SIGKILL');
      await eventually(() => expect(containerdPid()).not.toBe(pid), patient);
      await eventually(async () => {
        await kubectl('exec', 'keeper', '--', 'true');
      }, patient);
      expect(await container()).toEqual(before);
    });

    test('killed leaves its containers running, and the next start takes them over', async () => {
      const before = await container();
      const pid = containerdPid();
      await process.end('SIGKILL');
      process = up({ dataDirectory: directory, port });
      await process.untilItRuns();
      expect(containerdPid()).toBe(pid);
      await eventually(async () => {
        await kubectl('exec', 'keeper', '--', 'true');
      }, patient);
      expect(await container()).toEqual(before);
    });

    test('killed can be reset, after which nothing is left', async () => {
      const { instance } = process;
      await process.end('SIGKILL');
      const result = await skerry('reset', '--yes', '--data-dir', directory);
      expect(result.errors).toBe('');
      expect(result.code).toBe(0);
      expect(existsSync(directory)).toBe(false);
      expectNothingLeft(directory, instance);
    });
  });
});

function subnetOf(directory: string): number {
  return (JSON.parse(readFileSync(join(directory, 'up.json'), 'utf8')) as { subnet: number }).subnet;
}
