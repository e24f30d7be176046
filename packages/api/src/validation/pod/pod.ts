/**
 * Pods as they are made, and what of them may change afterwards: nearly nothing. Each door to a pod (`status`, `resize`,
 * `ephemeralcontainers`) lets through only what is its own.
 */
import type { FieldError } from '#status.ts';
import type {
  Container,
  NodeAffinity,
  NodeSelectorTerm,
  Pod,
  PodSpec,
  Toleration,
} from '#types.generated.ts';
import { forbiddenField, invalidValue, quoted, rangeFault, required, sameJson } from '#validation/faults.ts';
import { jsonDiff } from '#validation/line-diff.ts';
import {
  checkPodAnnotations,
  checkPodAnnotationsUpdate,
  checkProfilesAgree,
  mirrorAnnotation,
} from '#validation/pod/annotations.ts';
import { checkImageText } from '#validation/pod/containers.ts';
import { leniencyOf, type PodOptions } from '#validation/pod/options.ts';
import { checkPodSpec } from '#validation/pod/pod-spec.ts';
import { checkTolerations } from '#validation/taints.ts';
import { typedForm } from '#validation/typed-form.ts';

const int32Max = 2 ** 31 - 1;
const own: PodOptions = { isPod: true };

export function specOf(pod: Pod): PodSpec {
  return pod.spec ?? { containers: [] };
}

export function validatePod(pod: Pod): FieldError[] {
  const faults: FieldError[] = [];
  const spec = specOf(pod);
  checkAnnotationsAndSpec(faults, pod, own);
  if (spec.ephemeralContainers?.length)
    faults.push(forbiddenField('spec.ephemeralContainers', 'cannot be set on create'));
  if (spec.nodeName && spec.schedulingGates?.length)
    faults.push(forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  checkProfilesAgree(faults, pod.metadata.annotations, spec, 'spec');
  return faults;
}

function checkOwnAnnotations(faults: FieldError[], pod: Pod, options: PodOptions): void {
  checkPodAnnotations(faults, pod.metadata.annotations, specOf(pod), 'metadata.annotations', options);
}

function checkAnnotationsAndSpec(faults: FieldError[], pod: Pod, options: PodOptions): void {
  const spec = specOf(pod);
  checkOwnAnnotations(faults, pod, options);
  checkPodSpec(faults, spec, 'spec', { meta: pod.metadata, options });
  if (!spec.serviceAccountName)
    for (const [index, { projected }] of (spec.volumes ?? []).entries())
      for (const [position, source] of (projected?.sources ?? []).entries())
        if (source.serviceAccountToken)
          faults.push(
            forbiddenField(
              `spec.volumes[${index}].projected.sources[${position}].serviceAccountToken`,
              'must not be specified when serviceAccountName is not set',
            ),
          );
  for (const list of ['containers', 'initContainers'] as const)
    for (const [index, { image }] of (spec[list] ?? []).entries())
      checkImageText(faults, image, `spec.${list}[${index}].image`);
}

/** What is wrong with the pod by itself, read strictly or, where that fails, as leniently as what it was demands. */
export function checkChanged(
  faults: FieldError[],
  pod: Pod,
  old: Pod,
  check: (faults: FieldError[], pod: Pod, options: PodOptions) => void,
): void {
  const found: FieldError[] = [];
  check(found, pod, own);
  if (found.length > 0) {
    found.length = 0;
    check(found, pod, leniencyOf(specOf(old), old.metadata, own));
  }
  faults.push(...found);
}

export function checkWholePod(faults: FieldError[], pod: Pod, old: Pod): void {
  checkChanged(faults, pod, old, checkAnnotationsAndSpec);
}

/** Both what may not change in annotations and what they may hold. */
export function checkAnnotationsChange(faults: FieldError[], pod: Pod, old: Pod): void {
  const path = 'metadata.annotations';
  checkPodAnnotationsUpdate(faults, pod.metadata.annotations, old.metadata.annotations, path);
  checkChanged(faults, pod, old, checkOwnAnnotations);
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
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const faults: FieldError[] = [];
  const next = specOf(pod);
  const before = specOf(old);
  // What is the same was found right when it was stored.
  const sameSpec = pod.spec !== undefined && pod.spec === old.spec;
  checkChanged(faults, pod, old, sameSpec ? checkOwnAnnotations : checkAnnotationsAndSpec);
  checkAnnotationsChange(faults, pod, old);
  if (sameSpec) return faults;
  for (const list of ['containers', 'initContainers'] as const)
    if (!checkContainerChange(faults, next[list] ?? [], before[list] ?? [], `spec.${list}`)) return faults;
  if (!checkDeadline(faults, next, before)) return faults;
  checkOnlyAdded(faults, next.tolerations ?? [], before.tolerations ?? []);
  checkOnlyRemovedGates(faults, next, before);
  if (sameJson(next, before)) return faults;
  const masked = maskChangeable(next, before);
  if (before.schedulingGates?.length) maskNarrowed(faults, masked, next, before);
  if (!sameJson(masked, before))
    faults.push(
      forbiddenField(
        'spec',
        `pod updates may not change fields other than ${updatableFields.join(',')}\n${jsonDiff(
          typedForm('PodSpec', before),
          typedForm('PodSpec', masked),
        )}`,
      ),
    );
  return faults;
}

function maskChangeable(next: PodSpec, before: PodSpec): PodSpec {
  const masked: PodSpec = {
    ...next,
    containers: withImagesOf(next.containers, before.containers) ?? [],
    initContainers: withImagesOf(next.initContainers, before.initContainers),
    activeDeadlineSeconds: before.activeDeadlineSeconds,
    tolerations: before.tolerations,
    schedulingGates: before.schedulingGates,
  };
  if ((before.terminationGracePeriodSeconds ?? 0) < 0 && next.terminationGracePeriodSeconds === 1)
    masked.terminationGracePeriodSeconds = before.terminationGracePeriodSeconds;
  return masked;
}

function maskNarrowed(faults: FieldError[], masked: PodSpec, next: PodSpec, before: PodSpec): void {
  checkNarrowedSelector(faults, next.nodeSelector, before.nodeSelector);
  masked.nodeSelector = before.nodeSelector;
  const affinity = before.affinity?.nodeAffinity;
  if (sameJson(affinity, next.affinity?.nodeAffinity)) return;
  checkNarrowedAffinity(faults, next.affinity?.nodeAffinity, affinity);
  const rest = { ...next.affinity, nodeAffinity: affinity };
  const left = Object.values(rest).some((part) => part !== undefined);
  masked.affinity = left || before.affinity ? rest : undefined;
}

/** Whether the containers can be compared one by one. */
function checkContainerChange(
  faults: FieldError[],
  next: readonly Container[],
  before: readonly Container[],
  path: string,
): boolean {
  if (next.length !== before.length) {
    faults.push(forbiddenField(path, 'pod updates may not add or remove containers'));
    return false;
  }
  for (const [index, { image }] of next.entries()) {
    if (!image) faults.push(required(`${path}[${index}].image`));
    checkImageText(faults, image, `${path}[${index}].image`);
  }
  return true;
}

function withImagesOf(
  next: readonly Container[] | undefined,
  before: readonly Container[] | undefined,
): Container[] | undefined {
  return next?.map((container, index) => ({ ...container, image: before?.[index]?.image }));
}

/** Whether the rest is worth a look. */
function checkDeadline(faults: FieldError[], next: PodSpec, before: PodSpec): boolean {
  const path = 'spec.activeDeadlineSeconds';
  const value = next.activeDeadlineSeconds;
  const old = before.activeDeadlineSeconds;
  if (value === undefined) {
    if (old !== undefined)
      faults.push(invalidValue(path, null, 'must not update from a positive integer to nil value'));
    return true;
  }
  if (value < 0 || value > int32Max) faults.push(invalidValue(path, value, rangeFault(0, int32Max)));
  else if (old !== undefined && value > old)
    faults.push(invalidValue(path, value, 'must be less than or equal to previous value'));
  else return true;
  return false;
}

function checkOnlyAdded(
  faults: FieldError[],
  next: readonly Toleration[],
  before: readonly Toleration[],
): void {
  const path = 'spec.tolerations';
  const kept = before.every((old) =>
    next.some((now) => sameJson({ ...now, tolerationSeconds: 0 }, { ...old, tolerationSeconds: 0 })),
  );
  if (kept)
    checkTolerations(faults, next, path, {
      comparing: before.some(({ operator }) => operator === 'Lt' || operator === 'Gt'),
    });
  else
    faults.push(forbiddenField(path, 'existing toleration can not be modified except its tolerationSeconds'));
}

function checkOnlyRemovedGates(faults: FieldError[], next: PodSpec, before: PodSpec): void {
  const known = new Set((before.schedulingGates ?? []).map((gate) => gate.name));
  for (const [index, { name }] of (next.schedulingGates ?? []).entries())
    if (!known.has(name))
      faults.push(
        forbiddenField(
          `spec.schedulingGates[${index}].name`,
          `only deletion is allowed, but found new scheduling gate '${name}'`,
        ),
      );
}

function checkNarrowedSelector(
  faults: FieldError[],
  next: PodSpec['nodeSelector'],
  before: PodSpec['nodeSelector'] = {},
): void {
  const narrowed = Object.entries(before).every(([key, value]) => next?.[key] === value);
  if (!narrowed)
    faults.push(
      invalidValue(
        'spec.nodeSelector',
        next ?? null,
        'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
      ),
    );
}

/** A gated pod's node affinity may be narrowed; also that of a suspended Job's pods. */
export function checkNarrowedAffinity(
  faults: FieldError[],
  next: NodeAffinity | undefined,
  before: NodeAffinity | undefined,
  path = 'spec.affinity.nodeAffinity',
): void {
  const field = 'requiredDuringSchedulingIgnoredDuringExecution';
  const old = before?.[field]?.nodeSelectorTerms ?? [];
  const now = next?.[field]?.nodeSelectorTerms ?? [];
  const at = `${path}.${field}.nodeSelectorTerms`;
  if (old.length === 0) return;
  if (old.length !== now.length) {
    faults.push(
      invalidValue(
        at,
        now.length > 0 ? now.map((term) => typedForm('NodeSelectorTerm', term)) : null,
        'no additions/deletions to non-empty NodeSelectorTerms list are allowed',
      ),
    );
    return;
  }
  for (const [index, term] of old.entries())
    if (!isNarrowed(now[index] ?? {}, term))
      faults.push(
        invalidValue(
          `${at}[${index}]`,
          typedForm('NodeSelectorTerm', now[index]),
          'only additions are allowed (no mutations or deletions)',
        ),
      );
}

function isNarrowed(next: NodeSelectorTerm, before: NodeSelectorTerm): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const;
  if (lists.every((list) => !before[list]?.length)) return lists.every((list) => !next[list]?.length);
  return lists.every((list) =>
    sameJson((next[list] ?? []).slice(0, before[list]?.length ?? 0), before[list] ?? []),
  );
}

/** Containers for debugging are only ever added. */
export function validateEphemeralContainers(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[mirrorAnnotation] !== undefined)
    return [forbiddenField('', 'static pods do not support ephemeral containers')];
  const faults: FieldError[] = [];
  checkWholePod(faults, pod, old);
  checkAnnotationsChange(faults, pod, old);
  const path = 'spec.ephemeralContainers';
  for (const before of specOf(old).ephemeralContainers ?? []) {
    const now = pod.spec?.ephemeralContainers?.find(({ name }) => name === before.name);
    const which = `existing ephemeral containers ${quoted(before.name)}`;
    if (!now) faults.push(forbiddenField(path, `${which} may not be removed\n`));
    else if (!sameJson(now, before))
      faults.push(
        forbiddenField(
          path,
          `${which} may not be changed\n${jsonDiff(
            typedForm('EphemeralContainer', before),
            typedForm('EphemeralContainer', now),
          )}`,
        ),
      );
  }
  return faults;
}
