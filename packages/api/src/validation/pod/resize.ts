/** Changing the resources of a pod that runs: cpu and memory of its containers, and of the pod as a whole. */
import { podQosClass } from '#pod-qos.ts';
import type { FieldError } from '#status.ts';
import type { Container, Pod, PodSpec, ResourceRequirements } from '#types.generated.ts';
import { forbiddenField, invalidValue, sameJson } from '#validation/faults.ts';
import { mirrorAnnotation } from '#validation/pod/annotations.ts';
import { checkWholePod, specOf } from '#validation/pod/pod.ts';

type Amounts = Record<string, string>;

export function validatePodResize(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[mirrorAnnotation] !== undefined)
    return [forbiddenField('', 'static pods cannot be resized')];
  if (old.spec?.os?.name === 'windows') return [forbiddenField('', 'windows pods cannot be resized')];
  const faults: FieldError[] = [];
  const next = specOf(pod);
  const before = specOf(old);
  checkWholePod(faults, pod, old);
  if ((old.status?.qosClass ?? podQosClass(before)) !== podQosClass(next))
    faults.push(
      invalidValue(
        'spec',
        pod.status?.qosClass ?? '',
        'Pod QOS Class may not change as a result of resizing',
      ),
    );
  if (!isSupported(old))
    faults.push(forbiddenField('spec', 'Pod running on node without support for resize'));
  const masked: PodSpec = { ...next };
  if (hasResources(before) || hasResources(next)) checkPodLevel(faults, masked, next, before);
  if (old.status?.nodeAllocatableResourceClaimStatuses?.length)
    faults.push(forbiddenField('spec', 'pods with node allocatable resource claims cannot be resized'));
  if (!checkSameContainers(faults, next, before)) return faults;
  checkNoneRemoved(faults, next, before);
  checkOnlyResources(faults, masked, next, before);
  if (faults.length === 0 && !sameJson(masked, before))
    faults.push(forbiddenField('spec', 'only cpu and memory resources are mutable'));
  return faults;
}

/** A node that reports what its containers have can change it. */
function isSupported({ status }: Pod): boolean {
  const running = status?.containerStatuses?.find(({ state }) => state?.running);
  return !running || running.resources !== undefined;
}

function hasResources({ resources }: PodSpec): boolean {
  return Object.keys({ ...resources?.requests, ...resources?.limits }).length > 0;
}

function checkPodLevel(faults: FieldError[], masked: PodSpec, next: PodSpec, before: PodSpec): void {
  if (before.resources && !next.resources) {
    faults.push(forbiddenField('spec.resources', 'pod-level resources cannot be removed'));
    return;
  }
  if (before.resources) {
    if (isAnyRemoved(next.resources?.requests, before.resources.requests))
      faults.push(forbiddenField('spec.resources.requests', 'pod-level resource requests cannot be removed'));
    if (isAnyRemoved(next.resources?.limits, before.resources.limits))
      faults.push(forbiddenField('spec.resources.limits', 'pod-level resource limits cannot be removed'));
  }
  masked.resources = withComputeOf(next.resources, before.resources);
  if (!before.resources && !hasResources(masked) && !masked.resources?.claims?.length)
    delete masked.resources;
  if (!sameJson(masked.resources, before.resources))
    faults.push(forbiddenField('spec', 'only cpu and memory resources are mutable at pod-level'));
}

function isAnyRemoved(next: Amounts = {}, before: Amounts = {}): boolean {
  return Object.keys(before).some((name) => next[name] === undefined);
}

/** `resources` with the cpu and memory of `before`. */
function withComputeOf(
  resources: ResourceRequirements | undefined,
  before: ResourceRequirements | undefined,
): ResourceRequirements {
  return {
    ...resources,
    requests: computeOf(resources?.requests, before?.requests),
    limits: computeOf(resources?.limits, before?.limits),
  };
}

function computeOf(amounts: Amounts | undefined, before: Amounts | undefined): Amounts | undefined {
  const { cpu: _cpu, memory: _memory, ...rest } = amounts ?? {};
  const kept: Amounts = { ...rest };
  for (const name of ['cpu', 'memory']) {
    const amount = before?.[name];
    if (amount !== undefined) kept[name] = amount;
  }
  return Object.keys(kept).length > 0 ? kept : undefined;
}

function checkSameContainers(faults: FieldError[], next: PodSpec, before: PodSpec): boolean {
  const sound = faults.length;
  for (const list of ['containers', 'initContainers'] as const) {
    const now = next[list] ?? [];
    const then = before[list] ?? [];
    if (now.length !== then.length)
      faults.push(forbiddenField(`spec.${list}`, `${list} may not be added or removed on resize`));
    else
      for (const [index, { name }] of then.entries())
        if (now[index]?.name !== name)
          faults.push(
            forbiddenField(
              `spec.${list}[${index}].name`,
              `${list} may not be renamed or reordered on resize`,
            ),
          );
  }
  return faults.length === sound;
}

function checkNoneRemoved(faults: FieldError[], next: PodSpec, before: PodSpec): void {
  for (const list of ['initContainers', 'containers'] as const)
    for (const [index, { resources }] of (before[list] ?? []).entries()) {
      const now = next[list]?.[index]?.resources;
      const at = `spec.${list}[${index}].resources`;
      if (isAnyRemoved(now?.requests, resources?.requests))
        faults.push(forbiddenField(`${at}.requests`, 'resource requests cannot be removed'));
      if (isAnyRemoved(now?.limits, resources?.limits))
        faults.push(forbiddenField(`${at}.limits`, 'resource limits cannot be removed'));
    }
}

function checkOnlyResources(faults: FieldError[], masked: PodSpec, next: PodSpec, before: PodSpec): void {
  masked.containers = (next.containers ?? []).map((container, index) => {
    const old = before.containers[index];
    const rest = withOldCompute(container, old);
    if (!sameJson(rest, old))
      faults.push(forbiddenField('spec', 'only cpu and memory resources are mutable'));
    return rest;
  });
  masked.initContainers = next.initContainers?.map((container, index) => {
    const old = before.initContainers?.[index];
    const rest = withOldCompute(container, old);
    const at = `spec.initContainers[${index}]`;
    if (!sameJson(rest, old))
      faults.push(
        forbiddenField(at, 'only cpu and memory resources for init or sidecar containers are mutable'),
      );
    const restarts = container.resizePolicy?.some(
      ({ restartPolicy }) => restartPolicy === 'RestartContainer',
    );
    if (restarts && container.restartPolicy !== 'Always' && !sameJson(container, old))
      faults.push(
        forbiddenField(
          at,
          'non-sidecar init containers with a resize policy of RestartContainer cannot be resized',
        ),
      );
    return rest;
  });
}

function withOldCompute(container: Container, old: Container | undefined): Container {
  const { requests, limits } = withComputeOf(container.resources, old?.resources);
  return { ...container, resources: { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) } };
}
