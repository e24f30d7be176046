/**
 * Claims of devices: what they ask for, and what they were given.
 * Rules: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
 */
import type { ObjectMeta } from '#object.ts';
import type { FieldError } from '#status.ts';
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimTemplate,
} from '#types.generated.ts';
import { forbiddenField, invalidValue, notSupported, required, sameJson } from '#validation/faults.ts';
import { checkAnnotations, checkLabels } from '#validation/object-meta.ts';
import { checkList, checkSet } from '#validation/resource/collections.ts';
import { checkConfiguration, checkSelectors, configurationsMax } from '#validation/resource/configuration.ts';
import { checkClassName, checkFullyQualifiedName, checkLabelName } from '#validation/resource/names.ts';
import { checkDeviceToleration } from '#validation/resource/taints.ts';
import { typedForm } from '#validation/typed-form.ts';

export const requestsMax = 32;
const constraintsMax = 32;
const alternativesMax = 8;

/** Names of requests, each with those of its alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

export function validateResourceClaim({ spec }: ResourceClaim): FieldError[] {
  const faults: FieldError[] = [];
  checkDeviceClaim(faults, spec?.devices ?? {}, 'spec.devices');
  return faults;
}

/** A claim never changes what it asks for. */
export function validateResourceClaimUpdate(next: ResourceClaim, old: ResourceClaim): FieldError[] {
  if (sameJson(next.spec, old.spec)) return [];
  return [invalidValue('spec', typedForm('resource.ResourceClaimSpec', next.spec), 'field is immutable')];
}

export function validateResourceClaimTemplate({ spec }: ResourceClaimTemplate): FieldError[] {
  const faults: FieldError[] = [];
  const { labels, annotations, ...others }: ObjectMeta = spec?.metadata ?? {};
  checkAnnotations(faults, annotations, 'spec.metadata.annotations');
  checkLabels(faults, labels, 'spec.metadata.labels');
  for (const field of metadataFields)
    if (others[field] !== undefined)
      faults.push(forbiddenField(`spec.metadata.${toldAs[field] ?? field}`, 'cannot be set'));
  checkDeviceClaim(faults, spec?.spec?.devices ?? {}, 'spec.spec.devices');
  return faults;
}

/** In the order in which they are told. */
const metadataFields = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const;
const toldAs: Readonly<Record<string, string>> = { uid: 'uID' };

export function validateResourceClaimTemplateUpdate(
  next: ResourceClaimTemplate,
  old: ResourceClaimTemplate,
): FieldError[] {
  const faults = validateResourceClaimTemplate(next);
  if (!sameJson(next.spec, old.spec))
    faults.push(
      invalidValue('spec', typedForm('resource.ResourceClaimTemplateSpec', next.spec), 'field is immutable'),
    );
  return faults;
}

export function requestNamesOf({ requests = [] }: DeviceClaim): RequestNames {
  return new Map(
    requests.map(({ name, firstAvailable = [] }) => [name, new Set(firstAvailable.map((each) => each.name))]),
  );
}

function checkDeviceClaim(faults: FieldError[], claim: DeviceClaim, path: string): void {
  const names = requestNamesOf(claim);
  checkSet(faults, claim.requests, `${path}.requests`, {
    max: requestsMax,
    check: checkRequest,
    key: ({ name }) => name,
  });
  checkList(faults, claim.constraints, `${path}.constraints`, {
    max: constraintsMax,
    check: (all, constraint, at) => checkConstraint(all, constraint, at, names),
  });
  checkList(faults, claim.config, `${path}.config`, {
    max: configurationsMax,
    check: (all, config, at) => {
      checkReferences(all, config.requests, `${at}.requests`, names);
      checkConfiguration(all, config, at, false);
    },
  });
}

function checkRequest(faults: FieldError[], request: DeviceRequest, path: string): void {
  const { name, exactly, firstAvailable = [] } = request;
  checkLabelName(faults, name, `${path}.name`);
  const which = 'exactly one of `exactly` or `firstAvailable` is required';
  if (exactly && firstAvailable.length > 0)
    faults.push(invalidValue(path, null, `${which}, but multiple fields are set`));
  else if (exactly) checkExact(faults, exactly, `${path}.exactly`);
  else if (firstAvailable.length === 0) faults.push(required(path, which));
  else
    checkSet(faults, firstAvailable, `${path}.firstAvailable`, {
      max: alternativesMax,
      check: (all, each, at) => {
        checkLabelName(all, each.name, `${at}.name`);
        checkExact(all, each, at);
      },
      key: (each) => each.name,
    });
}

function checkExact(
  faults: FieldError[],
  request: ExactDeviceRequest | DeviceSubRequest,
  path: string,
): void {
  checkClassName(faults, request.deviceClassName, `${path}.deviceClassName`);
  checkSelectors(faults, request.selectors, `${path}.selectors`);
  const { allocationMode: mode = '', count = 0 } = request;
  if (mode === 'All') {
    if (count !== 0)
      faults.push(invalidValue(`${path}.count`, count, "must not be specified when allocationMode is 'All'"));
  } else if (mode !== 'ExactCount')
    faults.push(notSupported(`${path}.allocationMode`, mode, ['All', 'ExactCount']));
  else if (count <= 0) faults.push(invalidValue(`${path}.count`, count, 'must be greater than zero'));
  for (const [index, toleration] of (request.tolerations ?? []).entries())
    checkDeviceToleration(faults, toleration, `${path}.tolerations[${index}]`);
}

function checkConstraint(
  faults: FieldError[],
  { requests, matchAttribute, distinctAttribute }: DeviceConstraint,
  path: string,
  names: RequestNames,
): void {
  checkReferences(faults, requests, `${path}.requests`, names);
  if (matchAttribute !== undefined) checkFullyQualifiedName(faults, matchAttribute, `${path}.matchAttribute`);
  else if (distinctAttribute !== undefined)
    checkFullyQualifiedName(faults, distinctAttribute, `${path}.distinctAttribute`);
  else
    faults.push(
      required(
        path,
        'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
      ),
    );
}

export function checkReferences(
  faults: FieldError[],
  references: readonly string[] | undefined,
  path: string,
  names: RequestNames,
): void {
  checkSet(faults, references, path, {
    max: requestsMax,
    check: (all, name, at) => checkReference(all, name, at, names),
    key: (name) => name,
  });
}

/** `request`, or `request/alternative`. */
export function checkReference(
  faults: FieldError[],
  reference: string,
  path: string,
  names: RequestNames,
): void {
  const why =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const parts = reference.split('/');
  if (parts.length > 2) {
    faults.push(invalidValue(path, reference, why));
    return;
  }
  for (const part of parts) checkLabelName(faults, part, path);
  const [name = '', alternative] = parts;
  const known = names.get(name);
  if (!known || (alternative !== undefined && !known.has(alternative)))
    faults.push(invalidValue(path, reference, why));
}
