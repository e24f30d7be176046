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
import { createPods } from '#runtime/create-pods.ts';
import { Expectations } from '#runtime/expectations.ts';
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

export class DaemonPods {
  readonly #options: DaemonPodsOptions;
  readonly #expectations: Expectations;
  readonly #failedPods: FailedPodDelay;
  readonly #podControl: PodControl;

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
  }

  /** Key of the set that a pod belongs to. */
  keyOf(pod: Pod): string | undefined {
    const { ref } = this.#options;
    const owner = controllerOf(pod);
    const isOurs = owner?.kind === ref.kind && owner.apiVersion.split('/')[0] === ref.group;
    return isOurs ? `${pod.metadata.namespace}/${owner.name}` : undefined;
  }

  /** Brings the set of a pod that changes into the queue. */
  handler(queue: WorkQueue): InformerHandler<Pod> {
    const look = (pod: Pod, note: (key: string) => void) => {
      const key = this.keyOf(pod);
      if (!key) return;
      note(key);
      queue.add(key);
    };
    return {
      onAdd: (pod) => look(pod, (key) => this.#expectations.creationObserved(key)),
      onUpdate: (pod) =>
        look(pod, (key) => {
          if (!pod.metadata.deletionTimestamp) return;
          this.#expectations.deletionObserved(key, pod.metadata.uid ?? '');
        }),
      onDelete: (pod) => look(pod, (key) => this.#expectations.deletionObserved(key, pod.metadata.uid ?? '')),
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
      if (node) byNode.set(node, [...(byNode.get(node) ?? []), pod]);
    }
    for (const list of byNode.values()) list.sort(oldestFirst);
    const views: NodeView[] = nodes.list().map((node) => {
      const name = node.metadata.name ?? '';
      const { shouldRun, shouldContinueRunning } = daemonShouldRun(set.spec?.template ?? {}, node);
      return { name, node, shouldRun, shouldContinue: shouldContinueRunning, pods: byNode.get(name) ?? [] };
    });
    for (const [name, list] of byNode) {
      // Pods of a node that has gone are the pod garbage collector's, once bound.
      const unbound = list.filter(({ spec }) => !spec?.nodeName);
      if (nodes.get(undefined, name) || unbound.length === 0) continue;
      views.push({ name, node: undefined, shouldRun: false, shouldContinue: false, pods: unbound });
    }
    return views.sort((a, b) => (a.name < b.name ? -1 : 1));
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
