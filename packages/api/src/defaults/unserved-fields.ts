/**
 * Fields of pods that a server of this version keeps only with features that are off unless asked for, and there is no way
 * to ask for them here: a new object comes without them, an old one that has some keeps them.
 * https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/
 */
import type {
  Container,
  ContainerStatus,
  EphemeralContainer,
  PodSpec,
  PodStatus,
  VolumeProjection,
} from '#types.generated.ts';

type AnyContainer = Container | EphemeralContainer;

/** In place. */
export function dropUnservedPodFields(spec: PodSpec | undefined, old: PodSpec | undefined): void {
  if (!spec) return;
  if (spec.schedulingGroup && !old?.schedulingGroup) delete spec.schedulingGroup;
  for (const container of containersOf(spec)) {
    const { lifecycle } = container;
    if (lifecycle?.stopSignal === undefined || (old && containersOf(old).some(hasStopSignal))) continue;
    delete lifecycle.stopSignal;
    if (!lifecycle.postStart && !lifecycle.preStop) delete container.lifecycle;
  }
  for (const field of ['clusterTrustBundle', 'podCertificate'] as const)
    for (const source of projectionsOf(spec))
      if (source[field] && !(old && projectionsOf(old).some((each) => each[field]))) delete source[field];
}

/** The same of what is told of a pod. In place. */
export function dropUnservedPodStatus(status: PodStatus | undefined, old: PodStatus | undefined): void {
  if (!status) return;
  if (!old?.nodeAllocatableResourceClaimStatuses) delete status.nodeAllocatableResourceClaimStatuses;
  if (old && mountsOf(old).some(({ volumeStatus }) => volumeStatus?.image)) return;
  for (const mount of mountsOf(status)) if (mount.volumeStatus?.image) delete mount.volumeStatus;
}

function mountsOf(status: PodStatus): NonNullable<ContainerStatus['volumeMounts']> {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status;
  return [containerStatuses, initContainerStatuses, ephemeralContainerStatuses]
    .flatMap((list) => list ?? [])
    .flatMap(({ volumeMounts }) => volumeMounts ?? []);
}

function hasStopSignal({ lifecycle }: AnyContainer): boolean {
  return lifecycle?.stopSignal !== undefined;
}

function containersOf({ containers, initContainers, ephemeralContainers }: PodSpec): AnyContainer[] {
  return [...(initContainers ?? []), ...(containers ?? []), ...(ephemeralContainers ?? [])];
}

function projectionsOf({ volumes }: PodSpec): VolumeProjection[] {
  return (volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
}
