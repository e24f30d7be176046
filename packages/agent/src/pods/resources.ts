/**
 * From requests and limits to what the kernel is told.
 * https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
 */
import {
  parseQuantity,
  podRequests,
  quantityMilliValue,
  quantityValue,
  resourceAmounts,
  type Container,
  type Pod,
  type PodSpec,
  type ResourceAmounts,
} from '@skerry/api';
import { allContainers } from '#pods/labels.ts';
import type { ContainerResources } from '#runtime.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const qosResources = ['cpu', 'memory'] as const;

export function qosClass(pod: Pod): QosClass {
  const units = pod.spec?.resources ? [pod.spec] : allContainers(pod);
  let some = false;
  let guaranteed = true;
  for (const { resources } of units) {
    for (const name of qosResources) {
      const limit = milli(resources?.limits?.[name]);
      const request = milli(resources?.requests?.[name]) ?? limit;
      if (limit || request) some = true;
      if (!limit || limit !== request) guaranteed = false;
    }
  }
  if (!some) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function milli(quantity: string | undefined): number | undefined {
  return quantity === undefined ? undefined : quantityMilliValue(parseQuantity(quantity));
}

const cpuPeriod = 100_000;
const cpuSharesMin = 2;
const cpuQuotaMin = 1_000;

export function cpuShares(milliCpu: number): number {
  return Math.max(cpuSharesMin, Math.floor((milliCpu * 1024) / 1000));
}

export function cpuQuota(milliCpu: number): number {
  return Math.max(cpuQuotaMin, Math.floor((milliCpu * cpuPeriod) / 1000));
}

export function containerResources(
  pod: Pod,
  container: Container,
  { memoryCapacityBytes }: { memoryCapacityBytes: number },
): ContainerResources {
  const { limits, requests } = container.resources ?? {};
  const cpuLimit = milli(limits?.['cpu']);
  const memoryLimit = limits?.['memory'];
  return {
    cpuShares: cpuShares(milli(requests?.['cpu']) ?? cpuLimit ?? 0),
    ...(cpuLimit ? { cpuQuota: cpuQuota(cpuLimit), cpuPeriod } : {}),
    ...(memoryLimit ? { memoryLimitBytes: quantityValue(parseQuantity(memoryLimit)) } : {}),
    oomScoreAdj: oomScoreAdj(pod, container, memoryCapacityBytes),
  };
}

/** Pods that hold the node together are killed last when memory runs out, those without requests first. */
export function oomScoreAdj(pod: Pod, container: Container, memoryCapacityBytes: number): number {
  const nodeCriticalPriority = 2_000_000_000;
  if ((pod.spec?.priority ?? 0) >= nodeCriticalPriority) return -997;
  const qos = qosClass(pod);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const { limits, requests } = container.resources ?? {};
  const memory = requests?.['memory'] ?? limits?.['memory'];
  const bytes = memory ? quantityValue(parseQuantity(memory)) : 0;
  const score = Math.trunc(1000 - (1000 * bytes) / Math.max(memoryCapacityBytes, 1));
  return Math.min(Math.max(score, 3), 999);
}

/** Group of the pod, which holds the sum of what its containers may use. */
export function podCgroup(root: string, pod: Pod): string {
  const qos = qosClass(pod);
  const tier = qos === 'Guaranteed' ? '' : `/${qos.toLowerCase()}`;
  return `${root}${tier}/pod${pod.metadata.uid}`;
}

/**
 * The groups of all pods of a class. Those that ask for something have together what they ask for, so that a pod of full
 * guarantee stands to each of them as it would beside it; those that ask for nothing get, together, what the others leave.
 * As kubelet has it: https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/cm/qos_container_manager_linux.go
 */
export function qosCgroups(
  root: string,
  pods: readonly Pod[],
): { readonly path: string; readonly resources: ContainerResources }[] {
  const asked = pods
    .filter((pod) => qosClass(pod) === 'Burstable')
    .reduce((sum, { spec }) => sum + (spec ? (podRequests(spec).get('cpu') ?? 0) : 0), 0);
  return [
    { path: `${root}/burstable`, resources: { cpuShares: cpuShares(asked) } },
    { path: `${root}/besteffort`, resources: { cpuShares: cpuSharesMin } },
  ];
}

/** Limits hold for the group only where each container has one, or the pod as a whole. */
export function podCgroupResources({ spec }: Pod): ContainerResources {
  if (!spec) return { cpuShares: cpuSharesMin };
  const limits = podLimits(spec);
  const cpuLimit = limits.get('cpu');
  const memoryLimit = limits.get('memory');
  return {
    cpuShares: cpuShares(podRequests(spec, requestsOrLimits).get('cpu') ?? 0),
    ...(cpuLimit ? { cpuQuota: cpuQuota(cpuLimit), cpuPeriod } : {}),
    ...(memoryLimit ? { memoryLimitBytes: memoryLimit } : {}),
  };
}

function requestsOrLimits({ resources }: Container): ResourceAmounts {
  return resourceAmounts({ ...resources?.limits, ...resources?.requests });
}

function podLimits(spec: PodSpec): ResourceAmounts {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const limitsOf = ({ resources }: Container) => resourceAmounts(resources?.limits);
  const together = podRequests({ ...spec, resources: undefined }, limitsOf);
  const everywhere = [...together].filter(([name]) => containers.every((each) => limitsOf(each).get(name)));
  return new Map([...everywhere, ...resourceAmounts(spec.resources?.limits)]);
}
