import type { Clock } from '@skerry/base';
import type { FilterName } from '#filters/index.ts';
import { Heap } from '#heap.ts';
import type { PodInfo } from '#pod-info.ts';

/** A pod that no event concerned is tried again after this long, in case a hint was wrong. */
const forgottenMs = 300_000;

/** A pod that waits for a node. */
export interface Waiting {
  readonly info: PodInfo;
  readonly queuedAtMs: number;
  /** Failed tries since it came. */
  attempts: number;
  /** The filters that refused it last; empty before the first try. */
  rejectedBy: ReadonlySet<FilterName>;
  /** When it failed last. */
  failedAtMs: number;
  /** Set while it may not be tried again. */
  backoffUntilMs: number;
  /** No change spoke for it: it came out of `unschedulable` because it had waited too long. */
  wasForgotten: boolean;
}

/** Told of each pod that comes into a queue, and by what; and how long a hint thought about a pod. */
export interface QueueWatcher {
  entered(queue: 'active' | 'backoff' | 'unschedulable', event: string): void;
  hinted(waiting: Waiting, event: string, helps: boolean, startedMs: number): void;
}

const noWatcher: QueueWatcher = { entered: () => undefined, hinted: () => undefined };
/** Of the pods that one change may help, so many are timed. */
const timedHintsMax = 10;

export interface QueueOptions {
  readonly clock: Clock;
  readonly watcher?: QueueWatcher;
  readonly backoffMinMs?: number;
  readonly backoffMaxMs?: number;
}

/** Says whether a change of the cluster may let a waiting pod in. */
export type Hint = (waiting: Waiting) => boolean;

/**
 * Pods that want a node, in four places: *active*, by priority and then age; *backing off*, whom something may help; *failed*,
 * whose try broke for another reason than the cluster's state; *unschedulable*, who wait until a change may help them.
 *
 * A pod leaves `unschedulable` the moment a hint says so. Backoff (1 s doubling to 10 s) only orders retries when there
 * is other work: with nothing active, the pod whose backoff ends next is tried at once. Pods of broken tries sit their backoff
 * out. Gated pods are kept apart and never tried. A pod is in one place at most; the API server bounds their number.
 */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #active = new Heap<Waiting>({ keyOf, before: isMoreUrgent });
  readonly #backoff = new Heap<Waiting>({ keyOf, before: endsEarlier });
  readonly #failed = new Heap<Waiting>({ keyOf, before: endsEarlier });
  readonly #unschedulable = new Map<string, Waiting>();
  readonly #gated = new Map<string, Waiting>();
  readonly #watcher: QueueWatcher;
  readonly #backoffMinMs: number;
  readonly #backoffMaxMs: number;
  #wake: (() => void) | undefined;

  constructor({ clock, watcher = noWatcher, backoffMinMs = 1_000, backoffMaxMs = 10_000 }: QueueOptions) {
    this.#clock = clock;
    this.#watcher = watcher;
    this.#backoffMinMs = backoffMinMs;
    this.#backoffMaxMs = backoffMaxMs;
  }

  /** How many unschedulable pods each filter refused, by the name of their profile. */
  refusals(profileOf: (info: PodInfo) => string): ReadonlyMap<string, ReadonlyMap<FilterName, number>> {
    const byProfile = new Map<string, Map<FilterName, number>>();
    for (const { info, rejectedBy } of this.#unschedulable.values()) {
      const profile = profileOf(info);
      const counts = byProfile.get(profile) ?? new Map<FilterName, number>();
      byProfile.set(profile, counts);
      for (const filter of rejectedBy) counts.set(filter, (counts.get(filter) ?? 0) + 1);
    }
    return byProfile;
  }

  get sizes(): { active: number; backoff: number; unschedulable: number; gated: number } {
    return {
      active: this.#active.size,
      backoff: this.#backoff.size + this.#failed.size,
      unschedulable: this.#unschedulable.size,
      gated: this.#gated.size,
    };
  }

  /** A pod that is new, or was bound elsewhere and is pending again. */
  add(info: PodInfo): void {
    this.delete(info.key);
    const waiting: Waiting = {
      info,
      queuedAtMs: this.#clock.monotonic(),
      attempts: 0,
      rejectedBy: new Set(),
      failedAtMs: 0,
      backoffUntilMs: 0,
      wasForgotten: false,
    };
    if (isGated(info)) this.#gated.set(info.key, waiting);
    else {
      this.#watcher.entered('active', 'UnschedulablePodAdd');
      this.#activate(waiting);
    }
  }

  /** A new revision of a waiting pod. `relevant`: it asks for something else than before, so it is tried again. */
  update(info: PodInfo, { relevant }: { relevant: boolean }): void {
    const before = this.#find(info.key);
    if (!before || before.info.uid !== info.uid) {
      this.add(info);
      return;
    }
    const waiting = { ...before, info };
    const eager = this.#active.has(info.key) || this.#gated.has(info.key) || relevant;
    if (!isGated(info) && !eager && this.#unschedulable.has(info.key)) {
      this.#unschedulable.set(info.key, waiting);
      return;
    }
    const wasFailed = this.#failed.has(info.key);
    this.delete(info.key);
    if (isGated(info)) this.#gated.set(info.key, waiting);
    else if (eager) {
      this.#watcher.entered('active', 'UnschedulablePodUpdate');
      this.#activate(waiting);
    } else if (wasFailed) this.#failed.push(waiting);
    else this.#backoff.push(waiting);
  }

  delete(key: string): void {
    this.#active.delete(key);
    this.#backoff.delete(key);
    this.#failed.delete(key);
    this.#unschedulable.delete(key);
    this.#gated.delete(key);
  }

  /** The next pod to try; undefined when none may be tried now. It is in no place until it is given back. */
  pop(): Waiting | undefined {
    this.#endBackoffs();
    const active = this.#active.pop();
    if (active) return active;
    const early = this.#backoff.pop();
    if (early) this.#watcher.entered('active', 'PopFromBackoffQ');
    return early;
  }

  /** Gives back a pod that no node could take. */
  addUnschedulable(waiting: Waiting, rejectedBy: ReadonlySet<FilterName>): void {
    this.#fail(waiting, rejectedBy);
    waiting.wasForgotten = false;
    this.#watcher.entered('unschedulable', 'ScheduleAttemptFailure');
    this.#unschedulable.set(waiting.info.key, waiting);
  }

  /** Gives back a pod whose try broke: binding failed, or the API didn't answer. */
  addFailed(waiting: Waiting): void {
    this.#fail(waiting, new Set());
    this.#watcher.entered('backoff', 'ScheduleAttemptFailure');
    this.#failed.push(waiting);
    this.#signal();
  }

  /** Something changed: whoever it may help comes out of `unschedulable`. The event is called as kube-scheduler calls it. */
  wakeIf(hint: Hint, event: string): void {
    let asked = 0;
    for (const waiting of this.#unschedulable.values()) {
      const startedMs = asked < timedHintsMax ? this.#clock.monotonic() : 0;
      const helps = hint(waiting);
      if (asked++ < timedHintsMax) this.#watcher.hinted(waiting, event, helps, startedMs);
      if (helps) this.#release(waiting, event);
    }
  }

  /** Resolves when `pop` may give something, or the signal stops it. */
  async wait(signal: AbortSignal): Promise<void> {
    if (this.#active.size > 0 || this.#backoff.size > 0 || signal.aborted) return;
    const dueMs = Math.min(this.#failed.peek()?.backoffUntilMs ?? Infinity, this.#forgottenAtMs());
    await new Promise<void>((resolve) => {
      const delayMs = Math.max(dueMs - this.#clock.monotonic(), 0);
      const timer = dueMs === Infinity ? undefined : this.#clock.after(delayMs, () => this.#signal());
      this.#wake = () => {
        timer?.cancel();
        signal.removeEventListener('abort', this.#signal);
        this.#wake = undefined;
        resolve();
      };
      signal.addEventListener('abort', this.#signal, { once: true });
    });
  }

  #find(key: string): Waiting | undefined {
    return (
      this.#active.get(key) ??
      this.#backoff.get(key) ??
      this.#failed.get(key) ??
      this.#unschedulable.get(key) ??
      this.#gated.get(key)
    );
  }

  #fail(waiting: Waiting, rejectedBy: ReadonlySet<FilterName>): void {
    waiting.attempts++;
    waiting.rejectedBy = rejectedBy;
    waiting.failedAtMs = this.#clock.monotonic();
    const delayMs = Math.min(
      this.#backoffMinMs * 2 ** Math.min(waiting.attempts - 1, 16),
      this.#backoffMaxMs,
    );
    waiting.backoffUntilMs = waiting.failedAtMs + delayMs;
  }

  #release(waiting: Waiting, event: string): void {
    this.#unschedulable.delete(waiting.info.key);
    const isOver = waiting.backoffUntilMs <= this.#clock.monotonic();
    this.#watcher.entered(isOver ? 'active' : 'backoff', event);
    (isOver ? this.#active : this.#backoff).push(waiting);
    this.#signal();
  }

  #endBackoffs(): void {
    const nowMs = this.#clock.monotonic();
    for (const heap of [this.#backoff, this.#failed])
      while ((heap.peek()?.backoffUntilMs ?? Infinity) <= nowMs) {
        this.#watcher.entered('active', 'BackoffComplete');
        this.#active.push(heap.pop()!);
      }
    while (this.#forgottenAtMs() <= nowMs) {
      const forgotten = this.#unschedulable.values().next().value!;
      forgotten.wasForgotten = true;
      this.#release(forgotten, 'UnschedulableTimeout');
    }
  }

  /** The map keeps the order of failures, so the first is the one forgotten longest. */
  #forgottenAtMs(): number {
    const first = this.#unschedulable.values().next();
    return first.done ? Infinity : first.value.failedAtMs + forgottenMs;
  }

  #activate(waiting: Waiting): void {
    this.#active.push(waiting);
    this.#signal();
  }

  readonly #signal = (): void => this.#wake?.();
}

function keyOf({ info }: Waiting): string {
  return info.key;
}

function isMoreUrgent(a: Waiting, b: Waiting): boolean {
  if (a.info.priority !== b.info.priority) return a.info.priority > b.info.priority;
  return a.queuedAtMs < b.queuedAtMs;
}

function endsEarlier(a: Waiting, b: Waiting): boolean {
  return a.backoffUntilMs < b.backoffUntilMs;
}

function isGated({ pod }: PodInfo): boolean {
  return (pod.spec?.schedulingGates ?? []).length > 0;
}
