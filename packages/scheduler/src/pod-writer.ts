import type { Pod, PodCondition } from '@skerry/api';
import { isApiError, timeText } from '@skerry/api';
import type { Clock } from '@skerry/base';
import type { ApiClient, EventRecorder, ResourceClient } from '@skerry/client';
import { resources } from '@skerry/client';

export interface PodFailure {
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  /** The node that preemption clears for the pod; null takes an earlier one back, undefined leaves it. */
  readonly nominatedNodeName?: string | null;
}

/** All that the scheduler writes: bindings, the `PodScheduled` condition, and victims' ends. */
export class PodWriter {
  readonly #pods: ResourceClient<Pod>;
  readonly #clock: Clock;
  readonly #events: EventRecorder;
  readonly #schedulerName: string;

  constructor({
    client,
    clock,
    events,
    schedulerName,
  }: {
    client: ApiClient;
    clock: Clock;
    events: EventRecorder;
    schedulerName: string;
  }) {
    this.#pods = client.resource<Pod>(resources.pods);
    this.#clock = clock;
    this.#events = events;
    this.#schedulerName = schedulerName;
  }

  /** @throws ApiError, TransportError */
  async bind({ metadata }: Pod, node: string): Promise<void> {
    const { name = '', namespace, uid } = metadata;
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    };
    await this.#pods.createSubresource(name, 'binding', binding, { namespace });
  }

  /** Writes the condition, unless the pod says the same already. A pod that is gone needs none. */
  async reportFailure(pod: Pod, { reason, message, nominatedNodeName }: PodFailure): Promise<void> {
    const { generation } = pod.metadata;
    const condition = {
      type: 'PodScheduled',
      observedGeneration: generation,
      status: 'False',
      reason,
      message,
    };
    const held = pod.status?.conditions?.find(({ type }) => type === condition.type);
    const sameNode =
      nominatedNodeName === undefined || (nominatedNodeName ?? '') === (pod.status?.nominatedNodeName ?? '');
    const same = held?.status === 'False' && held.reason === reason && held.message === message;
    if (same && sameNode) return;
    await this.#patchStatus(pod, {
      conditions: [this.#changed(held, condition)],
      ...(sameNode ? {} : { nominatedNodeName }),
    });
  }

  async clearNomination(pod: Pod): Promise<void> {
    if (pod.status?.nominatedNodeName) await this.#patchStatus(pod, { nominatedNodeName: null });
  }

  /** Tells the victim why, then deletes it with its own grace. A victim that is gone already is fine. */
  async evict(victim: Pod, { preemptor, node }: { preemptor: Pod; node: string }): Promise<void> {
    const { name = '', namespace, uid } = victim.metadata;
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: `${this.#schedulerName}: preempting to accommodate a higher priority pod`,
    };
    const held = victim.status?.conditions?.find(({ type }) => type === condition.type);
    await this.#patchStatus(victim, { conditions: [this.#changed(held, condition)] });
    try {
      await this.#pods.delete(name, { namespace, preconditions: uid ? { uid } : undefined });
    } catch (error) {
      if (isApiError(error, 'NotFound') || isApiError(error, 'Conflict')) return;
      throw error;
    }
    this.#events.record(victim, {
      type: 'Normal',
      reason: 'Preempted',
      action: 'Preempting',
      message: `Preempted by pod ${preemptor.metadata.uid} on node ${node}`,
    });
  }

  #changed(held: PodCondition | undefined, condition: PodCondition): PodCondition {
    const now = timeText(this.#clock.now());
    const lastTransitionTime = held?.status === condition.status ? (held.lastTransitionTime ?? now) : now;
    return { ...condition, lastTransitionTime };
  }

  async #patchStatus({ metadata }: Pod, status: object): Promise<void> {
    const { name = '', namespace, uid } = metadata;
    try {
      const patch = { metadata: { uid }, status };
      await this.#pods.patch(name, patch, { type: 'strategic', subresource: 'status', namespace });
    } catch (error) {
      // Gone, or another pod under the same name.
      if (!isApiError(error, 'NotFound') && !isApiError(error, 'Conflict')) throw error;
    }
  }
}
