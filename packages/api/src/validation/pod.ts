import type { FieldError } from '#status.ts';
import type { Container, Pod, PodSpec, Toleration } from '#types.generated.ts';
import { forbiddenField, invalidValue, sameJson } from '#validation/faults.ts';
import { validatePodSpec } from '#validation/pod-spec.ts';

export function validatePod(pod: Pod): FieldError[] {
  return validatePodSpec(pod.spec, 'spec');
}

const updatableFields = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
];

/**
 * A pod is what it was made as: only images, the deadline (downwards), tolerations (more of them) and scheduling gates
 * (fewer of them) may change. A gated pod's node selector and affinity may also be narrowed.
 */
export function validatePodUpdate(pod: Pod, old: Pod, subresource = ''): FieldError[] {
  const next = pod.spec;
  const before = old.spec;
  if (!next || !before || sameJson(next, before)) return [];
  // These doors let through only what is theirs, and say themselves what is wrong with it.
  if (subresource === 'binding' || subresource === 'resize') return [];
  if (subresource === 'ephemeralcontainers') return validateAddedEphemeral(next, before);
  if (isBinding(pod, old)) return [];
  const faults: FieldError[] = [];
  for (const list of ['containers', 'initContainers'] as const)
    if ((next[list] ?? []).length !== (before[list] ?? []).length)
      return [forbiddenField(`spec.${list}`, 'pod updates may not add or remove containers')];
  faults.push(...validateDeadline(next, before));
  faults.push(...validateOnlyAdded(next.tolerations ?? [], before.tolerations ?? []));
  faults.push(...validateOnlyRemovedGates(next, before));

  const munged: PodSpec = {
    ...next,
    containers: withImagesOf(next.containers, before.containers) ?? [],
    initContainers: withImagesOf(next.initContainers, before.initContainers),
    activeDeadlineSeconds: before.activeDeadlineSeconds,
    tolerations: before.tolerations,
    schedulingGates: before.schedulingGates,
  };
  if (before.schedulingGates?.length) {
    faults.push(...validateNarrowedSelector(next, before));
    munged.nodeSelector = before.nodeSelector;
    munged.affinity = before.affinity;
  }
  if ((before.terminationGracePeriodSeconds ?? 0) < 0 && next.terminationGracePeriodSeconds === 1)
    munged.terminationGracePeriodSeconds = before.terminationGracePeriodSeconds;
  if (!sameJson(munged, before))
    faults.push(
      forbiddenField(
        'spec',
        `pod updates may not change fields other than ${updatableFields.join(',')}\n${changedFields(munged, before).join('\n')}`,
      ),
    );
  return faults;
}

/** Only a binding changes spec and status in one write: plain updates can't touch the status, nor status updates the spec. */
function isBinding(pod: Pod, old: Pod): boolean {
  const scheduled = ({ status }: Pod): boolean =>
    status?.conditions?.some(({ type, status: is }) => type === 'PodScheduled' && is === 'True') ?? false;
  const bound = { ...old.spec, nodeName: pod.spec?.nodeName };
  return !old.spec?.nodeName && scheduled(pod) && !scheduled(old) && sameJson(pod.spec, bound);
}

function validateAddedEphemeral(next: PodSpec, before: PodSpec): FieldError[] {
  const path = 'spec.ephemeralContainers';
  return (before.ephemeralContainers ?? []).flatMap((old) => {
    const kept = next.ephemeralContainers?.find((container) => container.name === old.name);
    if (!kept) return [forbiddenField(path, 'existing ephemeral containers may not be removed')];
    return sameJson(kept, old)
      ? []
      : [forbiddenField(path, `existing ephemeral containers "${old.name}" may not be changed`)];
  });
}

function changedFields(next: PodSpec, before: PodSpec): string[] {
  const keys = new Set([...Object.keys(next), ...Object.keys(before)]) as Set<keyof PodSpec>;
  return [...keys].filter((key) => !sameJson(next[key], before[key])).map((key) => `  spec.${key}`);
}

function withImagesOf(
  next: readonly Container[] | undefined,
  before: readonly Container[] | undefined,
): Container[] | undefined {
  return next?.map((container, index) => ({ ...container, image: before?.[index]?.image }));
}

function validateDeadline(next: PodSpec, before: PodSpec): FieldError[] {
  const path = 'spec.activeDeadlineSeconds';
  const value = next.activeDeadlineSeconds;
  if (value === undefined)
    return before.activeDeadlineSeconds === undefined
      ? []
      : [invalidValue(path, null, 'must not update from a positive integer to nil value')];
  if (before.activeDeadlineSeconds !== undefined && value > before.activeDeadlineSeconds)
    return [invalidValue(path, value, 'must be less than or equal to previous value')];
  return [];
}

function validateOnlyAdded(next: readonly Toleration[], before: readonly Toleration[]): FieldError[] {
  const withoutSeconds = (toleration: Toleration): object => ({
    ...toleration,
    tolerationSeconds: undefined,
  });
  const kept = before.every((old) => next.some((now) => sameJson(withoutSeconds(now), withoutSeconds(old))));
  return kept
    ? []
    : [
        forbiddenField(
          'spec.tolerations',
          'existing toleration can not be modified except its tolerationSeconds',
        ),
      ];
}

function validateOnlyRemovedGates(next: PodSpec, before: PodSpec): FieldError[] {
  const known = new Set((before.schedulingGates ?? []).map((gate) => gate.name));
  return (next.schedulingGates ?? []).flatMap((gate, index) =>
    known.has(gate.name)
      ? []
      : [
          forbiddenField(
            `spec.schedulingGates[${index}]`,
            `only deletion is allowed, but found new scheduling gate '${gate.name}'`,
          ),
        ],
  );
}

function validateNarrowedSelector(next: PodSpec, before: PodSpec): FieldError[] {
  const narrowed = Object.entries(before.nodeSelector ?? {}).every(
    ([key, value]) => next.nodeSelector?.[key] === value,
  );
  return narrowed
    ? []
    : [
        invalidValue(
          'spec.nodeSelector',
          next.nodeSelector ?? null,
          'only additions are allowed to spec.nodeSelector (no mutations or deletions)',
        ),
      ];
}
