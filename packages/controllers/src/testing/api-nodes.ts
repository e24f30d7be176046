/** Plays nodes against a real API server: bound pods run, those of Jobs succeed, those on their way out go. */
import { isApiError } from '@skerry/api';
import type { Pod } from '@skerry/api';
import { sleep, type Clock } from '@skerry/base';
import { resources, type ApiClient } from '@skerry/client';
import { atOnce } from '#runtime/batch.ts';
import { controllerOf } from '#runtime/ownership.ts';
import { isFinished, isReady } from '#runtime/pods.ts';
import { timestamp } from '#runtime/status.ts';

const roundMsDefault = 20;
const parallel = 40;

export class ApiNodes {
  /** Pods that have succeeded, ever; by uid, with the index of their Job where there is one. */
  readonly succeeded = new Map<string, string | undefined>();
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #roundMs: number;

  constructor(parts: { readonly client: ApiClient; readonly clock: Clock; readonly roundMs?: number }) {
    this.#client = parts.client;
    this.#clock = parts.clock;
    this.#roundMs = parts.roundMs ?? roundMsDefault;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { items } = await this.#client.resource<Pod>(resources.pods).list();
      // As many as one client may well ask at a time.
      await atOnce(parallel, items, (pod) =>
        this.#step(pod).catch((error: unknown) => {
          if (!isApiError(error, 'NotFound') && !isApiError(error, 'Conflict')) throw error;
        }),
      );
      await sleep(this.#clock, this.#roundMs, signal).catch(() => undefined);
    }
  }

  async #step(pod: Pod): Promise<void> {
    const pods = this.#client.resource<Pod>(resources.pods);
    const { name = '', namespace, uid = '', deletionTimestamp } = pod.metadata;
    if (deletionTimestamp) {
      await pods.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
      return;
    }
    if (!pod.spec?.nodeName || isFinished(pod)) return;
    if (!isReady(pod)) return this.#setStatus(pod, 'Running');
    if (controllerOf(pod)?.kind !== 'Job') return;
    await this.#setStatus(pod, 'Succeeded');
    this.succeeded.set(uid, pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index']);
  }

  async #setStatus(pod: Pod, phase: 'Running' | 'Succeeded'): Promise<void> {
    const now = timestamp(this.#clock.now());
    const ready = {
      type: 'Ready',
      status: phase === 'Running' ? 'True' : 'False',
      lastTransitionTime: now,
    };
    const { resourceVersion, uid } = pod.metadata;
    const patch = {
      metadata: { resourceVersion, uid },
      status: {
        phase,
        startTime: pod.status?.startTime ?? now,
        conditions: [ready, ...(pod.status?.conditions ?? []).filter(({ type }) => type !== 'Ready')],
      },
    };
    const at = { namespace: pod.metadata.namespace, subresource: 'status', type: 'merge' } as const;
    await this.#client.resource<Pod>(resources.pods).patch(pod.metadata.name ?? '', patch, at);
  }
}
