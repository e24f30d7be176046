/**
 * Keeps container logs bounded: a log past `bytesMax` is moved aside under its time and the runtime goes on in a new one;
 * of each container's logs the newest `filesMax` stay.
 * https://kubernetes.io/docs/concepts/cluster-administration/logging/#log-rotation
 */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describeError, sleep, type Clock, type Logger } from '@skerry/base';
import type { NodePods } from '#pods/manager.ts';
import type { ContainerRuntime } from '#runtime.ts';

export interface LogRotationOptions {
  readonly pods: NodePods;
  readonly runtime: Pick<ContainerRuntime, 'reopenContainerLog'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly bytesMax?: number;
  readonly filesMax?: number;
}

const periodMs = 10_000;

export async function runLogRotation(options: LogRotationOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(options.clock, periodMs, signal).catch(() => undefined);
    if (!signal.aborted) await rotateLogs(options);
  }
}

export async function rotateLogs(options: LogRotationOptions): Promise<void> {
  const { pods, log, bytesMax = 10 * 1024 * 1024 } = options;
  for (const { containers } of pods.list()) {
    for (const { id, state, logPath, name } of containers) {
      if (state !== 'running') continue;
      const size = (await stat(logPath).catch(() => undefined))?.size ?? 0;
      if (size < bytesMax) continue;
      await rotate(options, { id, logPath }).catch((error: unknown) => {
        log.warn('log not rotated', { container: name, error: describeError(error) });
      });
    }
  }
}

async function rotate(
  { runtime, clock, filesMax = 5 }: LogRotationOptions,
  { id, logPath }: { id: string; logPath: string },
): Promise<void> {
  const folder = dirname(logPath);
  const name = basename(logPath);
  const rotated = (await readdir(folder)).filter((file) => file.startsWith(`${name}.`)).toSorted();
  // The current one and the one about to be moved count.
  for (const file of rotated.slice(0, Math.max(0, rotated.length - (filesMax - 2))))
    await rm(join(folder, file));
  const stamp = new Date(clock.now())
    .toISOString()
    .replaceAll(/[-:]|\..*$/g, '')
    .replace('T', '-');
  const aside = `${logPath}.${stamp}`;
  await rename(logPath, aside);
  try {
    await runtime.reopenContainerLog(id);
  } catch (error) {
    await rename(aside, logPath);
    throw error;
  }
}
