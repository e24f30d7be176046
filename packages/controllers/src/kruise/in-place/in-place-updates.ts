/**
 * Updates of pods in place: the pod keeps its name, address and sandbox, and its node restarts the containers whose image
 * changes. A readiness gate keeps the pod out of traffic from before the change until the new containers run.
 *
 * Controllers see little of a pod, and perhaps an old state of it, so each step reads the pod itself first; a step that
 * another writer came before is done again, or left to the next look.
 * https://openkruise.io/docs/core-concepts/inplace-update
 */
import { isApiError } from '@skerry/api';
import type { Pod } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { resources } from '@skerry/client';
import type { ApiClient, ResourceClient } from '@skerry/client';
import { revisionHashLabel } from '#runtime/revision-history.ts';
import type { InPlaceChange } from '#kruise/in-place/in-place-change.ts';
import {
  hasInPlaceGate,
  inPlaceCondition,
  inPlaceGate,
  inPlaceStateOf,
  newState,
  progressOf,
  withNextBatch,
} from '#kruise/in-place/in-place-state.ts';
import { timestamp } from '#runtime/status.ts';

const triesMax = 5;

export class InPlaceUpdates {
  readonly #pods: ResourceClient<Pod>;
  readonly #clock: Clock;

  constructor({ client, clock }: { readonly client: ApiClient; readonly clock: Clock }) {
    this.#pods = client.resource<Pod>(resources.pods);
    this.#clock = clock;
  }

  /** Begins to update; answers the pod as it is then, or nothing where it has gone. */
  async begin(
    pod: Pod,
    { change, hash }: { readonly change: InPlaceChange; readonly hash: string },
  ): Promise<Pod | undefined> {
    const nowMs = this.#clock.now();
    await this.#setCondition(pod, { status: 'False', reason: 'StartInPlaceUpdate' });
    return this.#change(pod, (fresh) => {
      const state = newState(fresh, { revision: hash, change, nowMs });
      const next = withNextBatch(fresh, { images: change.images, state, nowMs });
      next.metadata.labels = merged(next.metadata.labels, change.labels);
      next.metadata.labels[revisionHashLabel] = hash;
      next.metadata.annotations = merged(next.metadata.annotations, change.annotations);
      return next;
    });
  }

  /** Whether there is anything to look after; as well as it can be told from what controllers see of a pod. */
  concerns(pod: Pod): boolean {
    if (pod.metadata.deletionTimestamp) return false;
    if (hasInPlaceGate(pod) && inPlaceCondition(pod)?.status !== 'True') return true;
    return Object.keys(inPlaceStateOf(pod)?.nextContainerImages ?? {}).length > 0;
  }

  /** Brings a pod on: opens its gate when it is done, or changes its next containers. Answers it where it was changed. */
  async refresh(pod: Pod): Promise<Pod | undefined> {
    const fresh = inPlaceStateOf(pod) ? await this.#read(pod) : pod;
    if (!fresh) return undefined;
    const progress = progressOf(fresh);
    if (progress.type === 'waiting') return undefined;
    if (progress.type === 'done') return this.#setCondition(fresh, { status: 'True' });
    const nowMs = this.#clock.now();
    return this.#change(fresh, (latest) => {
      const state = inPlaceStateOf(latest);
      return state && withNextBatch(latest, { images: progress.images, state, nowMs });
    });
  }

  async #read({ metadata }: Pod): Promise<Pod | undefined> {
    const { name = '', namespace, uid } = metadata;
    const fresh = await this.#pods.get(name, { namespace }).catch(ignoreNotFound);
    return fresh?.metadata.uid === uid ? fresh : undefined;
  }

  async #change(pod: Pod, change: (fresh: Pod) => Pod | undefined): Promise<Pod | undefined> {
    const { namespace } = pod.metadata;
    for (let tries = 1; ; tries++) {
      const fresh = await this.#read(pod);
      const next = fresh && change(fresh);
      if (!next) return undefined;
      try {
        return await this.#pods.update(next, { namespace });
      } catch (error) {
        if (isApiError(error, 'NotFound')) return undefined;
        if (!isApiError(error, 'Conflict') || tries === triesMax) throw error;
      }
    }
  }

  /** Ready goes with the gate at once; when it comes back the node says. */
  async #setCondition(
    pod: Pod,
    given: { readonly status: 'True' | 'False'; readonly reason?: string },
  ): Promise<Pod | undefined> {
    if (!hasInPlaceGate(pod)) return undefined;
    const { name = '', namespace, uid } = pod.metadata;
    const lastTransitionTime = timestamp(this.#clock.now());
    // What is not said anew would stay.
    const condition = { type: inPlaceGate, reason: null, message: null, lastTransitionTime, ...given };
    const notReady = { type: 'Ready', status: 'False', lastTransitionTime };
    const conditions = given.status === 'True' ? [condition] : [condition, notReady];
    return this.#pods
      .patch(
        name,
        { metadata: { uid }, status: { conditions } },
        { type: 'strategic', namespace, subresource: 'status' },
      )
      .catch(ignoreNotFound);
  }
}

function merged(
  map: Readonly<Record<string, string>> | undefined,
  change: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const result = { ...map };
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete result[key];
    else result[key] = value;
  }
  return result;
}

function ignoreNotFound(error: unknown): undefined {
  if (!isApiError(error, 'NotFound')) throw error;
  return undefined;
}
