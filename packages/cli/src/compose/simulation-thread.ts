/** One of the threads of `SimulationThreads`: plays the nodes that it is given until it is told to stop. */
import { parentPort, workerData } from 'node:worker_threads';
import { describeError, SkerryError, systemClock } from '@skerry/base';
import { jsonLogger } from '#json-log.ts';
import { runSimulation, type SimulationPart } from './simulation.ts';

/** What a thread says. After `failed` it ends as it does after it was stopped. */
export type ThreadMessage =
  | { readonly type: 'joined' }
  | { readonly type: 'failed'; readonly code?: string; readonly message: string };

const stopping = new AbortController();
parentPort?.once('message', () => stopping.abort(new Error('asked to stop')));

function tell(message: ThreadMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window.
  parentPort?.postMessage(message);
}

try {
  await runSimulation(
    {
      ...(workerData as SimulationPart),
      clock: systemClock,
      log: jsonLogger({ level: 'warn', name: 'sim' }),
      random: Math.random,
      onJoined: () => tell({ type: 'joined' }),
    },
    stopping.signal,
  );
} catch (error) {
  const code = error instanceof SkerryError ? { code: error.code } : {};
  tell({ type: 'failed', message: describeError(error), ...code });
}
// Requests of broken connections that never end would keep the thread.
process.exit();
