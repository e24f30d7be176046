/**
 * The frame of every controller: wait until the local copies are whole, then reconcile keys with a few workers.
 *
 * `reconcile` is level-based: it reads everything, computes the difference and writes it, whatever event brought the key.
 * A rejection puts the key back with growing delay; conflicts and races with other writers are expected and not logged.
 */
import { isApiError } from '@skerry/api';
import { describeError } from '@skerry/base';
import type { Clock, Logger, Service } from '@skerry/base';
import { TransportError } from '@skerry/client';
import type { ApiClient, EventRecorder, InformerFactory } from '@skerry/client';
import { isEndingNamespace } from '#runtime/ending-namespace.ts';
import type { QueueMeter } from '#runtime/metrics.ts';
import type { Numbers } from '#runtime/numbers.ts';
import { WorkQueue } from '#runtime/work-queue.ts';

/** What every controller is given. */
export interface ControllerContext {
  /** Speaks as the controller. */
  readonly client: ApiClient;
  readonly informers: InformerFactory;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Counts what its queues do. */
  readonly meter?: () => QueueMeter;
  /** Gathers what it tells of its work; `numbersOf`. */
  readonly numbers?: Numbers;
}

export interface Syncable {
  waitForSync(signal?: AbortSignal): Promise<void>;
}

export interface ControllerOptions {
  readonly name: string;
  readonly context: ControllerContext;
  /** Copies that must be whole before the first key is worked on. */
  readonly waitFor: readonly Syncable[];
  readonly workers?: number;
  readonly queue?: WorkQueue;
  /** A returned delay brings the key back. */
  reconcile(key: string, signal: AbortSignal): Promise<Requeue | undefined | void>;
}

export interface Requeue {
  readonly afterMs: number;
}

export interface Controller extends Service {
  readonly queue: WorkQueue;
}

export function createQueue({ clock, meter }: Pick<ControllerContext, 'clock' | 'meter'>): WorkQueue {
  return new WorkQueue({ clock, meter: meter?.() });
}

export function createController(options: ControllerOptions): Controller {
  const { name, context, waitFor, workers = 4 } = options;
  const queue = options.queue ?? createQueue(context);
  const log = context.log.with({ controller: name });

  async function work(signal: AbortSignal): Promise<void> {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      try {
        const requeue = await options.reconcile(key, signal);
        queue.forget(key);
        if (requeue) queue.addAfter(key, requeue.afterMs);
      } catch (error) {
        if (signal.aborted) return;
        report(log, key, error);
        queue.addRateLimited(key);
      } finally {
        queue.done(key);
      }
    }
  }

  return {
    name,
    queue,
    async run(signal) {
      try {
        await Promise.all(waitFor.map((copy) => copy.waitForSync(signal)));
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      const onAbort = () => queue.close();
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      await Promise.all(Array.from({ length: workers }, () => work(signal)));
    },
  };
}

function report(log: Logger, key: string, error: unknown): void {
  const isRace = isApiError(error, 'Conflict') || isApiError(error, 'AlreadyExists');
  if (isRace || isEndingNamespace(error)) log.debug('reconcile again', { key, error: describeError(error) });
  else if (error instanceof TransportError) log.warn('API not reached', { key, error: error.message });
  else log.error('reconcile failed', { key, error: describeError(error) });
}

/** Calls `visit` every `everyMs`, the first time at once; a failure is logged and the next round comes as usual. */
export function createPeriodic(options: {
  readonly name: string;
  readonly context: ControllerContext;
  readonly waitFor: readonly Syncable[];
  readonly everyMs: number;
  visit(signal: AbortSignal): Promise<void>;
}): Controller {
  const { everyMs } = options;
  const queue = createQueue(options.context);
  queue.add('all');
  return createController({
    ...options,
    queue,
    workers: 1,
    async reconcile(_, signal) {
      await options.visit(signal).catch((error: unknown) => {
        if (signal.aborted) throw error;
        report(options.context.log.with({ controller: options.name }), 'all', error);
      });
      return { afterMs: everyMs };
    },
  });
}
