/**
 * When what changed the endpoints of a Service happened: the oldest of what is new since it was last looked at. Slices carry it, and
 * proxies measure by it how long a change takes to reach the kernel.
 * https://kubernetes.io/docs/reference/labels-annotations-taints/#endpoints-kubernetes-io-last-change-trigger-time
 */
import type { Pod, Service } from '@skerry/api';
import { keyOf } from '@skerry/client';

export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

interface Seen {
  readonly service: string;
  /** By pod, when it last became Ready or ceased to be. */
  readonly pods: ReadonlyMap<string, string>;
}

export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /** Undefined where nothing that has a time is new. */
  observe(service: Service, pods: readonly Pod[]): string | undefined {
    const key = keyOf(service);
    const before = this.#seen.get(key);
    const now: Seen = {
      service: service.metadata.creationTimestamp ?? '',
      pods: new Map(pods.map((pod) => [pod.metadata.name ?? '', readyTimeOf(pod)])),
    };
    this.#seen.set(key, now);
    // Times are all in one form, so that their order is that of their texts.
    const fresh = [...now.pods]
      .filter(([name, time]) => time > (before?.pods.get(name) ?? before?.service ?? ''))
      .map(([, time]) => time);
    if (now.service > (before?.service ?? '')) fresh.push(now.service);
    return fresh.sort()[0];
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}

function readyTimeOf({ status }: Pod): string {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '';
}
