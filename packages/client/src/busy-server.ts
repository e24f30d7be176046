import type { Clock, Timer } from '@skerry/base';
import type { TransportRequest } from '#transport.ts';

/** After so many at a time were answered nothing is held back any more. */
const openAt = 32;
/** Share of the time told that is added at random, so that those refused in one moment don't come back in one. */
const spread = 0.5;
const routesMax = 1_000;

export interface BusyServerOptions {
  readonly clock: Clock;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
}

/** A refusal by priority and fairness. */
export interface Refusal {
  /** The priority level that was full. */
  readonly level: string;
  readonly afterMs: number;
}

/**
 * Holds back what the server is too busy for. Each refused request would otherwise come back by itself, and a server that is
 * short of time would spend most of it on refusing: with thousands of nodes two of three requests were such. So when one is
 * refused, all of its priority level wait for as long as the server said; then one goes, and after each that is answered
 * twice as many at a time, events after all others. Which requests are of a level is learnt from refusals.
 */
export class BusyServer {
  readonly #options: BusyServerOptions;
  readonly #levelOfRoute = new Map<string, string>();
  readonly #holds = new Map<string, Hold>();

  constructor(options: BusyServerOptions) {
    this.#options = options;
  }

  /** Sends when it is the request's turn. @throws the signal's reason when that comes first */
  async pass<O extends { readonly refusal?: Refusal }>(
    request: TransportRequest,
    send: () => Promise<O>,
  ): Promise<O> {
    if (this.#holds.size === 0) return this.#heeding(request, await send());
    const route = routeOf(request);
    const level = this.#levelOfRoute.get(route.name);
    const hold = level === undefined ? undefined : this.#holds.get(level);
    if (level === undefined || !hold) return this.#heeding(request, await send());
    await hold.enter(route.isEvent, request.signal);
    let outcome: O;
    try {
      outcome = await send();
    } finally {
      hold.leave();
    }
    if (!outcome.refusal && hold.widen()) this.#holds.delete(level);
    return this.#heeding(request, outcome);
  }

  #heeding<O extends { readonly refusal?: Refusal }>(request: TransportRequest, outcome: O): O {
    if (outcome.refusal) this.#refused(request, outcome.refusal);
    return outcome;
  }

  #refused(request: TransportRequest, { level, afterMs }: Refusal): void {
    if (this.#levelOfRoute.size >= routesMax) this.#levelOfRoute.clear();
    this.#levelOfRoute.set(routeOf(request).name, level);
    let hold = this.#holds.get(level);
    if (!hold) this.#holds.set(level, (hold = new Hold(this.#options.clock)));
    hold.close(afterMs * (1 + spread * this.#options.random()));
  }
}

class Hold {
  readonly #clock: Clock;
  #untilMs = -Infinity;
  #timer: Timer | undefined;
  #allowed = 1;
  #inside = 0;
  readonly #waiting = new Set<() => void>();
  readonly #waitingEvents = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  enter(isEvent: boolean, signal: AbortSignal | undefined): Promise<void> {
    const waiting = isEvent ? this.#waitingEvents : this.#waiting;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const go = () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    };
    const onAbort = () => {
      waiting.delete(go);
      reject(signal?.reason);
    };
    if (signal?.aborted) onAbort();
    else {
      signal?.addEventListener('abort', onAbort, { once: true });
      waiting.add(go);
      this.#letGo();
    }
    return promise;
  }

  leave(): void {
    this.#inside--;
    this.#letGo();
  }

  /** One was answered. Returns whether nothing has to be held any more. */
  widen(): boolean {
    this.#allowed *= 2;
    this.#letGo();
    return this.#allowed >= openAt && this.#waiting.size + this.#waitingEvents.size === 0;
  }

  close(forMs: number): void {
    this.#allowed = 1;
    this.#untilMs = Math.max(this.#untilMs, this.#clock.monotonic() + forMs);
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#letGo();
  }

  #letGo(): void {
    const leftMs = this.#untilMs - this.#clock.monotonic();
    if (leftMs > 0) {
      this.#timer ??= this.#clock.after(leftMs, () => {
        this.#timer = undefined;
        this.#letGo();
      });
      return;
    }
    for (const waiting of [this.#waiting, this.#waitingEvents])
      for (const go of waiting) {
        if (this.#inside >= this.#allowed) return;
        this.#inside++;
        waiting.delete(go);
        go();
      }
  }
}

/** What is asked for, whichever object of whichever namespace: `PATCH /api/v1/pods/status`. */
function routeOf({ method, path }: TransportRequest): { readonly name: string; readonly isEvent: boolean } {
  const parts = (path.split('?', 1)[0] ?? '').split('/');
  const start = parts[1] === 'apis' ? 4 : 3;
  const inNamespace = parts[start] === 'namespaces' && parts.length > start + 2;
  const [resource = '', , subresource = ''] = parts.slice(inNamespace ? start + 2 : start);
  const name = [method, ...parts.slice(1, start), resource, subresource].join(' ');
  return { name, isEvent: resource === 'events' };
}
