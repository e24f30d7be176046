/**
 * A containerd of our own: its root, state, socket and configuration lie in one folder, so that any number can live on a
 * machine, beside one of the distribution's. It is started in a session of its own and outlives whoever started it; the
 * next start on the same folder finds it and takes it over. It can be put into a network namespace, which is where its
 * pods' network then is; the mount namespace stays the machine's, so that control groups remain in sight.
 *
 * `stop` ends everything that belongs to it: pods, shims, processes, mounts, network namespaces. Images and the records
 * of containers stay in the folder, so that a later start knows how often each has run.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SkerryError, type Logger } from '@skerry/base';
import { containerdConfig, containerdPaths, type ContainerdPaths } from '#containerd/config.ts';
import { endContainers, endLeftovers, shimsOf } from '#containerd/stop.ts';
import { createCriRuntime } from '#cri/client.ts';
import { runCommand } from '#machine/command.ts';
import { endProcesses, isAlive, namespaceId, readProcess } from '#machine/processes.ts';

export interface ContainerdOptions {
  readonly directory: string;
  readonly cniBinDirectory: string;
  readonly cniConfDirectory: string;
  /** The pause image; it is to be imported or pullable. */
  readonly sandboxImage: string;
  /** Path of a network namespace: `/run/netns/x`, `/proc/N/ns/net`. The caller's own where absent. */
  readonly networkNamespace?: string;
  /** Control groups below it are removed by `stop`. */
  readonly cgroupRoot?: string;
  /** Environment for registries behind a proxy (HTTPS_PROXY, NO_PROXY). PATH is always handed on. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly log: Logger;
}

export interface Containerd {
  readonly socket: string;
  readonly pid: number;
  readonly snapshotter: 'overlayfs' | 'native';
  /** Whether it ran already. */
  readonly adopted: boolean;
  /** Ends it with all its pods. Containers get SIGTERM and `graceSeconds` (2 unless told) before SIGKILL. */
  stop(options?: { graceSeconds?: number }): Promise<void>;
}

const readyTimeoutMs = 30_000;

export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const paths = containerdPaths(options.directory);
  await mkdir(options.directory, { recursive: true, mode: 0o711 });
  await mkdir(options.cniConfDirectory, { recursive: true });
  const running = await findRunning(paths, options.networkNamespace);
  if (running !== undefined)
    options.log.info('containerd found running', { pid: running, socket: paths.socket });
  const pid = running ?? (await launch(options, paths));
  try {
    await waitReady(pid, paths);
  } catch (error) {
    // Nobody has a handle to stop it by.
    await endProcesses([pid], { graceMs: 2_000 });
    await rm(paths.pid, { force: true });
    throw error;
  }
  return {
    socket: paths.socket,
    pid,
    snapshotter: (await readFile(paths.config, 'utf8')).includes('snapshotter = "native"')
      ? 'native'
      : 'overlayfs',
    adopted: running !== undefined,
    stop: ({ graceSeconds = 2 } = {}) => stop({ pid, paths, graceSeconds, options }),
  };
}

/** The process that an earlier start left, if it is still ours and in the same network. */
async function findRunning(
  paths: ContainerdPaths,
  networkNamespace: string | undefined,
): Promise<number | undefined> {
  const text = await readFile(paths.pid, 'utf8').catch(() => '');
  const pid = Number(/"pid":\s*(\d+)/.exec(text)?.[1] ?? 0);
  if (!pid) return undefined;
  const info = await readProcess(pid);
  if (!info?.command.includes(paths.config)) return undefined;
  const wanted = await namespaceId(networkNamespace ?? '/proc/self/ns/net');
  if ((await namespaceId(`/proc/${pid}/ns/net`)) !== wanted) {
    throw new SkerryError(
      'containerd-elsewhere',
      `containerd (process ${pid}) already runs on ${paths.root} in another network namespace; stop it first`,
    );
  }
  return pid;
}

async function launch(options: ContainerdOptions, paths: ContainerdPaths): Promise<number> {
  // Pods outlive a containerd that crashed, and the new one finds them. Without any, what lies there is of a machine
  // that lost power.
  if ((await shimsOf(paths)).length === 0) await endLeftovers(paths);
  await rm(paths.socket, { force: true });
  await rm(`${paths.socket}.ttrpc`, { force: true });
  await mkdir(paths.registries, { recursive: true });
  const snapshotter = (await overlayWorks(options.directory)) ? 'overlayfs' : 'native';
  await writeFile(
    paths.config,
    containerdConfig({ ...options, snapshotter, lowersOomScore: await lowersOomScore() }),
  );

  const command = ['containerd', '--config', paths.config];
  if (options.networkNamespace !== undefined)
    command.unshift('nsenter', `--net=${options.networkNamespace}`, '--');
  const output = openSync(paths.log, 'a');
  try {
    const [file = '', ...args] = command;
    const child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', output, output],
      cwd: options.directory,
      env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', ...options.environment },
    });
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (cause) =>
        reject(
          new SkerryError('containerd-missing', `${file} could not be started; install containerd`, {
            cause,
          }),
        ),
      );
    });
    const spawned = new Promise<number>((resolve) => child.once('spawn', () => resolve(child.pid ?? 0)));
    const pid = await Promise.race([spawned, failed]);
    child.unref();
    await writeFile(`${paths.pid}.new`, `{"pid": ${pid}}\n`);
    await rename(`${paths.pid}.new`, paths.pid);
    options.log.info('containerd started', { pid, socket: paths.socket, snapshotter });
    return pid;
  } finally {
    closeSync(output);
  }
}

/** Overlay mounts fail on top of some file systems (another overlay, old NFS); then layers are copied instead. */
async function overlayWorks(directory: string): Promise<boolean> {
  const trial = await mkdtemp(join(directory, 'overlay-'));
  const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) => join(trial, name));
  try {
    for (const path of [lower, upper, work, merged]) await mkdir(path ?? trial);
    const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    await runCommand('mount', ['-t', 'overlay', '-o', layers, 'overlay', merged ?? trial]);
    await runCommand('umount', ['--', merged ?? trial]);
    return true;
  } catch {
    return false;
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

async function lowersOomScore(): Promise<boolean> {
  const file = '/proc/self/oom_score_adj';
  const before = await readFile(file, 'utf8');
  try {
    await writeFile(file, String(Math.max(-1000, Number(before) - 1)));
    await writeFile(file, before.trim());
    return true;
  } catch {
    return false;
  }
}

async function waitReady(pid: number, paths: ContainerdPaths): Promise<void> {
  const deadline = performance.now() + readyTimeoutMs;
  const runtime = createCriRuntime({ socket: paths.socket });
  try {
    for (;;) {
      if (!isAlive(pid)) throw await failure(paths, `containerd (process ${pid}) ended while starting`);
      const present = await stat(paths.socket).catch(() => undefined);
      if (present && (await runtime.version().catch(() => undefined))) return;
      if (performance.now() > deadline)
        throw await failure(paths, `containerd did not answer on ${paths.socket} in time`);
      await delay(50);
    }
  } finally {
    runtime.close();
  }
}

async function failure(paths: ContainerdPaths, message: string): Promise<SkerryError> {
  const log = await readFile(paths.log, 'utf8').catch(() => '');
  const last = log
    .trim()
    .split('\n')
    .filter((line) => /level=(error|fatal)|^containerd:/.test(line))
    .at(-1);
  return new SkerryError('containerd-failed', `${message}${last ? `: ${last}` : ''}; see ${paths.log}`);
}

async function stop(work: {
  pid: number;
  paths: ContainerdPaths;
  graceSeconds: number;
  options: ContainerdOptions;
}): Promise<void> {
  const { pid, paths, graceSeconds, options } = work;
  if (isAlive(pid)) await endContainers(paths.socket, { graceSeconds, log: options.log });
  await endProcesses([pid], { graceMs: 10_000 });
  await endLeftovers(paths, { cgroupRoot: options.cgroupRoot });
  await rm(paths.pid, { force: true });
  options.log.info('containerd stopped', { pid, socket: paths.socket });
}
