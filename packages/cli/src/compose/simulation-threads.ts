/**
 * Simulated nodes in threads of one process, each with a heap of its own. In one heap a node of five thousand took half as much
 * processor time again as one of a thousand: all of a heap is looked through when it has grown, and what all nodes make at once outgrows
 * its young part. Ends as a whole: a thread that can't go on ends the others too.
 */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { SkerryError } from '@skerry/base';
import type { SimulationPart } from './simulation.ts';
import type { ThreadMessage } from './simulation-thread.ts';

export interface SimulationThreadsOptions extends Omit<SimulationPart, 'joinsMax'> {
  /** With the number of those that have joined. */
  readonly onJoined: (count: number) => void;
}

/** Fewer would have each thread compile the same code for less. */
export const nodesPerThreadMax = 1000;
/** Room for what a thousand nodes make at once, so that what they soon need no more is not moved to the old. */
const youngMb = 96;
/** Nodes that join, or come again, at a time: below what one token may leave waiting at the center. */
const joinsMax = 32;

/** Resolves when stopped; rejects when a node can't join. */
export async function runSimulationThreads(
  options: SimulationThreadsOptions,
  signal: AbortSignal,
): Promise<void> {
  const { nodes, onJoined, ...common } = options;
  const count = Math.ceil(nodes.length / nodesPerThreadMax);
  const failed = new AbortController();
  const whole = AbortSignal.any([signal, failed.signal]);
  let joined = 0;
  const threads = Array.from({ length: count }, (_, thread) => {
    const own = nodes.filter((_node, index) => index % count === thread);
    const part = { ...common, nodes: own, joinsMax: Math.ceil(joinsMax / count) };
    return runThread(part, { signal: whole, onJoined: () => onJoined(++joined) }).catch((error: unknown) =>
      failed.abort(error),
    );
  });
  await Promise.all(threads);
  failed.signal.throwIfAborted();
}

function runThread(
  part: SimulationPart,
  { signal, onJoined }: { signal: AbortSignal; onJoined: () => void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(threadUrl(), {
      workerData: part,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxYoungGenerationSizeMb: youngMb },
    });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window.
    const stop = () => worker.postMessage('stop');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    worker.on('message', (message: ThreadMessage) => {
      if (message.type === 'joined') onJoined();
      else reject(failureOf(message));
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      signal.removeEventListener('abort', stop);
      if (code === 0) resolve();
      else reject(new Error(`a thread of simulated nodes ended with ${code}`));
    });
  });
}

function failureOf({ code, message }: Extract<ThreadMessage, { type: 'failed' }>): Error {
  return code === undefined ? new Error(message) : new SkerryError(code, message);
}

/** Beside this file among the sources; in a bundle beside the entry files, whose chunks lie one folder below. */
function threadUrl(): URL {
  const places = ['./simulation-thread.ts', './simulation-thread.mjs', '../simulation-thread.mjs'];
  const found = places.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url));
  if (!found) throw new Error('simulation-thread.mjs is missing beside the bundle');
  return found;
}
