/** What `pending` brings, or the signal's reason when that comes first; `pending` itself goes on. */
export function unlessAborted<T>(pending: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    pending.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
