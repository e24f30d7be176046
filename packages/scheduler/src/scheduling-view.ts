import type { Container, ContainerStatus, KubeObject, Pod } from '@skerry/api';
import { stripManagedFields } from '@skerry/client';

/**
 * A pod without what no decision reads: environments, mounts, probes, container states, annotations. A cluster's pods are most
 * of the scheduler's memory, and this is most of a pod. Other objects only lose their managed fields.
 */
export function schedulingView<T extends KubeObject>(object: T): T {
  return object.kind === 'Pod'
    ? (podView(object as KubeObject as Pod) as KubeObject as T)
    : stripManagedFields(object);
}

function podView({ apiVersion, kind, metadata, spec, status }: Pod): Pod {
  const { annotations: _annotations, managedFields: _managedFields, ...kept } = metadata;
  return {
    apiVersion,
    kind,
    metadata: kept,
    spec: spec && {
      ...spec,
      containers: spec.containers.map(containerView),
      initContainers: spec.initContainers?.map(containerView),
      ephemeralContainers: undefined,
    },
    status: status && {
      phase: status.phase,
      conditions: status.conditions,
      nominatedNodeName: status.nominatedNodeName,
      startTime: status.startTime,
      ...heldBy(status.containerStatuses, 'containerStatuses'),
      ...heldBy(status.initContainerStatuses, 'initContainerStatuses'),
    },
  };
}

/** What a container holds counts while it is resized; of its state nothing does, and most hold what they ask for. */
function heldBy(
  statuses: readonly ContainerStatus[] | undefined,
  key: 'containerStatuses' | 'initContainerStatuses',
): Partial<Record<typeof key, ContainerStatus[]>> {
  const holding = statuses?.filter(({ allocatedResources, resources }) => allocatedResources ?? resources);
  if (!holding?.length) return {};
  const kept = holding.map(({ name, allocatedResources, resources }) => ({
    name,
    ...(allocatedResources ? { allocatedResources } : {}),
    ...(resources?.requests ? { resources: { requests: resources.requests } } : {}),
  }));
  return { [key]: kept as ContainerStatus[] };
}

function containerView({ name, image, ports, resources, restartPolicy }: Container): Container {
  return { name, image, ports, resources, restartPolicy };
}
