/**
 * The supervisor: the processes of its own cluster, the center's process (management API and console), and those of every
 * cluster that the center hosts. It holds no state and listens on nothing, so that a fault of the console, or of a cluster,
 * ends neither the supervisor nor the others.
 */
import { join } from 'node:path';
import { type Clock, type Logger, SkerryError, sleep } from '@skerry/base';
import * as z from 'zod';
import { ManagedProcess } from '#process/managed-process.ts';
import { selfCommand } from '#process/self.ts';
import { createClusterProcesses } from './cluster-processes.ts';
import { HostedClusters } from './hosted-clusters.ts';
import type { Installation } from './installation.ts';
import { parseRunClusters } from './supervisor-protocol.ts';

export interface Center {
  /** By the name of the process, and of its cluster where it is a hosted one. */
  readonly processes: readonly { readonly name: string; readonly pid: number | undefined }[];
  /** Resolves when API server and console answer; rejects with the reason when they can't start, and when it is aborted. */
  start(signal: AbortSignal): Promise<ConsoleFacts>;
  /** In the reverse of the order they were started. */
  stop(): Promise<void>;
}

const consoleFacts = z.object({
  console: z.string(),
  /** Made at the first start, and told this once. */
  firstUser: z.object({ name: z.string(), password: z.string() }).optional(),
});

const tellEveryMs = 5_000;

/** What the center's process tells when it is ready. */
export type ConsoleFacts = z.infer<typeof consoleFacts>;

export function createCenter({ data }: Installation, { clock, log }: { clock: Clock; log: Logger }): Center {
  const own = createClusterProcesses(data, { clock, log });
  const hosted = new HostedClusters({
    processesOf: (at) => createClusterProcesses(at, { clock, log: log.with({ directory: at.path }) }),
    own,
    onChange: (states) => center.send(states),
    clock,
    log,
  });
  const center = new ManagedProcess({
    name: 'center',
    ...selfCommand(['serve-center', '--data-dir', data.path], {
      heapMb: 1024,
      youngMb: 8,
      // What it holds are copies, which change far less than they weigh.
      growthPercent: 20,
    }),
    logFile: join(data.logs, 'center.log'),
    clock,
    log,
    onMessage: (message) => {
      const wanted = parseRunClusters(message);
      if (wanted) hosted.run(wanted.clusters);
      else log.warn('unknown message of the center');
    },
  });
  const stopped = new AbortController();
  const keepTelling = async () => {
    while (!stopped.signal.aborted) {
      await sleep(clock, tellEveryMs, stopped.signal).catch(() => undefined);
      hosted.tell();
    }
  };
  const stop = async () => {
    stopped.abort(new Error('asked to stop'));
    await center.stop();
    await hosted.stop();
    await own.stop();
  };
  return {
    get processes() {
      return [
        ...[...own.processes, center].map(({ name, pid }) => ({ name, pid })),
        ...hosted.processes.map(({ cluster, process }) => ({
          name: `${cluster}/${process.name}`,
          pid: process.pid,
        })),
      ];
    },
    async start(signal) {
      const stopAll = () => void stop();
      signal.addEventListener('abort', stopAll, { once: true });
      try {
        const [facts] = await Promise.all([center.start(), own.start()]);
        void keepTelling();
        return consoleFactsOf(facts);
      } finally {
        signal.removeEventListener('abort', stopAll);
      }
    },
    stop,
  };
}

function consoleFactsOf(detail: unknown): ConsoleFacts {
  const { data } = consoleFacts.safeParse(detail);
  if (!data) throw new SkerryError('process-not-started', 'center said nothing of use when it was ready');
  return data;
}
