import { compareQuantities, isQuantity, parseQuantity, zeroQuantity } from '#quantity.ts';
import type { Container, PodSpec } from '#types.generated.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const resources = ['cpu', 'memory'] as const;

/**
 * The quality-of-service class of a pod: guaranteed when every container limits cpu and memory and asks for just as much,
 * best effort when none says anything about either.
 * Rules: https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
 */
export function podQosClass(spec: PodSpec | undefined): QosClass {
  // Resources of the whole pod, where given, decide alone.
  const pod = spec?.resources;
  const subjects: readonly Pick<Container, 'resources'>[] =
    pod && (pod.limits || pod.requests)
      ? [{ resources: pod }]
      : [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  let asked = false;
  let guaranteed = subjects.length > 0;
  for (const { resources: own } of subjects)
    for (const name of resources) {
      const limit = positive(own?.limits?.[name]);
      const request = positive(own?.requests?.[name]);
      if (limit || request) asked = true;
      if (!limit || (request && compareQuantities(limit, request) !== 0)) guaranteed = false;
    }
  if (!asked) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function positive(text: string | undefined): ReturnType<typeof parseQuantity> | undefined {
  if (text === undefined) return undefined;
  if (!isQuantity(text)) return undefined;
  const quantity = parseQuantity(text);
  return compareQuantities(quantity, zeroQuantity) > 0 ? quantity : undefined;
}
