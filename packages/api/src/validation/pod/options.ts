/**
 * What an object that is changed may keep although a new one may not have it: rules that came later than the object do
 * not hold against what it already has. Looked up only when a strict reading finds faults, so sound objects don't pay.
 */
import { labelKeyFaults, labelValueFaults, type LabelSelectorObject } from '#selector.ts';
import type { ObjectMeta } from '#object.ts';
import type { Container, PodAffinityTerm, PodSpec } from '#types.generated.ts';
import { isHugePages, isWholePages } from '#validation/resources.ts';

export interface PodOptions {
  /** Whether it is a pod itself and not a template. */
  readonly isPod?: boolean;
  readonly partialPages?: boolean;
  readonly anyAffinityValues?: boolean;
  readonly anyNodeAffinityValues?: boolean;
  readonly anySpreadSelector?: boolean;
  readonly anyTokenPath?: boolean;
  readonly anyHostSysctls?: boolean;
  readonly anyDeletionCost?: boolean;
  readonly devicesInUserNamespace?: boolean;
  readonly restartOnResize?: boolean;
  readonly comparingTolerations?: boolean;
  readonly mountOptionPolicy?: boolean;
  readonly hostNetworkInUserNamespace?: boolean;
}

export const strict: PodOptions = {};

/** Of a changed object, by what it was. */
export function leniencyOf(
  old: PodSpec,
  meta: ObjectMeta | undefined,
  { isPod = false }: PodOptions,
): PodOptions {
  const context = old.securityContext;
  return {
    isPod,
    partialPages: containersOf(old).some(usesPartialPages),
    anyAffinityValues: affinityTerms(old).some(
      ({ labelSelector, namespaceSelector }) =>
        hasOddValues(labelSelector) || hasOddValues(namespaceSelector),
    ),
    anyNodeAffinityValues: (
      old.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
    ).some((term) =>
      term.matchExpressions?.some(({ values = [] }) =>
        values.some((value) => labelValueFaults(value).length > 0),
      ),
    ),
    anySpreadSelector: (old.topologySpreadConstraints ?? []).some(({ labelSelector }) =>
      isOddSelector(labelSelector),
    ),
    anyTokenPath: (old.volumes ?? []).some(({ projected }) =>
      projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken?.path.startsWith('/')),
    ),
    anyHostSysctls: (context?.sysctls?.length ?? 0) > 0 && (old.hostNetwork || old.hostIPC) === true,
    anyDeletionCost: !isDeletionCost(meta?.annotations?.[deletionCostAnnotation]),
    devicesInUserNamespace:
      old.hostUsers === false && containersOf(old).some(({ volumeDevices }) => volumeDevices?.length),
    restartOnResize: (old.initContainers ?? []).some(
      ({ restartPolicy, resizePolicy }) =>
        restartPolicy !== 'Always' &&
        resizePolicy?.some((policy) => policy.restartPolicy === 'RestartContainer'),
    ),
    comparingTolerations: (old.tolerations ?? []).some(
      ({ operator }) => operator === 'Lt' || operator === 'Gt',
    ),
    mountOptionPolicy: context?.seLinuxChangePolicy === 'MountOption',
    hostNetworkInUserNamespace: old.hostUsers === false && old.hostNetwork === true,
  };
}

function containersOf(spec: PodSpec): Container[] {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
}

function usesPartialPages({ resources }: Container): boolean {
  return [resources?.limits, resources?.requests].some((list) =>
    Object.entries(list ?? {}).some(([name, text]) => isHugePages(name) && !isWholePages(name, text)),
  );
}

function affinityTerms({ affinity }: PodSpec): PodAffinityTerm[] {
  return [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((one) => [
    ...(one?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(one?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => term.podAffinityTerm),
  ]);
}

function hasOddValues(selector: LabelSelectorObject | undefined): boolean {
  return (selector?.matchExpressions ?? []).some(({ values = [] }) =>
    values.some((value) => labelValueFaults(value).length > 0),
  );
}

function isOddSelector(selector: LabelSelectorObject | undefined): boolean {
  const labels = Object.entries(selector?.matchLabels ?? {});
  return (
    hasOddValues(selector) ||
    labels.some(([key, value]) => labelKeyFaults(key).length > 0 || labelValueFaults(value).length > 0) ||
    (selector?.matchExpressions ?? []).some(({ key }) => labelKeyFaults(key).length > 0)
  );
}

export const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost';

export function isDeletionCost(text: string | undefined): boolean {
  if (text === undefined) return true;
  return (
    /^(0|-?\d*)$/.test(text) &&
    /^(-|0$|[1-9])/.test(text) &&
    Number(text) >= -(2 ** 31) &&
    Number(text) < 2 ** 31 &&
    text !== '-'
  );
}
