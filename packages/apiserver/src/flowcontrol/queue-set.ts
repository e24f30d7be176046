import type { Clock } from '@skerry/base';
import { Demand } from '#flowcontrol/demand.ts';

/** What a request is reckoned to cost: seats while it is answered, and seats that its consequences hold a little longer. */
export interface Work {
  readonly initialSeats: number;
  readonly finalSeats: number;
  readonly lingerMs: number;
}

export type Refusal = 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled';

/** How requests that find no seat are dealt with. */
export type Queuing =
  | { readonly type: 'exempt' }
  | { readonly type: 'reject' }
  | {
      readonly type: 'queue';
      readonly queues: number;
      readonly handSize: number;
      readonly lengthMax: number;
    };

/** Says what happens to requests, for metrics. */
export interface QueueObserver<T> {
  waiting(about: T, requests: 1 | -1, seats: number): void;
  executing(about: T, requests: 1 | -1 | 0, seats: number): void;
  queued(about: T, lengthAfter: number): void;
  notAccommodated(about: T): void;
}

/** A request that has been let in: executing, or waiting until `decided` says so. */
export class Ticket<T> {
  readonly about: T;
  readonly work: Work;
  readonly queue: Queue<T> | undefined;
  readonly arrivedMs: number;
  /** The set's progress when the request came. */
  readonly arrivalR: number;
  state: 'waiting' | 'executing' | 'done' = 'waiting';
  startedSeconds = 0;
  startedMs: number | undefined;
  onStart: (() => void) | undefined;
  /** Seats at the end, cut to what the level has. */
  finalSeats: number;
  lingerMs: number;

  constructor(fields: {
    about: T;
    work: Work;
    queue: Queue<T> | undefined;
    arrivedMs: number;
    arrivalR: number;
  }) {
    this.about = fields.about;
    this.work = fields.work;
    this.queue = fields.queue;
    this.arrivedMs = fields.arrivedMs;
    this.arrivalR = fields.arrivalR;
    this.finalSeats = fields.work.finalSeats;
    this.lingerMs = fields.work.lingerMs;
  }

  get seats(): number {
    return Math.max(this.work.initialSeats, this.finalSeats);
  }

  /** Seat-seconds, as reckoned. */
  get totalWork(): number {
    return this.work.initialSeats * serviceSeconds + (this.work.finalSeats * this.work.lingerMs) / 1000;
  }
}

/** Requests of one or more flows, in order of arrival. */
export class Queue<T> {
  readonly index: number;
  readonly waiting = new Set<Ticket<T>>();
  readonly executing = new Set<Ticket<T>>();
  waitingWork = 0;
  seatsInUse = 0;
  /** The progress at which its next request is due. */
  nextR = 0;
  /** Counts dispatches of the set: among equals the queue goes first that has waited longest. */
  lastDispatch = 0;

  constructor(index: number) {
    this.index = index;
  }

  oldest(): Ticket<T> | undefined {
    for (const ticket of this.waiting) return ticket;
    return undefined;
  }
}

/** How long a request is reckoned to take before it is known. */
const serviceSeconds = 0.003;

/**
 * The seats of one priority level and the requests that want them: fair queuing in a virtual time that runs as fast as each
 * busy queue would get seats. A queue that has had more than its share is due later; the one that is due first goes next.
 *
 * Queues exist while they hold requests; an idle one would begin at the present progress anyway. So a level may be
 * configured with many queues and costs only what is in use.
 *
 * Everything happens in the caller's turn; nothing here waits. Rule:
 * https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/1040-priority-and-fairness
 */
export class QueueSet<T> {
  readonly demand: Demand;
  readonly #clock: Clock;
  readonly #observer: QueueObserver<T>;
  readonly #queues = new Map<number, Queue<T>>();
  /** Executing without a queue. */
  readonly #queueless = new Set<Ticket<T>>();
  #queuing: Queuing;
  #limit: number;
  /** Seat-seconds that each busy queue has been given since the start. */
  #progress = 0;
  #syncedSeconds: number;
  #waitingCount = 0;
  #waitingSeats = 0;
  #executingCount = 0;
  #seatsInUse = 0;
  #dispatches = 0;
  #enqueues = 0;
  readonly totals = { dispatched: 0, rejected: 0, timedOut: 0, cancelled: 0 };

  constructor(
    queuing: Queuing,
    parts: { readonly clock: Clock; readonly limit: number; readonly observer: QueueObserver<T> },
  ) {
    this.#queuing = queuing;
    this.#clock = parts.clock;
    this.#limit = parts.limit;
    this.#observer = parts.observer;
    this.#syncedSeconds = this.#seconds();
    this.demand = new Demand(this.#syncedSeconds);
  }

  get queuing(): Queuing {
    return this.#queuing;
  }

  get limit(): number {
    return this.#limit;
  }

  get waiting(): number {
    return this.#waitingCount;
  }

  get executing(): number {
    return this.#executingCount;
  }

  get seatsInUse(): number {
    return this.#seatsInUse;
  }

  get progress(): number {
    return this.#progress;
  }

  get idle(): boolean {
    return this.#waitingCount === 0 && this.#executingCount === 0;
  }

  get queues(): Iterable<Queue<T>> {
    return this.#queues.values();
  }

  get queueless(): Iterable<Ticket<T>> {
    return this.#queueless;
  }

  /** Seats and queues from now on. Requests in queues that are no longer wanted are still served from them. */
  configure({ queuing, limit }: { queuing?: Queuing; limit?: number }): void {
    this.#sync();
    this.#queuing = queuing ?? this.#queuing;
    this.#limit = limit ?? this.#limit;
    this.#dispatch();
  }

  /** Lets a request in, executing or waiting; or says why not. `hand`: the queues its flow may use. */
  enter(about: T, work: Work, hand: readonly number[]): Ticket<T> | Refusal {
    this.#sync();
    if (this.#queuing.type !== 'queue') return this.#enterQueueless(about, work);
    const queue = this.#shortest(hand);
    if (this.#seatsInUse >= this.#limit && queue.waiting.size >= this.#queuing.lengthMax) {
      this.#dropIdle(queue);
      this.totals.rejected++;
      return 'queue-full';
    }
    const ticket = this.#ticket(about, work, queue);
    if (queue.waiting.size === 0 && queue.executing.size === 0) queue.nextR = this.#progress;
    queue.waiting.add(ticket);
    queue.waitingWork += ticket.totalWork;
    this.#waitingCount++;
    this.#waitingSeats += ticket.seats;
    this.#observer.waiting(about, 1, ticket.seats);
    this.#observer.queued(about, queue.waiting.size);
    this.#bound(queue);
    this.#noteDemand();
    this.#dispatch();
    return ticket;
  }

  /** Takes a waiting request out; false when it has begun meanwhile. */
  giveUp(ticket: Ticket<T>, why: 'time-out' | 'cancelled'): boolean {
    if (ticket.state !== 'waiting' || !ticket.queue) return false;
    this.#sync();
    ticket.state = 'done';
    this.#leaveQueue(ticket, ticket.queue);
    this.#bound(ticket.queue);
    this.#dropIdle(ticket.queue);
    this.totals.rejected++;
    this.totals[why === 'time-out' ? 'timedOut' : 'cancelled']++;
    this.#noteDemand();
    // Its seats may have been what held up narrower ones.
    this.#dispatch();
    return true;
  }

  /** Ends an executing request; its last seats are free when its work has lingered out. */
  finish(ticket: Ticket<T>): void {
    if (ticket.state !== 'executing') return;
    this.#sync();
    ticket.state = 'done';
    this.#executingCount--;
    this.#observer.executing(ticket.about, -1, 0);
    const { queue } = ticket;
    if (queue) {
      queue.executing.delete(ticket);
      const tookSeconds = this.#seconds() - ticket.startedSeconds;
      queue.nextR -= ticket.work.initialSeats * (serviceSeconds - tookSeconds);
      this.#bound(queue);
    } else {
      this.#queueless.delete(ticket);
    }
    if (ticket.lingerMs > 0 && ticket.finalSeats > 0) {
      this.#clock.after(ticket.lingerMs, () => {
        this.#sync();
        this.#release(ticket);
        this.#dispatch();
      });
    } else {
      this.#release(ticket);
    }
    if (queue) this.#dropIdle(queue);
    this.#dispatch();
  }

  #enterQueueless(about: T, work: Work): Ticket<T> | Refusal {
    const ticket = this.#ticket(about, work, undefined);
    if (!this.#accommodates(ticket.seats)) {
      this.totals.rejected++;
      return 'concurrency-limit';
    }
    this.#queueless.add(ticket);
    this.#start(ticket);
    return ticket;
  }

  #ticket(about: T, work: Work, queue: Queue<T> | undefined): Ticket<T> {
    return new Ticket({
      about,
      work,
      queue,
      arrivedMs: this.#clock.now(),
      arrivalR: this.#progress,
    });
  }

  #shortest(hand: readonly number[]): Queue<T> {
    const first = this.#enqueues++ % hand.length;
    let best: number | undefined;
    let least = Infinity;
    for (let i = 0; i < hand.length; i++) {
      const index = hand[(first + i) % hand.length]!;
      const work = this.#queues.get(index)?.waitingWork ?? 0;
      if (work < least) {
        least = work;
        best = index;
      }
    }
    const index = best ?? 0;
    let queue = this.#queues.get(index);
    if (!queue) this.#queues.set(index, (queue = new Queue(index)));
    return queue;
  }

  #dispatch(): void {
    while (this.#waitingCount > 0 && this.#seatsInUse < this.#limit && this.#dispatchOne());
  }

  #dispatchOne(): boolean {
    const queue = this.#dueFirst();
    const ticket = queue?.oldest();
    if (!queue || !ticket) return false;
    if (!this.#accommodates(ticket.seats)) {
      this.#observer.notAccommodated(ticket.about);
      return false;
    }
    this.#leaveQueue(ticket, queue);
    if (ticket.finalSeats > this.#limit) {
      ticket.lingerMs = (ticket.finalSeats * ticket.lingerMs) / this.#limit;
      ticket.finalSeats = this.#limit;
    }
    queue.executing.add(ticket);
    queue.seatsInUse += ticket.seats;
    queue.nextR += ticket.totalWork;
    queue.lastDispatch = ++this.#dispatches;
    this.#bound(queue);
    this.#start(ticket);
    return true;
  }

  #dueFirst(): Queue<T> | undefined {
    let best: Queue<T> | undefined;
    let bestR = Infinity;
    for (const queue of this.#queues.values()) {
      const oldest = queue.oldest();
      if (!oldest) continue;
      const finishR = queue.nextR + oldest.totalWork;
      if (finishR < bestR || (finishR === bestR && best && queue.lastDispatch < best.lastDispatch)) {
        best = queue;
        bestR = finishR;
      }
    }
    return best;
  }

  #start(ticket: Ticket<T>): void {
    ticket.state = 'executing';
    ticket.startedSeconds = this.#seconds();
    ticket.startedMs = this.#clock.now();
    this.#executingCount++;
    this.#seatsInUse += ticket.seats;
    this.totals.dispatched++;
    this.#observer.executing(ticket.about, 1, ticket.seats);
    this.#noteDemand();
    ticket.onStart?.();
  }

  #leaveQueue(ticket: Ticket<T>, queue: Queue<T>): void {
    queue.waiting.delete(ticket);
    queue.waitingWork = queue.waiting.size === 0 ? 0 : queue.waitingWork - ticket.totalWork;
    this.#waitingCount--;
    this.#waitingSeats -= ticket.seats;
    this.#observer.waiting(ticket.about, -1, -ticket.seats);
  }

  #release(ticket: Ticket<T>): void {
    this.#seatsInUse -= ticket.seats;
    if (ticket.queue) ticket.queue.seatsInUse -= ticket.seats;
    this.#observer.executing(ticket.about, 0, -ticket.seats);
    this.#noteDemand();
  }

  /** A request that is wider than the whole level goes alone. */
  #accommodates(seats: number): boolean {
    if (this.#queuing.type === 'exempt') return true;
    if (seats > this.#limit) return this.#executingCount === 0;
    return this.#seatsInUse + seats <= this.#limit;
  }

  /** A queue that could not use its share while it was empty must not make up for it later. */
  #bound(queue: Queue<T>): void {
    const oldest = queue.oldest();
    if (oldest && queue.nextR < oldest.arrivalR) queue.nextR = oldest.arrivalR;
  }

  #dropIdle(queue: Queue<T>): void {
    if (queue.waiting.size === 0 && queue.executing.size === 0) this.#queues.delete(queue.index);
  }

  #noteDemand(): void {
    this.demand.set(this.#seatsInUse + this.#waitingSeats, this.#syncedSeconds);
  }

  #sync(): void {
    const now = this.#seconds();
    const passed = now - this.#syncedSeconds;
    this.#syncedSeconds = now;
    if (this.#queues.size === 0) return;
    const wanted = this.#seatsInUse + this.#waitingSeats;
    this.#progress += (passed * Math.min(wanted, this.#limit)) / this.#queues.size;
  }

  #seconds(): number {
    return this.#clock.monotonic() / 1000;
  }
}
