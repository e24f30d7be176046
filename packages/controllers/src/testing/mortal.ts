/**
 * A part that is killed in the middle of its work: after so many writes its connection is gone, whatever it was about to do,
 * and the next one starts with nothing in memory.
 */
import type { Clock } from '@skerry/base';
import { createClient, createHttpTransport } from '@skerry/client';
import type { ApiClient, Transport } from '@skerry/client';

export interface MortalOptions {
  readonly server: string;
  readonly clock: Clock;
  /** Writes that it does before its end. */
  readonly writesMax: number;
  run(client: ApiClient, signal: AbortSignal): Promise<void>;
}

/** Resolves when the part is dead, or stopped by the signal. */
export async function runMortal(options: MortalOptions, signal: AbortSignal): Promise<void> {
  const { server, clock, writesMax } = options;
  const inner = createHttpTransport({ server });
  const life = new AbortController();
  const end = () => {
    life.abort();
    inner.close();
  };
  let writes = 0;
  const transport: Transport = {
    async request(request) {
      // No transport's error: it would be tried again for a while.
      if (life.signal.aborted) throw new Error('killed');
      // The last write reaches the server, and its answer nobody.
      if (request.method !== 'GET' && ++writes >= writesMax) queueMicrotask(end);
      const signal = request.signal ? AbortSignal.any([request.signal, life.signal]) : life.signal;
      try {
        return await inner.request({ ...request, signal });
      } catch (error) {
        throw life.signal.aborted ? new Error('killed', { cause: error }) : error;
      }
    },
    close: end,
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const client = createClient({ transport, userAgent: 'mortal', clock });
  try {
    await options.run(client, life.signal);
  } catch (error) {
    if (!life.signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
