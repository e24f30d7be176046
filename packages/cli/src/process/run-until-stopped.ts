/** One Ctrl-C comes several times: from the terminal to the whole group, and from npm, which hands it on. */
const samePressMs = 500;

/**
 * Runs `work` until SIGINT, SIGTERM, SIGHUP or the parent's end. A second request ends the process at once, whatever it
 * was doing; what is left then is found by the next start.
 */
export async function runUntilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stopping = new AbortController();
  let askedMs: number | undefined;
  const stop = () => {
    const nowMs = performance.now();
    if (askedMs !== undefined && nowMs - askedMs < samePressMs) return;
    if (askedMs !== undefined) {
      process.stderr.write('\nstopped in the middle; the next start, or `skerry reset`, clears up\n');
      process.exit(130);
    }
    askedMs = nowMs;
    stopping.abort(new Error('asked to stop'));
  };
  const orphaned = () => stopping.abort(new Error('the parent is gone'));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  // A child of a supervisor that is gone has nobody to work for.
  process.on('disconnect', orphaned);
  // A terminal that was closed takes no more words; the work is stopped in order all the same.
  const unheard = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  };
  process.stdout.on('error', unheard);
  process.stderr.on('error', unheard);
  try {
    await work(stopping.signal);
    // The channel to the parent would keep the process alive.
    if (process.connected) process.disconnect();
  } finally {
    for (const signal of signals) process.off(signal, stop);
    process.off('disconnect', orphaned);
  }
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
