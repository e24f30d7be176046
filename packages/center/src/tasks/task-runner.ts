/**
 * Runs tasks to their end, one step after the other, each recorded before and after it is done. A center that ends in the
 * middle of a step begins that step again, so every step must bear being done twice. At most `parallelMax` tasks run at a
 * time; the rest wait in the order they came. One that somebody cancels ends with the step that runs, and what it did is taken
 * back where its kind knows how. Of ended tasks the newest `keptMax` are kept.
 */
import { isApiError } from '@skerry/api';
import { type Clock, describeError, type Logger, sleep } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import { sayingText, type TaskSaying, type TaskStepTitle } from '#contract/index.ts';
import { centerResources } from '#management/resources.ts';
import { faultSays, TaskFault } from '#tasks/task-fault.ts';
import { cancelledBy, isCancellable, type Task, type TaskStatus } from '#tasks/task.ts';

export interface TaskContext {
  readonly name: string;
  readonly spec: Task['spec'];
  /** What steps have kept; what `remember` adds is recorded before it returns. */
  readonly memo: Readonly<Record<string, unknown>>;
  remember(more: Readonly<Record<string, unknown>>): Promise<void>;
  /** Says how far a step is. */
  say(...says: readonly TaskSaying[]): Promise<void>;
  readonly signal: AbortSignal;
}

export interface TaskStep {
  readonly title: TaskStepTitle;
  /** May be done twice. What it returns is its message. */
  run(context: TaskContext): Promise<TaskSaying | readonly TaskSaying[] | void>;
}

export interface TaskKind {
  readonly steps: (spec: Task['spec']) => readonly TaskStep[];
  /** After a step failed: takes back what was done; then the task is `rolled-back`, else `failed`. */
  readonly rollBack?: (context: TaskContext, failure: unknown) => Promise<boolean>;
  /** Once it has ended, however: for what follows from it. */
  readonly ended?: (context: TaskContext, status: TaskStatus) => Promise<void>;
}

export interface TaskRunnerOptions {
  readonly client: ApiClient;
  readonly kinds: Readonly<Record<string, TaskKind>>;
  readonly clock: Clock;
  readonly log: Logger;
}

const parallelMax = 4;
const keptMax = 200;
const lookEveryMs = 1_000;

export class TaskRunner {
  readonly #options: TaskRunnerOptions;
  readonly #running = new Map<string, { readonly work: Promise<void>; readonly cancel: AbortController }>();
  #wake = Promise.withResolvers<void>();

  constructor(options: TaskRunnerOptions) {
    this.#options = options;
  }

  /** Looks at once rather than within the next second. */
  wake(): void {
    this.#wake.resolve();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers();
      await this.#look(signal);
      await Promise.race([sleep(clock, lookEveryMs, signal).catch(() => undefined), this.#wake.promise]);
    }
    await Promise.allSettled([...this.#running.values()].map(({ work }) => work));
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    const tasks = await this.#tasks.list();
    const open = tasks.items.filter((task) => !hasEnded(task));
    for (const task of open.sort(oldestFirst)) {
      const name = task.metadata?.name ?? '';
      const by = task.metadata?.annotations?.[cancelledBy];
      if (by && isCancellable(task)) this.#running.get(name)?.cancel.abort(cancellation(by));
      if (this.#running.has(name) || this.#running.size >= parallelMax) continue;
      const cancel = new AbortController();
      if (by && isCancellable(task)) cancel.abort(cancellation(by));
      const work = this.#runTask(task, { signal, cancel: cancel.signal })
        .catch((error: unknown) => {
          if (!signal.aborted) log.warn('task interrupted', { task: name, error: describeError(error) });
        })
        .finally(() => {
          this.#running.delete(name);
          this.wake();
        });
      this.#running.set(name, { work, cancel });
    }
    await this.#forgetOld(tasks.items.filter(hasEnded));
  }

  get #tasks() {
    return this.#options.client.resource<Task>(centerResources.tasks);
  }

  async #runTask(
    task: Task,
    { signal, cancel }: { signal: AbortSignal; cancel: AbortSignal },
  ): Promise<void> {
    const kind = this.#options.kinds[task.spec.kind];
    const record = new TaskRecord(task, this.#options);
    if (!kind) {
      await record.end('failed', `this center knows no task of kind ${task.spec.kind}`);
      return;
    }
    const steps = kind.steps(task.spec);
    const context = contextOf(task, record, signal);
    const stoppable = contextOf(task, record, AbortSignal.any([signal, cancel]));
    await record.begin(steps.map(({ title }) => title));
    for (const [index, step] of steps.entries()) {
      if (record.stepState(index) === 'done') continue;
      await record.step(index, { state: 'running' });
      try {
        cancel.throwIfAborted();
        const said = await step.run(stoppable);
        const says = said === undefined ? [] : 'code' in said ? [said] : said;
        await record.step(index, { state: 'done', says });
      } catch (error) {
        // Stopped, not failed: the next start goes on here.
        signal.throwIfAborted();
        const reason: unknown = cancel.aborted ? cancel.reason : error;
        const says = faultSays(reason);
        await record.step(index, { state: 'failed', says });
        const takenBack = (await kind.rollBack?.(context, reason)) ?? false;
        const why = `${step.title}: ${sayingText(says)}`;
        await this.#finish(kind, context, record, {
          state: takenBack ? 'rolled-back' : cancel.aborted ? 'cancelled' : 'failed',
          message: why,
        });
        return;
      }
    }
    await this.#finish(kind, context, record, { state: 'succeeded' });
  }

  async #finish(
    kind: TaskKind,
    context: TaskContext,
    record: TaskRecord,
    { state, message }: { state: TaskStatus['state']; message?: string },
  ): Promise<void> {
    await kind.ended?.(context, { ...record.status, state, ...(message ? { message } : {}) });
    await record.end(state, message);
  }

  async #forgetOld(ended: readonly Task[]): Promise<void> {
    const old = [...ended].sort(oldestFirst).slice(0, Math.max(0, ended.length - keptMax));
    for (const { metadata } of old) {
      await this.#tasks.delete(metadata?.name ?? '').catch((error: unknown) => {
        if (!isApiError(error, 'NotFound')) throw error;
      });
    }
  }
}

/** The status of one task, as it stands in its object. Only the runner writes it. */
class TaskRecord {
  readonly #name: string;
  readonly #client: ApiClient;
  readonly #clock: Clock;
  #status: TaskStatus;

  constructor(task: Task, { client, clock }: TaskRunnerOptions) {
    this.#name = task.metadata?.name ?? '';
    this.#client = client;
    this.#clock = clock;
    this.#status = task.status ?? { state: 'running' };
  }

  get status(): TaskStatus {
    return this.#status;
  }

  async begin(titles: readonly string[]): Promise<void> {
    if (this.#status.started) return;
    const steps = titles.map((title) => ({ title, state: 'waiting' as const }));
    await this.#write({ state: 'running', started: this.#now(), steps });
  }

  stepState(index: number): string | undefined {
    return this.#status.steps?.[index]?.state;
  }

  step(
    index: number,
    { state, says }: { state?: 'running' | 'done' | 'failed'; says?: readonly TaskSaying[] },
  ): Promise<void> {
    const steps = (this.#status.steps ?? []).map((step, at) => {
      if (at !== index) return step;
      const { message, says: before, ...rest } = { ...step, ...(state ? { state } : {}) };
      if (!says) return { ...rest, message, says: before };
      return says.length === 0 ? rest : { ...rest, message: sayingText(says), says };
    });
    return this.#write({ steps });
  }

  say(...says: readonly TaskSaying[]): Promise<void> {
    const index = (this.#status.steps ?? []).findIndex(({ state }) => state === 'running');
    return index < 0 ? Promise.resolve() : this.step(index, { says });
  }

  remember(more: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#write({ memo: { ...this.#status.memo, ...more } });
  }

  end(state: TaskStatus['state'], message?: string): Promise<void> {
    return this.#write({ state, ended: this.#now(), ...(message ? { message } : {}) });
  }

  async #write(change: Partial<TaskStatus>): Promise<void> {
    this.#status = { ...this.#status, ...change };
    await this.#client
      .resource<Task>(centerResources.tasks)
      .patch(
        this.#name,
        { status: this.#status },
        { type: 'merge', subresource: 'status', fieldManager: 'skerry-center' },
      );
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

function contextOf(task: Task, record: TaskRecord, signal: AbortSignal): TaskContext {
  return {
    name: task.metadata?.name ?? '',
    spec: task.spec,
    get memo() {
      return record.status.memo ?? {};
    },
    remember: (more) => record.remember(more),
    say: (...says) => record.say(...says),
    signal,
  };
}

function cancellation(user: string): TaskFault {
  return new TaskFault('task-cancelled', { code: 'cancelled', values: { user } });
}

function hasEnded({ status }: Task): boolean {
  return status?.ended !== undefined;
}

function oldestFirst(a: Task, b: Task): number {
  const order = (task: Task) => `${task.metadata?.creationTimestamp ?? ''} ${task.metadata?.name ?? ''}`;
  return order(a) < order(b) ? -1 : 1;
}
