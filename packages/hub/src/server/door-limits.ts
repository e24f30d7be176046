/**
 * What one address may ask of the hub: so much at a time, and so often. A pod has an address of its own, so one that floods
 * shuts out itself; what lives on the machine's own network shares one.
 */
import type { Clock } from '@skerry/base';

export interface DoorLimitsOptions {
  readonly clock: Clock;
  readonly atOnceMax?: number;
  readonly atOnceTotalMax?: number;
  readonly perSecond?: number;
  readonly burst?: number;
}

interface Visitor {
  open: number;
  tokens: number;
  atMs: number;
}

const visitorsMax = 1_024;

export class DoorLimits {
  readonly #clock: Clock;
  readonly #atOnceMax: number;
  readonly #atOnceTotalMax: number;
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #visitors = new Map<string, Visitor>();
  #open = 0;

  constructor(options: DoorLimitsOptions) {
    this.#clock = options.clock;
    this.#atOnceMax = options.atOnceMax ?? 128;
    this.#atOnceTotalMax = options.atOnceTotalMax ?? 1_024;
    this.#perSecond = options.perSecond ?? 50;
    this.#burst = options.burst ?? 200;
  }

  /** What to call when the request has ended; undefined: it is too much now. */
  enter(address: string): (() => void) | undefined {
    const visitor = this.#visitor(address);
    if (visitor.tokens < 1 || visitor.open >= this.#atOnceMax || this.#open >= this.#atOnceTotalMax)
      return undefined;
    visitor.tokens--;
    visitor.open++;
    this.#open++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      visitor.open--;
      this.#open--;
    };
  }

  #visitor(address: string): Visitor {
    const nowMs = this.#clock.monotonic();
    const known = this.#visitors.get(address);
    if (known) {
      known.tokens = Math.min(this.#burst, known.tokens + ((nowMs - known.atMs) / 1000) * this.#perSecond);
      known.atMs = nowMs;
      return known;
    }
    for (const [each, { open }] of this.#visitors) {
      if (this.#visitors.size < visitorsMax) break;
      if (open === 0) this.#visitors.delete(each);
    }
    const visitor = { open: 0, tokens: this.#burst, atMs: nowMs };
    this.#visitors.set(address, visitor);
    return visitor;
  }
}
