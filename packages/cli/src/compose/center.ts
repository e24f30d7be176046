/**
 * The supervisor of one cluster: its API-server process and the process of its controllers and scheduler. Each is started
 * again when it ends; the second speaks to the first over a Unix socket and waits for it by itself.
 */
import { join } from 'node:path';
import type { Clock, Logger } from '@skerry/base';
import { ManagedProcess } from '#process/managed-process.ts';
import { selfCommand } from '#process/self.ts';
import type { Installation } from './installation.ts';

export interface Center {
  readonly processes: readonly ManagedProcess[];
  /** Resolves when the API server answers; rejects with its reason when it can't start, and when it is aborted. */
  start(signal: AbortSignal): Promise<void>;
  /** Controllers first, so that they release their leases. */
  stop(): Promise<void>;
}

export function createCenter({ data }: Installation, { clock, log }: { clock: Clock; log: Logger }): Center {
  const part = (name: string, command: string, heapMb: number) =>
    new ManagedProcess({
      name,
      ...selfCommand([command, '--data-dir', data.path], { heapMb, youngMb: 32, growthPercent: 40 }),
      logFile: join(data.logs, `${name}.log`),
      clock,
      log,
    });
  const api = part('api-server', 'serve-api', 4096);
  const controllers = part('controllers', 'serve-controllers', 2048);
  const stop = async () => {
    await controllers.stop();
    await api.stop();
  };
  return {
    processes: [api, controllers],
    async start(signal) {
      const stopAll = () => void stop();
      signal.addEventListener('abort', stopAll, { once: true });
      try {
        await api.start();
        await controllers.start();
      } finally {
        signal.removeEventListener('abort', stopAll);
      }
    },
    stop,
  };
}
