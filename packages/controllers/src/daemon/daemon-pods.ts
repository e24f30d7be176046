/**
 * The pods of sets of daemon pods: a look at what is on every node, and carrying out what a plan says. Shared by the
 * controllers of all kinds of such sets; each has one of its own.
 */
import { daemonShouldRun, labelSelectorFrom } from '@skerry/api';
import type { Node, Pod } from '@skerry/api';
import { resources } from '@skerry/client';
import type { Informer, InformerHandler, ResourceRef } from '@skerry/client';
import { targetNode } from '#daemon/daemon-pod.ts';
import { FailedPodDelay } from '#daemon/failed-pod-delay.ts';
import type { NodeView } from '#daemon/node-view.ts';
import type { DaemonOwner } from '#daemon/owner.ts';
import type { Plan } from '#daemon/plan.ts';
import type { ControllerContext } from '#runtime/controller.ts';
import { canonicalJson } from '#runtime/canonical.ts';
import { createPods } from '#runtime/create-pods.ts';
import { Expectations, type Observed } from '#runtime/expectations.ts';
import { gatherMs } from '#runtime/gather.ts';
import { claim, controllerOf } from '#runtime/ownership.ts';
import { PodControl } from '#runtime/pod-control.ts';
import { isFinished } from '#runtime/pods.ts';
import type { WorkQueue } from '#runtime/work-queue.ts';

export interface DaemonPodsOptions {
  readonly context: ControllerContext;
  /** Kind of the sets. */
  readonly ref: ResourceRef;
  readonly nodes: Informer<Node>;
  /** Indexed by controller. */
  readonly pods: Informer<Pod>;
}

export interface CarryOutOptions {
  /** The most that are made, and that are deleted, at a time. */
  readonly burst: number;
  readonly makePod: (node: string) => Pod;
}

export interface CarriedOut {
  readonly failure: unknown;
  /** When to look again, whatever happens. */
  readonly waitMs?: number;
}

type Verdict = ReturnType<typeof daemonShouldRun>;

const noPods: readonly Pod[] = [];

export class DaemonPods {
  readonly #options: DaemonPodsOptions;
  readonly #expectations: Expectations;
  readonly #failedPods: FailedPodDelay;
  readonly #podControl: PodControl;
  /** By key of the set; a node that changes is another object. */
  readonly #verdicts = new Map<string, { template: string; ofNode: WeakMap<Node, Verdict> }>();
  /** Of the nodes in the order of the copy, and their places by name. */
  #order: { names: readonly string[]; places: readonly number[] } = { names: [], places: [] };

  constructor(options: DaemonPodsOptions) {
    const { clock } = options.context;
    this.#options = options;
    this.#expectations = new Expectations(clock);
    this.#failedPods = new FailedPodDelay(clock);
    this.#podControl = new PodControl(options.context);
  }

  /** Whether the copy shows what was done last. */
  satisfied(key: string): boolean {
    return this.#expectations.satisfied(key);
  }

  forget(key: string): void {
    this.#expectations.forget(key);
    this.#verdicts.delete(key);
  }

  /** Key of the set that a pod belongs to. */
  keyOf(pod: Pod): string | undefined {
    const { ref } = this.#options;
    const owner = controllerOf(pod);
    const isOurs = owner?.kind === ref.kind && owner.apiVersion.split('/')[0] === ref.group;
    return isOurs ? `${pod.metadata.namespace}/${owner.name}` : undefined;
  }

  /** Brings the set of a pod that changes into the queue: at once when it is the last that was waited for. */
  handler(queue: WorkQueue): InformerHandler<Pod> {
    const look = (pod: Pod, observe: (key: string) => Observed) => {
      const key = this.keyOf(pod);
      if (!key) return;
      const isAwaited = observe(key) === 'last';
      queue.addAfter(key, isAwaited ? 0 : gatherMs(this.#options.nodes.size));
    };
    const leaving =
      ({ metadata }: Pod) =>
      (key: string) =>
        this.#expectations.deletionObserved(key, metadata.uid ?? '');
    return {
      onAdd: (pod) => look(pod, (key) => this.#expectations.creationObserved(key)),
      onUpdate: (pod) => look(pod, pod.metadata.deletionTimestamp ? leaving(pod) : () => undefined),
      onDelete: (pod) => look(pod, leaving(pod)),
    };
  }

  /** Every node, and every name of a node that a pod of the set still has. */
  async look(set: DaemonOwner): Promise<NodeView[]> {
    const { context, ref, nodes, pods } = this.#options;
    const owned = await claim({
      client: context.client,
      owner: set,
      ownerRef: ref,
      selector: labelSelectorFrom(set.spec?.selector),
      resource: resources.pods,
      informer: pods,
    });
    const byNode = new Map<string, Pod[]>();
    for (const pod of owned) {
      if (pod.metadata.deletionTimestamp && isFinished(pod)) continue;
      const node = targetNode(pod);
      if (!node) continue;
      const list = byNode.get(node);
      if (list) list.push(pod);
      else byNode.set(node, [pod]);
    }
    for (const list of byNode.values()) if (list.length > 1) list.sort(oldestFirst);
    const verdictOf = this.#verdictsOf(set);
    const views: NodeView[] = this.#nodesByName().map((node) => {
      const name = node.metadata.name ?? '';
      const { shouldRun, shouldContinueRunning } = verdictOf(node);
      return {
        name,
        node,
        shouldRun,
        shouldContinue: shouldContinueRunning,
        pods: byNode.get(name) ?? noPods,
      };
    });
    const present = views.length;
    for (const [name, list] of byNode) {
      // Pods of a node that has gone are the pod garbage collector's, once bound.
      const unbound = list.filter(({ spec }) => !spec?.nodeName);
      if (nodes.get(undefined, name) || unbound.length === 0) continue;
      views.push({ name, node: undefined, shouldRun: false, shouldContinue: false, pods: unbound });
    }
    return views.length > present ? views.sort((a, b) => (a.name < b.name ? -1 : 1)) : views;
  }

  /** Nodes change all day, and their names never: sorting thousands again at every look would be most of its cost. */
  #nodesByName(): Node[] {
    const list = this.#options.nodes.list();
    const { names } = this.#order;
    const isAsBefore =
      names.length === list.length && list.every(({ metadata }, at) => metadata.name === names[at]);
    if (!isAsBefore) {
      const fresh = list.map(({ metadata }) => metadata.name ?? '');
      const places = fresh.map((_, at) => at).sort((a, b) => (fresh[a]! < fresh[b]! ? -1 : 1));
      this.#order = { names: fresh, places };
    }
    return this.#order.places.map((at) => list[at]!);
  }

  /** What is known of a node, as it is now, for the set's template, as it is now. */
  #verdictsOf(set: DaemonOwner): (node: Node) => Verdict {
    const key = `${set.metadata.namespace}/${set.metadata.name}`;
    const template = set.spec?.template ?? {};
    const text = canonicalJson(template);
    let known = this.#verdicts.get(key);
    if (known?.template !== text)
      this.#verdicts.set(key, (known = { template: text, ofNode: new WeakMap() }));
    const { ofNode } = known;
    return (node) => {
      let verdict = ofNode.get(node);
      if (!verdict) ofNode.set(node, (verdict = daemonShouldRun(template, node)));
      return verdict;
    };
  }

  /** Moves finished pods whose delay is over to those to remove; returns the shortest delay of the others. */
  takeFinished(set: DaemonOwner, plan: Plan): number | undefined {
    const { events } = this.#options.context;
    let waitMs: number | undefined;
    for (const { node, pod } of plan.finished) {
      const delayMs = this.#failedPods.take(`${set.metadata.uid}/${node}`);
      const where = `${pod.metadata.namespace}/${pod.metadata.name} on node ${node}`;
      if (delayMs > 0) {
        waitMs = Math.min(waitMs ?? Infinity, delayMs);
      } else if (pod.status?.phase === 'Failed') {
        const message = `Found failed daemon pod ${where}, will try to kill it`;
        events.record(set, { type: 'Warning', reason: 'FailedDaemonPod', message });
        plan.remove.push(pod);
      } else {
        const message = `Found succeeded daemon pod ${where}, will try to delete it`;
        events.record(set, { type: 'Normal', reason: 'SucceededDaemonPod', message });
        plan.remove.push(pod);
      }
    }
    return waitMs;
  }

  async carryOut(key: string, set: DaemonOwner, plan: Plan, options: CarryOutOptions): Promise<CarriedOut> {
    const { burst, makePod } = options;
    const creates = plan.create.slice(0, burst);
    const removes = plan.remove.slice(0, burst);
    const failures = [
      await createPods({
        expectations: this.#expectations,
        key,
        count: creates.length,
        create: (index) => this.#podControl.create(makePod(creates[index]!), set),
      }),
      await this.#remove(key, set, removes),
    ];
    const isCut = plan.create.length > burst || plan.remove.length > burst;
    return { failure: failures.find((failure) => failure !== undefined), ...(isCut ? { waitMs: 1 } : {}) };
  }

  async #remove(key: string, set: DaemonOwner, removes: readonly Pod[]): Promise<unknown> {
    this.#expectations.expectDeletions(
      key,
      removes.map(({ metadata }) => metadata.uid ?? ''),
    );
    const results = await Promise.allSettled(
      removes.map(async (pod) => {
        try {
          await this.#podControl.delete(pod, set);
        } catch (caught) {
          this.#expectations.deletionObserved(key, pod.metadata.uid ?? '');
          throw caught;
        }
      }),
    );
    return results.find((result) => result.status === 'rejected')?.reason;
  }
}

function oldestFirst(a: Pod, b: Pod): number {
  const isBound = Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName));
  if (isBound !== 0) return isBound;
  const [one, two] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  if (one !== two) return one < two ? -1 : 1;
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
}
