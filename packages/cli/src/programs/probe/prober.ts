/**
 * Asks each target at its interval and keeps, by the hour, how often it was well and how long it took. Targets are asked
 * spread over their interval, so that a hundred of them are no burst. What is kept is bounded: so many hours of so many targets.
 */
import { type Clock, describeError, sleep } from '@skerry/base';
import { LatencyHistogram } from '#programs/latency-histogram.ts';
import type { Probe, ProbePlan } from '#programs/probe/probe-plan.ts';

/** Resolves when the target is well, rejects with why not. */
export type Check = (probe: Probe, signal: AbortSignal) => Promise<void>;

export interface ProbeReport {
  readonly pool: string;
  readonly node: string;
  readonly probes: readonly {
    readonly name: string;
    readonly type: Probe['type'];
    readonly target: string;
    /** Newest last. */
    readonly hours: readonly HourReport[];
    readonly last?: {
      readonly time: string;
      readonly well: boolean;
      readonly ms: number;
      readonly why?: string;
    };
  }[];
}

export interface HourReport {
  readonly start: string;
  readonly asked: number;
  readonly well: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

const hoursMax = 48;
const hourMs = 3_600_000;

interface Hour {
  readonly startMs: number;
  asked: number;
  well: number;
  readonly latency: LatencyHistogram;
}

interface Kept {
  readonly hours: Hour[];
  last?: { timeMs: number; well: boolean; ms: number; why?: string };
}

export class Prober {
  readonly #plan: ProbePlan;
  readonly #clock: Clock;
  readonly #check: Check;
  readonly #random: () => number;
  readonly #kept = new Map<string, Kept>();

  constructor(
    plan: ProbePlan,
    { clock, check, random }: { readonly clock: Clock; readonly check: Check; readonly random: () => number },
  ) {
    this.#plan = plan;
    this.#clock = clock;
    this.#check = check;
    this.#random = random;
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#plan.probes.map((probe) => this.#keepAsking(probe, signal)));
  }

  report(): ProbeReport {
    const { pool, node, probes } = this.#plan;
    const time = (ms: number) => new Date(ms).toISOString();
    return {
      pool,
      node,
      probes: probes.map(({ name, type, target }) => {
        const { hours = [], last } = this.#kept.get(name) ?? {};
        return {
          name,
          type,
          target,
          hours: hours.map(({ startMs, asked, well, latency }) => ({
            start: time(startMs),
            asked,
            well,
            p50Ms: latency.percentile(0.5),
            p99Ms: latency.percentile(0.99),
          })),
          ...(last
            ? {
                last: {
                  time: time(last.timeMs),
                  well: last.well,
                  ms: last.ms,
                  ...(last.why ? { why: last.why } : {}),
                },
              }
            : {}),
        };
      }),
    };
  }

  async #keepAsking(probe: Probe, signal: AbortSignal): Promise<void> {
    const everyMs = probe.intervalSeconds * 1000;
    await sleep(this.#clock, this.#random() * everyMs, signal).catch(() => undefined);
    while (!signal.aborted) {
      const startedMs = this.#clock.monotonic();
      await this.#ask(probe, signal);
      const leftMs = everyMs - (this.#clock.monotonic() - startedMs);
      await sleep(this.#clock, Math.max(leftMs, 0), signal).catch(() => undefined);
    }
  }

  async #ask(probe: Probe, signal: AbortSignal): Promise<void> {
    const timeout = new AbortController();
    const timer = this.#clock.after(probe.timeoutMs, () =>
      timeout.abort(new Error(`no answer within ${probe.timeoutMs} ms`)),
    );
    const startedMs = this.#clock.monotonic();
    let why: string | undefined;
    try {
      await this.#check(probe, AbortSignal.any([signal, timeout.signal]));
    } catch (error) {
      why = describeError(timeout.signal.aborted ? timeout.signal.reason : error).slice(0, 200);
    } finally {
      timer.cancel();
    }
    if (signal.aborted) return;
    this.#keep(probe.name, { ms: this.#clock.monotonic() - startedMs, why });
  }

  #keep(name: string, { ms, why }: { ms: number; why?: string }): void {
    const nowMs = this.#clock.now();
    const kept = this.#kept.get(name) ?? { hours: [] };
    this.#kept.set(name, kept);
    const startMs = Math.floor(nowMs / hourMs) * hourMs;
    let hour = kept.hours.at(-1);
    if (hour?.startMs !== startMs) {
      hour = { startMs, asked: 0, well: 0, latency: new LatencyHistogram() };
      kept.hours.push(hour);
      if (kept.hours.length > hoursMax) kept.hours.shift();
    }
    hour.asked++;
    if (why === undefined) {
      hour.well++;
      hour.latency.add(ms);
    }
    kept.last = {
      timeMs: nowMs,
      well: why === undefined,
      ms: Math.round(ms * 100) / 100,
      ...(why ? { why } : {}),
    };
  }
}
