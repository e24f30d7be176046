/** How long requests are begun, one after the other, before whoever else came is looked at. */
const sliceMs = 10;

/** Whose turn it is to be. */
export interface TurnAsked {
  /** Name of the priority level. */
  readonly level: string;
  /** Of the level, against the others. */
  readonly weight: number;
  /** One after the other inside the level. */
  readonly flow: string;
  /** Against other requests. */
  readonly cost: number;
}

interface Waiting {
  readonly cost: number;
  readonly begin: () => void;
}

interface Lane {
  weight: number;
  /** By flow; the flow that is next comes first. */
  readonly flows: Map<string, Waiting[]>;
  /** What it has had, by its weight; the lane that has had least is next. */
  had: number;
}

/**
 * One thread answers everything, and most reads are answered in the moment they begin: they give their seat back before anyone
 * could find it taken, however many come. So seats alone would not keep a thousand large lists, read from as many sockets at once,
 * from being made one after the other while a heartbeat waits behind them.
 *
 * A request that finds the thread busy for a while, or others waiting, waits for its turn. Each round of the event loop first takes
 * in what has come and then begins one that waits, levels by their weight and the flows of a level in turn: so who asks little is next
 * whenever he asks. Requests that wait hold their seats, which bounds them.
 */
export class Turns {
  readonly #now: () => number;
  readonly #defer: (fn: () => void) => void;
  readonly #lanes = new Map<string, Lane>();
  #waiting = 0;
  /** Of the round of the event loop that is running; undefined until something begins in it. */
  #startedMs: number | undefined;
  #deferred = false;
  #had = 0;

  constructor({ now, defer }: { now: () => number; defer: (fn: () => void) => void }) {
    this.#now = now;
    this.#defer = defer;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Undefined: begin at once. Else resolves when it is this request's turn. */
  take(asked: TurnAsked): Promise<void> | undefined {
    this.#startedMs ??= this.#now();
    this.#nextRound();
    if (this.#waiting === 0 && this.#now() - this.#startedMs < sliceMs) return undefined;
    return new Promise((resolve) => this.#enter(asked, resolve));
  }

  #enter({ level, weight, flow, cost }: TurnAsked, begin: () => void): void {
    this.#waiting++;
    let lane = this.#lanes.get(level);
    // What it did not ask for earlier is not owed to it now.
    if (!lane) this.#lanes.set(level, (lane = { weight, flows: new Map(), had: this.#had }));
    const waiting = lane.flows.get(flow);
    if (waiting) waiting.push({ cost, begin });
    else lane.flows.set(flow, [{ cost, begin }]);
  }

  #nextRound(): void {
    if (this.#deferred) return;
    this.#deferred = true;
    this.#defer(() => {
      this.#deferred = false;
      this.#startedMs = undefined;
      if (this.#waiting > 0) this.#begin();
    });
  }

  #begin(): void {
    const [level, lane] = this.#nextLane();
    const [flow, waiting] = firstOf(lane.flows);
    const { cost, begin } = waiting.shift()!;
    lane.flows.delete(flow);
    if (waiting.length > 0) lane.flows.set(flow, waiting);
    else if (lane.flows.size === 0) this.#lanes.delete(level);
    this.#waiting--;
    this.#had = lane.had;
    lane.had += cost / Math.max(lane.weight, 1);
    this.#startedMs = this.#now();
    this.#nextRound();
    begin();
  }

  #nextLane(): readonly [string, Lane] {
    let next = firstOf(this.#lanes);
    for (const each of this.#lanes) if (each[1].had < next[1].had) next = each;
    return next;
  }
}

function firstOf<V>(map: ReadonlyMap<string, V>): [string, V] {
  for (const entry of map) return entry;
  throw new Error('nothing waits');
}
