import type { FieldError } from '#status.ts';
import type {
  ControllerRevision,
  PodTemplateSpec,
  StatefulSet,
  StatefulSetSpec,
  StatefulSetUpdateStrategy,
} from '#types.generated.ts';
import { checkClaimSpec } from '#validation/claim-spec.ts';
import {
  checkImmutable,
  checkNotNegative,
  checkReasons,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  sameJson,
} from '#validation/faults.ts';
import { isEmptySelector } from '#validation/label-selector.ts';
import { dnsLabelFaults } from '#validation/names.ts';
import { checkAnnotations, checkLabels } from '#validation/object-meta.ts';
import { checkPodTemplate } from '#validation/pod/pod-spec.ts';
import { checkCollisions, checkCounts, checkParts } from '#validation/apps/counts.ts';
import { checkLasting, checkSelector, inOrder, mismatch, selects } from '#validation/apps/template.ts';
import { typedForm } from '#validation/typed-form.ts';

interface SpecOptions {
  /** Of a change: what can't change any more isn't judged again. */
  readonly changed?: boolean;
  /** Whether the template was unsound before; then it isn't judged either. */
  readonly anyTemplate?: boolean;
}

export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  const faults: FieldError[] = [];
  checkSpec(faults, spec ?? {}, {});
  return faults;
}

function checkSpec(faults: FieldError[], spec: Partial<StatefulSetSpec>, options: SpecOptions): void {
  const { podManagementPolicy: management } = spec;
  if (!management) faults.push(required('spec.podManagementPolicy'));
  else if (management !== 'OrderedReady' && management !== 'Parallel')
    faults.push(invalidValue('spec.podManagementPolicy', management, "must be 'OrderedReady' or 'Parallel'"));
  checkStrategy(faults, spec.updateStrategy ?? {});
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  if (retention)
    for (const field of ['whenDeleted', 'whenScaled'] as const)
      if (retention[field] !== 'Retain' && retention[field] !== 'Delete')
        faults.push(
          notSupported(`spec.persistentVolumeClaimRetentionPolicy.${field}`, retention[field] ?? '', [
            'Retain',
            'Delete',
          ]),
        );
  if (!options.changed)
    for (const [index, claim] of (spec.volumeClaimTemplates ?? []).entries())
      checkClaimSpec(faults, claim.spec ?? {}, `spec.volumeClaimTemplates[${index}].spec`);
  checkNotNegative(faults, 'spec.replicas', spec.replicas);
  checkNotNegative(faults, 'spec.minReadySeconds', spec.minReadySeconds);
  checkNotNegative(faults, 'spec.ordinals.start', spec.ordinals?.start);
  if (!options.changed && spec.serviceName)
    checkReasons(faults, 'spec.serviceName', spec.serviceName, dnsLabelFaults(spec.serviceName));
  checkSelector(faults, spec.selector, 'statefulset');
  const { template = {} } = spec;
  const fits = selects(spec.selector, template);
  if (fits === undefined) faults.push(invalidValue('spec.selector', inOrder(spec.selector), ''));
  else {
    if (!fits && !(spec.selector && isEmptySelector(spec.selector))) faults.push(mismatch(template));
    checkTemplate(faults, withClaims(spec), options);
  }
  checkLasting(faults, template, 'StatefulSet');
}

function checkTemplate(faults: FieldError[], template: PodTemplateSpec, options: SpecOptions): void {
  if (!options.anyTemplate) checkPodTemplate(faults, template, 'spec.template');
  checkLabels(faults, template.metadata?.labels, 'spec.template.labels');
  checkAnnotations(faults, template.metadata?.annotations, 'spec.template.annotations');
}

function checkStrategy(faults: FieldError[], strategy: StatefulSetUpdateStrategy): void {
  const { type, rollingUpdate } = strategy;
  const at = 'spec.updateStrategy.rollingUpdate';
  switch (type) {
    case undefined:
    case '':
      faults.push(required('spec.updateStrategy'));
      break;
    case 'OnDelete':
      if (rollingUpdate)
        faults.push(
          invalidValue(
            at,
            typedForm('apps.RollingUpdateStatefulSetStrategy', rollingUpdate),
            "only allowed for updateStrategy 'RollingUpdate'",
          ),
        );
      break;
    case 'RollingUpdate':
      checkNotNegative(faults, `${at}.partition`, rollingUpdate?.partition);
      break;
    default:
      faults.push(
        invalidValue(
          'spec.updateStrategy',
          typedForm('apps.StatefulSetUpdateStrategy', strategy),
          "must be 'RollingUpdate' or 'OnDelete'",
        ),
      );
  }
}

/** Containers may mount what the claim templates will make; each pod has a host name of its own. */
function withClaims({ template = {}, volumeClaimTemplates = [] }: Partial<StatefulSetSpec>): PodTemplateSpec {
  const { spec } = template;
  if (!spec) return template;
  const claimed = new Set(volumeClaimTemplates.map((claim) => claim.metadata?.name ?? ''));
  const volumes = [...claimed].map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const own = (spec.volumes ?? []).filter(({ name }) => !claimed.has(name));
  return {
    ...template,
    spec: { ...spec, volumes: [...volumes, ...own], hostname: undefined, subdomain: undefined },
  };
}

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

export function validateStatefulSetUpdate(next: StatefulSet, old: StatefulSet): FieldError[] {
  const faults: FieldError[] = [];
  checkSpec(faults, next.spec ?? {}, { changed: true });
  if (faults.length > 0) {
    const before: FieldError[] = [];
    checkSpec(before, old.spec ?? {}, { changed: true });
    if (before.length > 0) {
      faults.length = 0;
      checkSpec(faults, next.spec ?? {}, { changed: true, anyTemplate: true });
    }
  }
  if (!sameJson(fixedPart(next), fixedPart(old)))
    faults.push(
      forbiddenField(
        'spec',
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ),
    );
  return faults;
}

function fixedPart({ spec }: StatefulSet): object {
  const rest: Partial<StatefulSetSpec> = { ...spec };
  for (const field of changeable) delete rest[field];
  return rest;
}

export function validateStatefulSetStatus({ status }: StatefulSet, old: StatefulSet): FieldError[] {
  const faults: FieldError[] = [];
  checkCounts(faults, status ?? {}, [
    'replicas',
    'readyReplicas',
    'currentReplicas',
    'updatedReplicas',
    'availableReplicas',
    'observedGeneration',
    'collisionCount',
  ]);
  const parts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'];
  checkParts(faults, status ?? {}, parts, 'status.readyReplicas');
  checkCollisions(faults, status, old.status);
  return faults;
}

export function validateRevision({ revision, data }: ControllerRevision): FieldError[] {
  const faults: FieldError[] = [];
  checkNotNegative(faults, 'revision', revision);
  if (data === undefined || data === null) faults.push(required('data', 'data is mandatory'));
  else if (typeof data !== 'object' || Array.isArray(data))
    faults.push(required('data', 'data must be a valid JSON object'));
  return faults;
}

export function validateRevisionUpdate(next: ControllerRevision, old: ControllerRevision): FieldError[] {
  const faults: FieldError[] = [];
  checkNotNegative(faults, 'revision', next.revision);
  checkImmutable(faults, 'data', next.data, old.data);
  return faults;
}
