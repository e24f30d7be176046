/**
 * The two processes of one hosted cluster: its API server, and its controllers with the scheduler. Each is started again when
 * it ends; the second speaks to the first over a Unix socket and waits for it by itself.
 */
import { join } from 'node:path';
import type { Clock, Logger } from '@skerry/base';
import type { DataDirectory } from '#data-directory.ts';
import { growthPercentLeast } from '#process/heap-room.ts';
import { ManagedProcess } from '#process/managed-process.ts';
import { selfCommand } from '#process/self.ts';

export interface ClusterProcesses {
  readonly processes: readonly ManagedProcess[];
  /** Resolves when the API server answers; rejects with its reason when it can't start. */
  start(): Promise<void>;
  /** Controllers first, so that they release their leases. */
  stop(): Promise<void>;
}

export function createClusterProcesses(
  data: DataDirectory,
  { clock, log }: { clock: Clock; log: Logger },
): ClusterProcesses {
  const part = (name: string, command: string, size: { readonly heapMb: number; readonly youngMb: number }) =>
    new ManagedProcess({
      name,
      ...selfCommand([command, '--data-dir', data.path], { ...size, growthPercent: growthPercentLeast }),
      logFile: join(data.logs, `${name}.log`),
      clock,
      log,
    });
  // What is on its way when the young are looked through is kept for longer than it lives: a write is on its way until its
  // fsync, and the API server has dozens of them.
  const api = part('api-server', 'serve-api', { heapMb: 4096, youngMb: 64 });
  const controllers = part('controllers', 'serve-controllers', { heapMb: 2048, youngMb: 32 });
  return {
    processes: [api, controllers],
    async start() {
      await api.start();
      await controllers.start();
    },
    async stop() {
      await controllers.stop();
      await api.stop();
    },
  };
}
