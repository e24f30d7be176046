import { Backoff } from './backoff.ts';
import type { Clock } from './clock.ts';
import { sleep } from './clock.ts';
import { describeError } from './errors.ts';
import type { Logger } from './logger.ts';

/** Something long-lived: `run` resolves when the signal stops it and rejects when it breaks. */
export interface Service {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

/** Runs a service until `signal`; a break is logged once and followed by a restart after 100 ms, doubling to 30 s. */
export async function supervise(
  service: Service,
  { clock, log, signal }: { clock: Clock; log: Logger; signal: AbortSignal },
): Promise<void> {
  const backoff = new Backoff({ baseMs: 100, maxMs: 30_000 });
  while (!signal.aborted) {
    const startedMs = clock.monotonic();
    try {
      await service.run(signal);
      if (signal.aborted) return;
      log.warn('service ended', { service: service.name });
    } catch (error) {
      if (signal.aborted) return;
      log.error('service failed', { service: service.name, error: describeError(error) });
    }
    if (clock.monotonic() - startedMs > 60_000) backoff.reset();
    await sleep(clock, backoff.next(), signal).catch(() => undefined);
  }
}
