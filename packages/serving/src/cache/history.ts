import { ApiError } from '@skerry/api';
import { type Clock, firstIndex } from '@skerry/base';
import type { CacheEvent } from '#contract.ts';

/** The answer to a watch or list that asks for more of the past than is kept. */
export function tooOldResourceVersion(requested: number, oldest: number): ApiError {
  return new ApiError('Expired', `too old resource version: ${requested} (${oldest})`);
}

const keepMs = 5 * 60_000;
/** Kept whatever their age: a quiet resource costs little, and its watchers come back late. */
const youngMin = 500;

/**
 * The newest events of one resource: those of the last five minutes, and some older ones, within a bound in number. What falls out
 * moves `floor` up.
 */
export class History {
  readonly #clock: Clock;
  readonly #lengthMax: number;
  #events: CacheEvent[] = [];
  /** `clock.monotonic()` of each. */
  #timesMs: number[] = [];
  /** Every event above this revision is held. */
  #floor = 0;
  readonly #bucketsOf: (event: CacheEvent) => readonly string[];
  /** Bucket → its events, made when somebody asks for one: thousands of nodes that come back each ask for what is theirs. */
  #byBucket: Map<string, CacheEvent[]> | undefined;

  constructor(
    clock: Clock,
    { lengthMax, bucketsOf }: { lengthMax: number; bucketsOf: (event: CacheEvent) => readonly string[] },
  ) {
    this.#clock = clock;
    this.#lengthMax = lengthMax;
    this.#bucketsOf = bucketsOf;
  }

  get floor(): number {
    return this.#floor;
  }

  get length(): number {
    return this.#events.length;
  }

  reset(revision: number): void {
    this.#events = [];
    this.#timesMs = [];
    this.#byBucket = undefined;
    this.#floor = revision;
  }

  append(event: CacheEvent): void {
    this.#events.push(event);
    this.#timesMs.push(this.#clock.monotonic());
    if (this.#byBucket) this.#index(event, this.#byBucket);
    const cut = this.#excess();
    // Rarely and by a lot: a cut is linear.
    if (cut <= this.#events.length / 4) return;
    this.#floor = (this.#events[cut - 1] as CacheEvent).revision;
    this.#events = this.#events.slice(cut);
    this.#timesMs = this.#timesMs.slice(cut);
    this.#byBucket = undefined;
  }

  /** Events above `revision`, of one bucket where that is given. @throws ApiError Expired when some of them are gone. */
  since(revision: number, bucket?: string): readonly CacheEvent[] {
    if (revision < this.#floor) throw tooOldResourceVersion(revision, this.#floor);
    const events = bucket === undefined ? this.#events : (this.#indexed().get(bucket) ?? []);
    return events.slice(firstIndex(events, (event) => event.revision > revision));
  }

  #indexed(): Map<string, CacheEvent[]> {
    if (this.#byBucket) return this.#byBucket;
    const index = new Map<string, CacheEvent[]>();
    for (const event of this.#events) this.#index(event, index);
    return (this.#byBucket = index);
  }

  #index(event: CacheEvent, index: Map<string, CacheEvent[]>): void {
    for (const bucket of this.#bucketsOf(event)) {
      const events = index.get(bucket);
      if (events) events.push(event);
      else index.set(bucket, [event]);
    }
  }

  /** How many events need not be kept. */
  #excess(): number {
    const { length } = this.#events;
    if (length > this.#lengthMax * 1.34) return length - this.#lengthMax;
    const bornMs = this.#clock.monotonic() - keepMs;
    const quarter = Math.floor(length / 4) + 1;
    // Looks at one event first: it is only worth a search when a quarter is old.
    if (length <= youngMin || (this.#timesMs[quarter] ?? Infinity) > bornMs) return 0;
    return Math.min(
      firstIndex(this.#timesMs, (atMs) => atMs > bornMs),
      length - Math.floor(youngMin / 2),
    );
  }
}
