/** Plays scheduler and kubelets on either cluster, in the same few words: what becomes of a pod is told by its image. */
import { isApiError, type Pod } from '@skerry/api';
import { sleep, systemClock } from '@skerry/base';
import { type ApiClient, resources } from '@skerry/client';
import { type Fate, schedulerName } from './sequence.ts';

const roundMs = 60;
export const nodeNames = ['n1', 'n2', 'n3'];

export class Player {
  readonly #client: ApiClient;
  /** By namespace and image. */
  readonly #fates = new Map<string, Fate>();

  constructor(client: ApiClient) {
    this.#client = client;
  }

  turn(namespace: string, image: string, fate: Fate): void {
    this.#fates.set(`${namespace}/${image}`, fate);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { items } = await this.#client.resource<Pod>(resources.pods).list();
      await Promise.all(
        items.map((pod) =>
          this.#step(pod).catch((error: unknown) => {
            const passes = ['NotFound', 'Conflict', 'Invalid'] as const;
            if (!passes.some((reason) => isApiError(error, reason))) throw error;
          }),
        ),
      );
      await sleep(systemClock, roundMs, signal).catch(() => undefined);
    }
  }

  async #step(pod: Pod): Promise<void> {
    const { name = '', namespace = '', uid = '', deletionTimestamp } = pod.metadata;
    const pods = this.#client.resource<Pod>(resources.pods);
    const image = pod.spec?.containers[0]?.image ?? '';
    const fate = this.#fates.get(`${namespace}/${image}`) ?? (image.split(':')[0] as Fate);
    if (fate === 'forgotten') return;
    if (deletionTimestamp) {
      await pods.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
      return;
    }
    if (fate === 'unbound') return;
    if (!pod.spec?.nodeName) return pod.spec?.schedulerName === schedulerName ? undefined : this.#bind(pod);
    const { phase = 'Pending' } = pod.status ?? {};
    if (phase === 'Succeeded' || phase === 'Failed' || fate === 'waits') return;
    const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    if (fate === 'runs' && !isReady) return this.#setStatus(pod, { phase: 'Running', ready: true });
    if (phase === 'Pending') return this.#setStatus(pod, { phase: 'Running', ready: fate !== 'starts' });
    if (fate === 'succeeds') return this.#setStatus(pod, { phase: 'Succeeded', exitCode: 0 });
    if (fate === 'fails') return this.#setStatus(pod, { phase: 'Failed', exitCode: 1 });
    if (fate === 'breaks') return this.#setStatus(pod, { phase: 'Failed', exitCode: 42 });
  }

  async #bind({ metadata, spec }: Pod): Promise<void> {
    const { name = '', namespace } = metadata;
    const terms =
      spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    const node = terms?.[0]?.matchFields?.[0]?.values?.[0] ?? nodeNames[0];
    const binding = { metadata: { name }, target: { apiVersion: 'v1', kind: 'Node', name: node } };
    await this.#client.resource(resources.pods).createSubresource(name, 'binding', binding, { namespace });
  }

  async #setStatus(
    pod: Pod,
    { phase, ready = false, exitCode }: { phase: string; ready?: boolean; exitCode?: number },
  ): Promise<void> {
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const { name = '', namespace, uid, resourceVersion } = pod.metadata;
    const status = (isTrue: boolean) => (isTrue ? 'True' : 'False');
    const containerStatuses = (pod.spec?.containers ?? []).map((container) => ({
      name: container.name,
      image: container.image,
      imageID: container.image,
      ready,
      started: ready,
      restartCount: 0,
      state:
        exitCode === undefined
          ? { running: { startedAt: now } }
          : {
              terminated: {
                exitCode,
                reason: exitCode === 0 ? 'Completed' : 'Error',
                startedAt: now,
                finishedAt: now,
              },
            },
    }));
    const conditions = [
      ...(pod.status?.conditions ?? []).filter(({ type }) => type !== 'Ready'),
      { type: 'Ready', status: status(ready), lastTransitionTime: now },
    ];
    const patch = {
      metadata: { uid, resourceVersion },
      status: { phase, startTime: pod.status?.startTime ?? now, conditions, containerStatuses },
    };
    const at = { namespace, subresource: 'status', type: 'merge' } as const;
    await this.#client.resource<Pod>(resources.pods).patch(name, patch, at);
  }
}
