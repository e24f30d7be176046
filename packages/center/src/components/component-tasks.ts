/**
 * How a component comes to be, changes and goes, as tasks. Every object is written down before it is made, so that what was
 * begun can be taken back or gone on with by a center that knows nothing but the objects. A step may be done twice.
 *
 * An installation that fails is taken back whole; a change that fails goes back to the version before. What could not even
 * be taken back is `failed`, with the list of objects still in the Component's status.
 */
import { type AnyObject, isApiError } from '@skerry/api';
import { type Clock, describeError, type Logger, SkerryError, sleep } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import type { Catalogue, Release } from '#components/catalogue.ts';
import { ClusterObjects, isSameObject, nameOf, wordsOf } from '#components/cluster-objects.ts';
import {
  type Component,
  componentLabel,
  type ComponentStatus,
  type ObjectName,
} from '#components/component.ts';
import { ComponentWriter } from '#components/component-writer.ts';
import { unhealthy } from '#components/health.ts';
import { foreignObjects, prunable } from '#components/plan.ts';
import { remainingObjects } from '#components/removal.ts';
import { sayingText, type TaskSaying } from '#contract/index.ts';
import { saidText, TaskFault } from '#tasks/task-fault.ts';
import type { TaskContext, TaskKind, TaskStep } from '#tasks/task-runner.ts';

export interface ComponentTaskOptions {
  /** Of the management API. */
  readonly client: ApiClient;
  readonly catalogue: Catalogue;
  /** Of a cluster, as one who may make roles and definitions there. The caller closes it. */
  readonly adminClient: (cluster: string) => Promise<ApiClient>;
  readonly clock: Clock;
  readonly log: Logger;
}

const healthyMsMax = 5 * 60_000;
const goneMsMax = 2 * 60_000;
const establishedMsMax = 30_000;
/** For pods to end, with their grace. */
const emptyMsMax = 60_000;
const lookEveryMs = 500;

export function componentTask(options: ComponentTaskOptions): TaskKind {
  const apply = new ApplyTask(options);
  const remove = new RemoveTask(options);
  const isRemoval = ({ spec }: Pick<TaskContext, 'spec'>) => spec.input?.['action'] === 'remove';
  return {
    steps: (spec) => (isRemoval({ spec }) ? remove.steps : apply.steps),
    rollBack: (context) => (isRemoval(context) ? Promise.resolve(false) : apply.rollBack(context)),
    ended: (context, status) =>
      isRemoval(context) ? remove.ended(context, status) : apply.ended(context, status),
  };
}

/** What both ways need. */
class ComponentWork {
  readonly options: ComponentTaskOptions;
  readonly components: ComponentWriter;

  constructor(options: ComponentTaskOptions) {
    this.options = options;
    this.components = new ComponentWriter(options);
  }

  async component({ spec }: TaskContext): Promise<Component> {
    const name = nameIn(spec.input);
    const component = await this.components.get(name);
    if (!component) throw new TaskFault('component-gone', { code: 'componentGone', values: { name } });
    return component;
  }

  async within<T>(component: Component, use: (objects: ClusterObjects) => Promise<T>): Promise<T> {
    const client = await this.options.adminClient(component.spec.cluster);
    try {
      return await use(new ClusterObjects(client));
    } finally {
      client.close();
    }
  }

  /**
   * Deletes what carries the component's label, in the given order, and waits until it is gone. A namespace goes only when
   * nothing of anybody else is in it, and is not waited for.
   */
  async deleteObjects(
    objects: ClusterObjects,
    names: readonly ObjectName[],
    { component, context }: { component: string; context: TaskContext },
  ): Promise<void> {
    const owned: ObjectName[] = [];
    for (const name of names) {
      const found = await objects.get(name);
      if (found?.metadata?.labels?.[componentLabel] === component) owned.push(name);
    }
    const inside = owned.filter(({ kind }) => kind !== 'Namespace');
    for (const name of inside) {
      await context.say({ code: 'removing', values: { object: wordsOf(name) } });
      await objects.delete(name);
    }
    await this.until(context, goneMsMax, async () => {
      for (const name of inside)
        if (await objects.get(name)) return [{ code: 'stillThere', values: { object: wordsOf(name) } }];
      return [];
    });
    for (const name of owned.filter(({ kind }) => kind === 'Namespace')) {
      await context.say({ code: 'removing', values: { object: wordsOf(name) } });
      if (await this.#isEmptied(objects, name.name, context)) await objects.delete(name);
    }
  }

  /** Pods of what was just deleted take a while to go. */
  async #isEmptied(objects: ClusterObjects, namespace: string, { signal }: TaskContext): Promise<boolean> {
    const { clock } = this.options;
    const deadlineMs = clock.monotonic() + emptyMsMax;
    for (;;) {
      const left = await objects.firstIn(namespace);
      if (left === undefined) return true;
      if (!left.startsWith('Pod ') || clock.monotonic() > deadlineMs) return false;
      await sleep(clock, lookEveryMs, signal);
    }
  }

  async until(
    { signal }: TaskContext,
    timeoutMs: number,
    missing: () => Promise<readonly TaskSaying[]>,
  ): Promise<void> {
    const { clock } = this.options;
    const deadlineMs = clock.monotonic() + timeoutMs;
    for (;;) {
      const why = await missing();
      if (why.length === 0) return;
      if (clock.monotonic() > deadlineMs)
        throw new TaskFault('component-not-ready', [
          { code: 'notAfter', values: { seconds: timeoutMs / 1000 } },
          ...why,
        ]);
      await sleep(clock, lookEveryMs, signal);
    }
  }
}

class ApplyTask {
  readonly #work: ComponentWork;

  constructor(options: ComponentTaskOptions) {
    this.#work = new ComponentWork(options);
  }

  get steps(): readonly TaskStep[] {
    return [
      { title: 'requirements', run: (context: TaskContext) => this.#check(context) },
      { title: 'objects applied', run: (context: TaskContext) => this.#apply(context) },
      { title: 'what is no longer part of it removed', run: (context: TaskContext) => this.#prune(context) },
      { title: 'healthy', run: (context: TaskContext) => this.#waitHealthy(context) },
    ];
  }

  async #release({ spec }: Component): Promise<Release> {
    return this.#work.options.catalogue.release(spec.component, spec.version);
  }

  async #manifests(component: Component): Promise<AnyObject[]> {
    const { spec } = component;
    const release = await this.#release(component);
    return labelled(
      await release.manifests(release.valuesOf(spec.values ?? {}), spec.cluster),
      spec.component,
    );
  }

  async #check(context: TaskContext): Promise<TaskSaying> {
    const component = await this.#work.component(context);
    const { spec, status, metadata } = component;
    if (metadata?.generation !== context.spec.input?.['generation'])
      throw new TaskFault('component-gone', { code: 'changedAgain' });
    const release = await this.#release(component);
    const there = await this.#work.components.list(spec.cluster);
    const missing = release.package.requires.filter(
      (name) => !there.some((other) => other.spec.component === name && other.status?.installed),
    );
    if (missing.length > 0) throw new TaskFault('component-requires', requires(spec.component, missing));
    const manifests = await this.#manifests(component);
    const foreign = await this.#work.within(component, (objects) =>
      foreignObjects(objects, manifests, { component: spec.component, before: status?.objects ?? [] }),
    );
    if (foreign.length > 0) throw new TaskFault('component-conflict', foreign.slice(0, 10));
    await this.#work.components.setFinalizer(component, true);
    // What there was, for the way back and for what is no longer part of it.
    await context.remember({ before: status?.objects ?? [], previous: status?.installed ?? null });
    await this.#work.components.patchStatus(metadata?.name ?? '', { phase: 'Working', task: context.name });
    return { code: 'objects', values: { count: manifests.length } };
  }

  async #apply(context: TaskContext): Promise<TaskSaying> {
    const component = await this.#work.component(context);
    const manifests = await this.#manifests(component);
    const names = manifests.map(nameOf);
    const before = beforeOf(context);
    const union = [...names, ...before.filter((name) => !names.some((other) => isSameObject(name, other)))];
    await this.#work.components.patchStatus(component.metadata?.name ?? '', { objects: union });
    await context.remember({ applying: true });
    await this.#work.within(component, (objects) => this.#applyAll(objects, manifests, context));
    return { code: 'objects', values: { count: manifests.length } };
  }

  async #applyAll(
    objects: ClusterObjects,
    manifests: readonly AnyObject[],
    context: TaskContext,
  ): Promise<void> {
    for (const manifest of manifests) {
      context.signal.throwIfAborted();
      const name = nameOf(manifest);
      await context.say(saidText(wordsOf(name)));
      try {
        await objects.apply(manifest);
      } catch (error) {
        throw new SkerryError('component-not-applied', `${wordsOf(name)}: ${describeError(error)}`, {
          cause: error,
        });
      }
      // What comes behind may be of the kind that this defines.
      if (name.kind === 'CustomResourceDefinition')
        await this.#work.until(context, establishedMsMax, async () =>
          (await unhealthy(objects, [manifest], [])).slice(0, 1),
        );
    }
  }

  async #prune(context: TaskContext): Promise<TaskSaying | void> {
    const component = await this.#work.component(context);
    const manifests = await this.#manifests(component);
    const gone = prunable(beforeOf(context), manifests);
    if (gone.length === 0) return;
    const { component: name } = component.spec;
    await this.#work.within(component, (objects) =>
      this.#work.deleteObjects(objects, gone, { component: name, context }),
    );
    return saidText(gone.map(wordsOf).join(', '));
  }

  async #waitHealthy(context: TaskContext): Promise<void> {
    const component = await this.#work.component(context);
    const manifests = await this.#manifests(component);
    const { health } = (await this.#release(component)).package;
    await this.#work.within(component, async (objects) => {
      let told = '';
      await this.#work.until(context, healthyMsMax, async () => {
        const faults = await unhealthy(objects, manifests, health);
        const text = sayingText(faults);
        if (text !== told && text !== '') await context.say(...faults);
        told = text;
        return faults;
      });
    });
  }

  /** To the version before, or to nothing. False where nothing was touched yet, or not all could be taken back. */
  async rollBack(context: TaskContext): Promise<boolean> {
    if (context.memo['applying'] !== true) return false;
    try {
      const component = await this.#work.component(context);
      const previous = context.memo['previous'] as ComponentStatus['installed'] | null;
      const { component: name, cluster } = component.spec;
      const release = previous && (await this.#work.options.catalogue.release(name, previous.version));
      const old = release
        ? labelled(await release.manifests(release.valuesOf(previous.values), cluster), name)
        : [];
      await this.#work.within(component, async (objects) => {
        await this.#applyAll(objects, old, context);
        const extra = prunable(component.status?.objects ?? [], old);
        await this.#work.deleteObjects(objects, extra, { component: name, context });
      });
      await this.#work.components.patchStatus(component.metadata?.name ?? '', { objects: old.map(nameOf) });
      return true;
    } catch (error) {
      this.#work.options.log.warn('component not rolled back', {
        task: context.name,
        error: describeError(error),
      });
      return false;
    }
  }

  async ended(context: TaskContext, { state, message }: { state: string; message?: string }): Promise<void> {
    const component = await this.#work.components.get(nameIn(context.spec.input));
    if (!component) return;
    const { components } = this.#work;
    const name = component.metadata?.name ?? '';
    const observedGeneration = context.spec.input?.['generation'];
    if (state !== 'succeeded') {
      const conditions = components.condition(false, state === 'failed' ? 'Failed' : 'RolledBack', message);
      await components.patchStatus(name, { phase: 'Failed', observedGeneration, conditions });
      return;
    }
    const manifests = await this.#manifests(component);
    const { version, values = {} } = component.spec;
    await components.patchStatus(name, {
      phase: 'Installed',
      observedGeneration,
      installed: null,
    });
    // In two steps: a merge would keep values of before beside those of now.
    await components.patchStatus(name, {
      installed: { version, values },
      objects: manifests.map(nameOf),
      conditions: components.condition(true, 'Installed'),
    });
  }
}

class RemoveTask {
  readonly #work: ComponentWork;

  constructor(options: ComponentTaskOptions) {
    this.#work = new ComponentWork(options);
  }

  get steps(): readonly TaskStep[] {
    return [
      { title: 'nothing needs it', run: (context: TaskContext) => this.#check(context) },
      { title: 'objects removed', run: (context: TaskContext) => this.#remove(context) },
      { title: 'forgotten', run: (context: TaskContext) => this.#forget(context) },
    ];
  }

  async #check(context: TaskContext): Promise<void> {
    const component = await this.#work.component(context);
    await this.#work.components.patchStatus(component.metadata?.name ?? '', {
      phase: 'Removing',
      task: context.name,
    });
    const why = await this.#work.within(component, (objects) =>
      whyNotRemovable(component, {
        objects,
        components: this.#work.components,
        catalogue: this.#work.options.catalogue,
      }),
    );
    if (why.length > 0) throw new TaskFault('component-in-use', why);
  }

  async #remove(context: TaskContext): Promise<void> {
    const component = await this.#work.component(context);
    const names = (component.status?.objects ?? []).toReversed();
    await this.#work.within(component, (objects) =>
      this.#work.deleteObjects(objects, names, { component: component.spec.component, context }),
    );
  }

  async #forget(context: TaskContext): Promise<void> {
    const component = await this.#work.components.get(nameIn(context.spec.input));
    if (component) await this.#work.components.setFinalizer(component, false);
  }

  async ended(context: TaskContext, { state, message }: { state: string; message?: string }): Promise<void> {
    if (state === 'succeeded') return;
    const { components } = this.#work;
    const conditions = components.condition(false, 'NotRemoved', message);
    await components
      .patchStatus(nameIn(context.spec.input), { phase: 'Failed', conditions })
      .catch((error: unknown) => {
        if (!isApiError(error, 'NotFound')) throw error;
      });
  }
}

/** What is to be installed first. */
export function requires(component: string, missing: readonly string[]): TaskSaying {
  return { code: 'requires', values: { component, others: missing.join(', ') } };
}

/** Objects of its definitions that are left, and components that require it; empty where it may go. */
export async function whyNotRemovable(
  component: Component,
  given: {
    readonly objects: ClusterObjects;
    readonly components: ComponentWriter;
    readonly catalogue: Catalogue;
  },
): Promise<TaskSaying[]> {
  const { spec, status } = component;
  const { objects, components, catalogue } = given;
  const needing: TaskSaying[] = [];
  for (const other of await components.list(spec.cluster)) {
    if (other.metadata?.name === component.metadata?.name || other.metadata?.deletionTimestamp) continue;
    const release = await catalogue.release(other.spec.component, other.spec.version).catch(() => undefined);
    if (release?.package.requires.includes(spec.component))
      needing.push({ code: 'requiredBy', values: { component: other.spec.component } });
  }
  const release = await catalogue.release(spec.component, spec.version).catch(() => undefined);
  const left = await remainingObjects(objects, status?.objects ?? [], release?.package.ownResources ?? []);
  return [...needing, ...left];
}

/** With the label by which the component knows its own. */
export function labelled(manifests: readonly AnyObject[], component: string): AnyObject[] {
  return manifests.map((manifest) => ({
    ...manifest,
    metadata: {
      ...manifest.metadata,
      labels: { ...manifest.metadata?.labels, [componentLabel]: component },
    },
  }));
}

function beforeOf({ memo }: TaskContext): ObjectName[] {
  return Array.isArray(memo['before']) ? (memo['before'] as ObjectName[]) : [];
}

function nameIn(input: Record<string, unknown> | undefined): string {
  const name = input?.['name'];
  return typeof name === 'string' ? name : '';
}
