/** Runs `work` until SIGINT, SIGTERM or the parent's end; a second Ctrl-C ends at once. */
export async function runUntilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stopping = new AbortController();
  let asked = 0;
  const stop = () => {
    asked++;
    if (asked > 2) process.exit(130);
    stopping.abort(new Error('asked to stop'));
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  // A child of a supervisor that is gone has nobody to work for.
  process.on('disconnect', stop);
  try {
    await work(stopping.signal);
    // The channel to the parent would keep the process alive.
    if (process.connected) process.disconnect();
  } finally {
    for (const signal of signals) process.off(signal, stop);
    process.off('disconnect', stop);
  }
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
