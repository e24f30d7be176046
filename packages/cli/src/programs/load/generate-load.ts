/**
 * Sends requests at a fixed rate from one agreed instant on, whatever the answers take (an open loop: a slow target gets no
 * relief, as it gets none from real users). What can't be sent because too many are under way is counted, not sent late.
 */
import { type Clock, sleep } from '@skerry/base';
import { LatencyHistogram } from '#programs/latency-histogram.ts';
import { loadCaps, type LoadPlan } from '#programs/load/load-plan.ts';

/** One request: its status, or why there was no answer. */
export type Send = (signal: AbortSignal) => Promise<{ readonly status: number }>;

/** What one pod reports; small enough for a termination message (4096 bytes). */
export interface LoadResult {
  readonly pool: string;
  readonly node: string;
  readonly target: string;
  readonly agreedStart: string;
  /** How much later than agreed it began, by the clock of its machine. */
  readonly skewMs: number;
  readonly sent: number;
  /** Not sent: too many were under way. */
  readonly skipped: number;
  readonly failed: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** By code, the most frequent ones. */
  readonly errors: Readonly<Record<string, number>>;
  readonly latencyMs: {
    readonly p50?: number;
    readonly p90?: number;
    readonly p99?: number;
    readonly max: number;
  };
}

const errorKindsMax = 10;

export async function generateLoad(
  plan: LoadPlan,
  { clock, send, signal }: { readonly clock: Clock; readonly send: Send; readonly signal: AbortSignal },
): Promise<LoadResult> {
  const work = new Run(plan, { clock, send });
  await sleep(clock, Math.max(0, plan.startAtMs - clock.now()), signal);
  const skewMs = clock.now() - plan.startAtMs;
  const startedMs = clock.monotonic();
  // One that comes late ends when the others do: the load is for a time that was agreed.
  const total = Math.floor(plan.durationSeconds * plan.ratePerSecond);
  const first = Math.max(0, Math.floor((skewMs / 1000) * plan.ratePerSecond));
  for (let index = first; index < total && !signal.aborted; index++) {
    const dueMs = startedMs - skewMs + (index * 1000) / plan.ratePerSecond;
    const waitMs = dueMs - clock.monotonic();
    if (waitMs > 0) await sleep(clock, waitMs, signal).catch(() => undefined);
    if (!signal.aborted) work.sendOne();
  }
  await work.settled();
  return work.result(skewMs);
}

class Run {
  readonly #plan: LoadPlan;
  readonly #clock: Clock;
  readonly #send: Send;
  readonly #latency = new LatencyHistogram();
  readonly #statuses = new Map<string, number>();
  readonly #errors = new Map<string, number>();
  readonly #inFlight = new Set<Promise<void>>();
  #sent = 0;
  #skipped = 0;
  #failed = 0;

  constructor(plan: LoadPlan, { clock, send }: { clock: Clock; send: Send }) {
    this.#plan = plan;
    this.#clock = clock;
    this.#send = send;
  }

  sendOne(): void {
    if (this.#inFlight.size >= loadCaps.inFlight) {
      this.#skipped++;
      return;
    }
    this.#sent++;
    const request = this.#one().finally(() => this.#inFlight.delete(request));
    this.#inFlight.add(request);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  result(skewMs: number): LoadResult {
    const { pool, node, target, startAtMs } = this.#plan;
    return {
      pool,
      node,
      target,
      agreedStart: new Date(startAtMs).toISOString(),
      skewMs,
      sent: this.#sent,
      skipped: this.#skipped,
      failed: this.#failed,
      statuses: Object.fromEntries(this.#statuses),
      errors: Object.fromEntries([...this.#errors].sort(([, a], [, b]) => b - a).slice(0, errorKindsMax)),
      latencyMs: {
        p50: this.#latency.percentile(0.5),
        p90: this.#latency.percentile(0.9),
        p99: this.#latency.percentile(0.99),
        max: this.#latency.maxMs,
      },
    };
  }

  async #one(): Promise<void> {
    const startedMs = this.#clock.monotonic();
    const timeout = new AbortController();
    const timer = this.#clock.after(this.#plan.timeoutMs, () => timeout.abort(new Error('timeout')));
    try {
      const { status } = await this.#send(timeout.signal);
      this.#latency.add(this.#clock.monotonic() - startedMs);
      count(this.#statuses, String(status));
      if (status >= 400) this.#failed++;
    } catch (error) {
      this.#failed++;
      count(this.#errors, timeout.signal.aborted ? 'timeout' : codeOf(error));
    } finally {
      timer.cancel();
    }
  }
}

function count(counts: Map<string, number>, key: string): void {
  // Of a thousand kinds the first are enough to know.
  if (counts.has(key) || counts.size < 50) counts.set(key, (counts.get(key) ?? 0) + 1);
}

function codeOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : String(message).slice(0, 40);
}
