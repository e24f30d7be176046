/**
 * A metadata-only watch of every resource that can be listed, watched and deleted, custom ones included; what the server
 * serves is looked up again every 30 seconds, and sooner when a CustomResourceDefinition changes.
 */
import type { KubeObject, OwnerReference } from '@skerry/api';
import { describeError, sleep } from '@skerry/base';
import { Informer, resources } from '@skerry/client';
import type { ResourceRef } from '@skerry/client';
import type { ControllerContext, Syncable } from '#runtime/controller.ts';
import { discover } from '#runtime/discovery.ts';
import type { DiscoveredResource } from '#runtime/discovery.ts';
import type { Metrics } from '#runtime/metrics.ts';
import { numbersOf } from '#runtime/numbers.ts';

export interface MonitorHandler {
  onAdd(ref: ResourceRef, object: KubeObject): void;
  onUpdate(ref: ResourceRef, object: KubeObject): void;
  onDelete(ref: ResourceRef, object: KubeObject): void;
  /** From now on the resource is watched; before, its objects came and went unseen. */
  onSynced(ref: ResourceRef): void;
}

interface Monitor {
  readonly ref: ResourceRef;
  readonly informer: Informer;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

const discoverEveryMs = 30_000;
const afterChangeMs = 500;
const settledMs = 3_000;
/** Many, short-lived, and owned by nobody. */
const ignored = new Set(['/events', 'events.k8s.io/events']);

export class ResourceMonitors implements Syncable {
  readonly #context: ControllerContext;
  readonly #handler: MonitorHandler;
  readonly #monitors = new Map<string, Monitor>();
  /** By group and kind, whatever the version, deletable or not. */
  readonly #refs = new Map<string, ResourceRef>();
  #isDiscovered = false;
  #wake = new AbortController();

  constructor(context: ControllerContext, handler: MonitorHandler) {
    this.#context = context;
    this.#handler = handler;
  }

  /** Where objects of an owner's kind are; undefined when the server doesn't serve it. */
  refOf({ apiVersion, kind }: Pick<OwnerReference, 'apiVersion' | 'kind'>): ResourceRef | undefined {
    const slash = apiVersion.indexOf('/');
    return this.#refs.get(`${slash < 0 ? '' : apiVersion.slice(0, slash)}/${kind}`);
  }

  async waitForSync(signal?: AbortSignal): Promise<void> {
    while (!this.#isDiscovered) await sleep(this.#context.clock, 10, signal);
    for (const { informer } of this.#monitors.values()) await informer.waitForSync(signal);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, informers } = this.#context;
    const definitions = informers.informer(resources.customResourceDefinitions, { metadataOnly: true });
    const syncErrors = numbersOf(this.#context, syncErrorNumbers);
    const wake = () => this.#wake.abort();
    const unsubscribe = definitions.addHandler({ onAdd: wake, onUpdate: wake, onDelete: wake });
    let isChanging = false;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      await this.#refresh(signal).catch((error: unknown) => {
        if (signal.aborted) return;
        syncErrors.add();
        log.warn('discovery failed', { error: describeError(error) });
      });
      const waitMs = this.#isDiscovered ? (isChanging ? settledMs : discoverEveryMs) : afterChangeMs;
      await sleep(clock, waitMs, AbortSignal.any([signal, this.#wake.signal])).catch(() => undefined);
      // A definition is served a moment after it is written: look soon, and once more when that should be over.
      isChanging = this.#wake.signal.aborted;
      if (isChanging) await sleep(clock, afterChangeMs, signal).catch(() => undefined);
    }
    unsubscribe();
    await Promise.all([...this.#monitors.values()].map(({ done }) => done));
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    const { resources: found, failures } = await discover(this.#context.client);
    const wanted = new Set<string>();
    for (const resource of found) {
      const key = `${resource.group}/${resource.resource}`;
      this.#refs.set(`${resource.group}/${resource.kind}`, resource);
      if (!isCollectable(resource) || ignored.has(key)) continue;
      wanted.add(key);
      if (!this.#monitors.has(key)) this.#start(key, resource, signal);
    }
    // A group that couldn't be read just now is not gone.
    if (failures.length === 0) {
      for (const [key, monitor] of this.#monitors) if (!wanted.has(key)) await this.#end(key, monitor);
    }
    this.#isDiscovered = true;
  }

  #start(key: string, ref: ResourceRef, signal: AbortSignal): void {
    const { client, clock, log, random } = this.#context;
    const stop = new AbortController();
    const informer = new Informer({
      source: client.resource(ref),
      name: key,
      scope: { metadataOnly: true },
      transform: ownershipOnly,
      clock,
      log,
      random,
    });
    informer.addHandler({
      onAdd: (object) => this.#handler.onAdd(ref, object),
      onUpdate: (object) => this.#handler.onUpdate(ref, object),
      onDelete: (object) => this.#handler.onDelete(ref, object),
    });
    const until = AbortSignal.any([signal, stop.signal]);
    const done = Promise.all([
      informer.run(until),
      informer.waitForSync(until).then(
        () => this.#handler.onSynced(ref),
        () => undefined,
      ),
    ]).then(() => undefined);
    this.#monitors.set(key, { ref, informer, stop, done });
  }

  async #end(key: string, { ref, informer, stop, done }: Monitor): Promise<void> {
    this.#monitors.delete(key);
    this.#refs.delete(`${ref.group}/${ref.kind}`);
    stop.abort();
    await done;
    for (const object of informer.list()) this.#handler.onDelete(ref, object);
  }
}

function syncErrorNumbers(metrics: Metrics) {
  return metrics
    .counter({
      name: 'garbagecollector_controller_resources_sync_error_total',
      help: 'Number of garbage collector resources sync errors',
    })
    .with();
}

function isCollectable({ verbs }: DiscoveredResource): boolean {
  return ['delete', 'list', 'watch'].every((verb) => verbs.includes(verb));
}

/** What the graph reads, and nothing else: this copy holds every object of the cluster. */
function ownershipOnly(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, ownerReferences, finalizers, deletionTimestamp } =
    object.metadata ?? {};
  return {
    metadata: { name, namespace, uid, resourceVersion, ownerReferences, finalizers, deletionTimestamp },
  };
}
