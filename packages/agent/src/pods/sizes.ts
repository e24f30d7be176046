/**
 * Sizes of containers, CPU and memory, in three forms: what the pod's spec asks for, what this node has taken on, and what
 * the kernel was last told. They differ only while a running pod is resized.
 * https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
 */
import { resourceAmount, type Container, type Pod, type ResourceRequirements } from '@skerry/api';
import { allContainers, isSidecar, mainContainers } from '#pods/labels.ts';
import type { ContainerResources } from '#runtime.ts';

/** By container name. */
export type Sizes = ReadonlyMap<string, ResourceRequirements>;

export type ResizeStep =
  /** The kernel is told. */
  | 'update'
  /** The container wants to be made anew for this. */
  | 'restart';

const parts = [
  ['requests', 'cpu'],
  ['limits', 'cpu'],
  ['requests', 'memory'],
  ['limits', 'memory'],
] as const;

/** The containers of a pod whose sizes may change while they run; those that only initialize may not. */
function resizableContainers(pod: Pod): readonly Container[] {
  return allContainers(pod).filter(
    (container) => isSidecar(container) || mainContainers(pod).includes(container),
  );
}

export function sizesOf(pod: Pod): Sizes {
  return new Map(resizableContainers(pod).map(({ name, resources = {} }) => [name, resources]));
}

/** What a former agent said that it has taken on; what the spec asks for where it said nothing. */
export function reportedSizes(pod: Pod): Sizes {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const said = [...containerStatuses, ...initContainerStatuses];
  return new Map(
    [...sizesOf(pod)].map(([name, asked]) => {
      const status = said.find((other) => other.name === name);
      if (!status?.resources) return [name, asked];
      return [name, { ...asked, ...status.resources, ...requestsOf(status.allocatedResources) }];
    }),
  );
}

function requestsOf(requests: ResourceRequirements['requests']): Pick<ResourceRequirements, 'requests'> {
  return requests ? { requests } : {};
}

/** The pod with these sizes in place of its own; itself where they say the same. */
export function withSizes(pod: Pod, sizes: Sizes): Pod {
  if (!differ(sizesOf(pod), sizes)) return pod;
  const sized = (container: Container): Container => {
    const resources = sizes.get(container.name);
    return resources ? { ...container, resources } : container;
  };
  const { initContainers, containers = [] } = pod.spec ?? {};
  return {
    ...pod,
    spec: {
      ...pod.spec,
      containers: containers.map(sized),
      ...(initContainers ? { initContainers: initContainers.map(sized) } : {}),
    },
  };
}

/** Whether a container has another size in one than in the other. */
export function differ(a: Sizes, b: Sizes): boolean {
  return [...a].some(([name, size]) => !sameSize(size, b.get(name)));
}

export function sameSize(a: ResourceRequirements | undefined, b: ResourceRequirements | undefined): boolean {
  return parts.every(([list, name]) => amount(a, list, name) === amount(b, list, name));
}

/** What brings a running container from one size to the other; undefined where nothing has to. */
export function resizeStep(
  container: Container,
  from: ResourceRequirements,
  to: ResourceRequirements,
): ResizeStep | undefined {
  const changed = parts.filter(([list, name]) => amount(from, list, name) !== amount(to, list, name));
  if (changed.length === 0) return undefined;
  const restarts = (container.resizePolicy ?? []).filter(
    ({ restartPolicy }) => restartPolicy === 'RestartContainer',
  );
  const isRestart = changed.some(([, name]) => restarts.some(({ resourceName }) => resourceName === name));
  return isRestart ? 'restart' : 'update';
}

/** Undefined where it has no limit. */
export function memoryLimit(size: ResourceRequirements | undefined): number | undefined {
  return amount(size, 'limits', 'memory');
}

/** Limits under which both fit: what a pod's group has while its containers go from one to the other. */
export function largerOf(a: ContainerResources, b: ContainerResources): ContainerResources {
  const larger = (name: 'cpuShares' | 'cpuQuota' | 'memoryLimitBytes') => {
    const [one, other] = [a[name], b[name]];
    return one === undefined || other === undefined ? {} : { [name]: Math.max(one, other) };
  };
  const quota = larger('cpuQuota');
  return {
    ...larger('cpuShares'),
    ...quota,
    ...('cpuQuota' in quota ? { cpuPeriod: a.cpuPeriod ?? b.cpuPeriod } : {}),
    ...larger('memoryLimitBytes'),
  };
}

function amount(
  size: ResourceRequirements | undefined,
  list: 'requests' | 'limits',
  name: 'cpu' | 'memory',
): number | undefined {
  const text = size?.[list]?.[name];
  return text === undefined ? undefined : resourceAmount(name, text);
}
