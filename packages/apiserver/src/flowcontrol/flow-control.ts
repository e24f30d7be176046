import type { FlowSchema, PriorityLevelConfiguration } from '@skerry/api';
import type { Clock, Timer, MetricRegistry } from '@skerry/base';
import { mandatoryLevels, mandatorySchemas } from '#flowcontrol/default-objects.ts';
import { FlowIndex, type Flow } from '#flowcontrol/flow-schema.ts';
import { FlowMetrics } from '#flowcontrol/flow-metrics.ts';
import { sampleLevels } from '#flowcontrol/level-metrics.ts';
import { lendSeats } from '#flowcontrol/lend-seats.ts';
import { PriorityLevel, queuingOf } from '#flowcontrol/priority-level.ts';
import { Ticket, type QueueObserver, type Refusal, type Work } from '#flowcontrol/queue-set.ts';
import { RetryAfter } from '#flowcontrol/retry-after.ts';
import { dealHand, hashOfFlow } from '#flowcontrol/shuffle-shard.ts';
import { Turns } from '#flowcontrol/turns.ts';
import { WatchCount } from '#flowcontrol/watch-count.ts';
import { estimateWork, type SizeOf } from '#flowcontrol/work-estimate.ts';
import type { RequestInfo } from '#request-info.ts';
import type { UserInfo } from '#security.ts';

/** Seats of the server: what kube-apiserver has with its defaults of 400 reading and 200 writing requests. */
const seatsDefault = 600;
/** Requests of the exempt level at once. No seat bounds them, memory does: each may have a body of three megabytes. */
const exemptMax = 1000;
/** Bytes of bodies that waiting requests may have announced: unread, they lie in buffers of their connections. */
const waitingBodyBytesMax = 64 * 1024 * 1024;
/** How often seats are lent anew. */
const adjustMs = 10_000;
/** Hands that are remembered; a flow beyond is dealt its hand again each time. */
const handsMax = 10_000;

/** What a request is for, as its ticket carries it. */
export interface AskedFlow {
  readonly flow: Flow;
  readonly distinguisher: string;
  readonly user: UserInfo;
  readonly info: RequestInfo;
}

/** A request's flow, and the level that its flow is of. */
export interface Classified extends AskedFlow {
  readonly level: PriorityLevel<AskedFlow>;
}

export interface FlowRequest extends Classified {
  readonly query: URLSearchParams;
  /** Bytes of the body that may be buffered while it waits. */
  readonly bodyBytes: number;
  /** Aborted when the client goes; asked for only by a request that waits. */
  readonly signal: () => AbortSignal;
  /** How long it may still wait. */
  readonly waitMs: number;
}

/** A seat. */
export interface Seat {
  release(): void;
}

/** No seat; come back after so many seconds. */
export interface Refused {
  readonly refused: Refusal;
  readonly retryAfterSeconds: number;
}

/**
 * API priority and fairness: every request falls under a FlowSchema, which says of what priority level it is and which flow
 * inside it; a level has seats, and flows that want more than there are wait in its queues, fairly. Levels lend what they
 * don't need. So whoever floods the server waits behind itself, and a node's heartbeat does not wait behind it.
 *
 * Seats bound what waits for disk and other servers; the one thread is shared out besides, by `Turns`.
 *
 * A request waits before its body is read and before it is authorized. What waits is bounded by the queues' lengths and by
 * the bytes of the bodies that are yet to come.
 * https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
 */
export class FlowControl {
  readonly watches = new WatchCount();
  readonly #clock: Clock;
  readonly #sizeOf: SizeOf;
  readonly #seats: number;
  readonly #metrics: FlowMetrics;
  readonly #observer: QueueObserver<AskedFlow>;
  readonly #levels = new Map<string, PriorityLevel<AskedFlow>>();
  readonly #retryAfter = new RetryAfter();
  readonly #hands = new Map<string, readonly number[]>();
  readonly #turns: Turns;
  #flows = new FlowIndex(mandatorySchemas);
  #waitingBodyBytes = 0;
  #fairFraction = 0;
  #adjusting: Timer | undefined;
  /** Whether anything was asked since the last adjustment: a server that nobody asks has nothing to adjust. */
  #asked = false;
  #stopped = false;

  constructor(parts: {
    readonly clock: Clock;
    readonly metrics: MetricRegistry;
    readonly sizeOf: SizeOf;
    readonly seats?: number;
    /** Calls back when the event loop has taken in what came; `setImmediate` unless told. */
    readonly defer?: (fn: () => void) => void;
  }) {
    this.#clock = parts.clock;
    this.#sizeOf = parts.sizeOf;
    this.#seats = parts.seats ?? seatsDefault;
    this.#metrics = new FlowMetrics(parts.metrics);
    this.#observer = observerOf(this.#metrics);
    const { clock, defer = (fn) => void setImmediate(fn) } = parts;
    this.#turns = new Turns({ now: () => clock.monotonic(), defer });
    sampleLevels(parts.metrics, {
      levels: () => this.levels,
      fairFraction: () => this.#fairFraction,
      waitingForTurn: () => this.#turns.waiting,
    });
    this.configure([], []);
  }

  get waiting(): number {
    let count = this.#turns.waiting;
    for (const { requests } of this.#levels.values()) count += requests.waiting;
    return count;
  }

  /** Levels by name. */
  get levels(): readonly PriorityLevel<AskedFlow>[] {
    return [...this.#levels.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Takes these objects as they are now; where the mandatory ones are missing, as if they were there. Schemas whose level is
   * not there, or contradicts itself, are passed over.
   */
  configure(schemas: readonly FlowSchema[], levels: readonly PriorityLevelConfiguration[]): void {
    const usable = levels.filter((level) => queuingOf(level));
    const given = new Set(usable.map(({ metadata }) => metadata.name));
    const wanted = [...usable, ...mandatoryLevels.filter(({ metadata }) => !given.has(metadata.name))];
    for (const configuration of wanted) this.#configureLevel(configuration);
    const names = new Set(wanted.map(({ metadata }) => metadata.name ?? ''));
    for (const level of this.#levels.values()) level.leaving = !names.has(level.name);
    this.#flows = new FlowIndex(orderOfMatching(schemas, names));
    this.#hands.clear();
    this.#shareSeats();
  }

  /** Where a request belongs. Takes some hundred nanoseconds: it is on the path of every request. */
  classify(user: UserInfo, info: RequestInfo): Classified {
    const flow = this.#flows.find(user, info);
    const level = this.#levels.get(flow.level) ?? this.#levels.get('catch-all')!;
    return { flow, level, user, info, distinguisher: distinguisherOf(flow, user, info) };
  }

  /** A seat for a request, at once where one is free. */
  enter(request: FlowRequest): Seat | Refused | Promise<Seat | Refused> {
    const { flow, level, info, query } = request;
    const { seatsMax } = level;
    const work = estimateWork(info, query, { seatsMax, sizeOf: this.#sizeOf, watches: this.watches });
    this.#metrics.of(flow).estimatedSeats.observe(Math.max(work.initialSeats, work.finalSeats));
    this.#noteAsked();
    if (level.exempt && level.requests.executing >= exemptMax && info.type === 'resource')
      return this.#refuse(request, 'concurrency-limit');
    const entered = this.#enterLevel(request, work);
    if (!(entered instanceof Ticket)) return this.#refuse(request, entered);
    if (entered.state === 'executing') return this.#begin(request, entered);
    return this.#wait(request, entered);
  }

  close(): void {
    this.#stopped = true;
    this.#adjusting?.cancel();
  }

  /** Lends seats anew, by what was wanted. */
  adjust(): void {
    const now = this.#clock.monotonic() / 1000;
    for (const level of this.#levels.values()) level.note(level.requests.demand.take(now));
    this.#fairFraction = lendSeats([...this.#levels.values()]);
    for (const level of this.#levels.values()) if (level.leaving) this.#remove(level);
  }

  #configureLevel(configuration: PriorityLevelConfiguration): void {
    const name = configuration.metadata.name ?? '';
    const known = this.#levels.get(name);
    if (known) known.configure(configuration);
    else
      this.#levels.set(
        name,
        new PriorityLevel(configuration, { clock: this.#clock, observer: this.#observer }),
      );
  }

  #shareSeats(): void {
    for (const level of this.#levels.values()) if (level.leaving) this.#remove(level);
    const shareSum = [...this.#levels.values()].reduce((sum, { shares }) => sum + shares, 0);
    for (const level of this.#levels.values()) level.share(this.#seats, shareSum);
    this.#fairFraction = lendSeats([...this.#levels.values()]);
  }

  #remove(level: PriorityLevel<AskedFlow>): void {
    if (!level.requests.idle) return;
    this.#levels.delete(level.name);
    this.#retryAfter.forget(level.name);
  }

  #enterLevel(request: FlowRequest, work: Work): Ticket<AskedFlow> | Refusal {
    const { flow, level, distinguisher, user, info } = request;
    const { queuing } = level.requests;
    const hand = queuing.type === 'queue' ? this.#handOf(flow.name, distinguisher, queuing) : [];
    const entered = level.requests.enter({ flow, distinguisher, user, info }, work, hand);
    if (!(entered instanceof Ticket) || entered.state === 'executing') return entered;
    if (this.#waitingBodyBytes + request.bodyBytes <= waitingBodyBytesMax) return entered;
    level.requests.giveUp(entered, 'cancelled');
    return 'queue-full';
  }

  #handOf(
    schema: string,
    distinguisher: string,
    { queues, handSize }: { queues: number; handSize: number },
  ): readonly number[] {
    if (queues === 1) return [0];
    const key = `${schema}\0${distinguisher}`;
    let hand = this.#hands.get(key);
    if (!hand) {
      hand = dealHand(hashOfFlow(schema, distinguisher), queues, handSize);
      if (this.#hands.size < handsMax) this.#hands.set(key, hand);
    }
    return hand;
  }

  async #wait(request: FlowRequest, ticket: Ticket<AskedFlow>): Promise<Seat | Refused> {
    const { level, bodyBytes } = request;
    const signal = request.signal();
    const { promise, resolve } = Promise.withResolvers<'begun' | 'time-out' | 'cancelled'>();
    const giveUp = (why: 'time-out' | 'cancelled') => {
      if (level.requests.giveUp(ticket, why)) resolve(why);
    };
    const leave = () => giveUp('cancelled');
    ticket.onStart = () => resolve('begun');
    const timer = this.#clock.after(request.waitMs, () => giveUp('time-out'));
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    this.#waitingBodyBytes += bodyBytes;
    const outcome = await promise;
    this.#waitingBodyBytes -= bodyBytes;
    timer.cancel();
    signal.removeEventListener('abort', leave);
    return outcome === 'begun' ? this.#begin(request, ticket) : this.#refuse(request, outcome, ticket);
  }

  /** With its seat a request begins, when it is its turn on the one thread. Exempt ones need no seat and yet take turns; probes don't. */
  #begin(request: FlowRequest, ticket: Ticket<AskedFlow>): Seat | Refused | Promise<Seat | Refused> {
    const { level, flow, distinguisher, user, info } = request;
    const turn =
      level.exempt && info.type === 'path'
        ? undefined
        : this.#turns.take({
            level: level.name,
            weight: level.exempt ? this.#seats : level.nominal,
            flow: `${flow.name}\0${level.exempt ? user.name : distinguisher}`,
            cost: ticket.work.initialSeats,
          });
    if (!turn) return this.#seat(request, ticket);
    return turn.then(() => {
      if (!request.signal().aborted) return this.#seat(request, ticket);
      level.requests.finish(ticket);
      return this.#refuse(request, 'cancelled', ticket);
    });
  }

  #seat({ flow, level, info }: FlowRequest, ticket: Ticket<AskedFlow>): Seat {
    const series = this.#metrics.of(flow);
    series.dispatched.add();
    if (!level.exempt) series.waitedAndBegan.observe((this.#clock.now() - ticket.arrivedMs) / 1000);
    const startedMs = this.#clock.monotonic();
    return {
      release: () => {
        if (ticket.state !== 'executing') return;
        level.requests.finish(ticket);
        const took = info.verb === 'watch' ? series.watchStartSeconds : series.executionSeconds;
        took.observe((this.#clock.monotonic() - startedMs) / 1000);
      },
    };
  }

  #refuse({ flow, level }: FlowRequest, reason: Refusal, ticket?: Ticket<AskedFlow>): Refused {
    this.#metrics.rejected(flow, reason).add();
    const waitedMs = ticket ? this.#clock.now() - ticket.arrivedMs : 0;
    if (!level.exempt) this.#metrics.of(flow).waitedInVain.observe(waitedMs / 1000);
    const nowMs = this.#clock.now();
    return { refused: reason, retryAfterSeconds: this.#retryAfter.refuse(level.name, nowMs) };
  }

  #noteAsked(): void {
    this.#asked = true;
    if (this.#adjusting || this.#stopped) return;
    this.#asked = false;
    this.#adjusting = this.#clock.after(adjustMs, () => {
      this.#adjusting = undefined;
      this.adjust();
      if (this.#asked || this.levels.some(({ requests }) => !requests.idle)) this.#noteAsked();
    });
  }
}

function observerOf(metrics: FlowMetrics): QueueObserver<AskedFlow> {
  return {
    waiting({ flow }, requests, seats) {
      const { inQueueRequests, inQueueSeats } = metrics.of(flow);
      inQueueRequests.add(requests);
      inQueueSeats.add(seats);
    },
    executing({ flow }, requests, seats) {
      const { executingRequests, executingSeats } = metrics.of(flow);
      executingRequests.add(requests);
      executingSeats.add(seats);
    },
    queued: ({ flow }, length) => metrics.of(flow).queueLength.observe(length),
    notAccommodated: ({ flow }) => metrics.of(flow).notAccommodated.add(),
  };
}

/** By precedence, then by name, of schemas whose level is there; the mandatory ones at their ends where they are missing. */
function orderOfMatching(schemas: readonly FlowSchema[], levels: ReadonlySet<string>): FlowSchema[] {
  const usable = schemas
    .filter(({ spec }) => levels.has(spec?.priorityLevelConfiguration.name ?? ''))
    .sort((a, b) => {
      const difference = (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0);
      return difference || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1);
    });
  const names = new Set(usable.map(({ metadata }) => metadata.name));
  const [exempt, catchAll] = mandatorySchemas as readonly [FlowSchema, FlowSchema];
  const taken = [
    ...(names.has('exempt') ? [] : [exempt]),
    ...usable.filter(({ metadata }) => metadata.name !== 'catch-all'),
  ];
  // Whatever its precedence says, nothing may come behind the one that takes all.
  return [...taken, usable.find(({ metadata }) => metadata.name === 'catch-all') ?? catchAll];
}

function distinguisherOf({ distinguisher }: Flow, user: UserInfo, info: RequestInfo): string {
  if (distinguisher === 'ByUser') return user.name;
  if (distinguisher === 'ByNamespace') return info.type === 'resource' ? info.namespace : '';
  return '';
}
