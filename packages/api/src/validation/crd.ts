/**
 * Rules of definitions that can be told without their schemas: names, scope, versions, columns, subresources. Paths and
 * wordings are those of stock servers, which speak of what all versions share as one: `spec.subresources`.
 */
import type { FieldError } from '#status.ts';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionVersion,
} from '#types.generated.ts';
import { validateConversion } from '#validation/crd-conversion.ts';
import { columnFaults, deprecationFaults, subresourceFaults } from '#validation/crd-version.ts';
import { immutable, invalidValue, notSupported, required, sameJson } from '#validation/faults.ts';
import { dns1035LabelFaults, dnsSubdomainFaults } from '#validation/names.ts';

const scopes = ['Cluster', 'Namespaced'];

export function validateCustomResourceDefinition(crd: CustomResourceDefinition): FieldError[] {
  const { spec, status } = crd;
  if (!spec) return [required('spec.group')];
  const faults: FieldError[] = [];
  const { group, names, scope } = spec;
  const versions = spec.versions ?? [];
  faults.push(...groupFaults(group));
  if (!scope) faults.push(required('spec.scope'));
  else if (!scopes.includes(scope)) faults.push(notSupported('spec.scope', scope, scopes));
  // A definition that says nothing has no list of versions; one that was sent empty is one.
  faults.push(...versionsFaults(versions, group || scope ? [] : null));
  faults.push(...nameFaults(names ?? { kind: '', plural: '' }));
  for (const part of ['subresources', 'additionalPrinterColumns'] as const)
    faults.push(...sharedFaults(versions, part));
  faults.push(...validateConversion(spec.conversion));
  faults.push(...storedVersionFaults(status?.storedVersions ?? [], versions));
  return faults;
}

/** Several reasons in one fault, as stock servers join them here. */
function joined(path: string, value: string, reasons: readonly string[], before = ''): FieldError[] {
  return reasons.length === 0 ? [] : [invalidValue(path, value, before + reasons.join(','))];
}

function groupFaults(group: string): FieldError[] {
  if (!group) return [required('spec.group')];
  const faults = joined('spec.group', group, dnsSubdomainFaults(group));
  if (faults.length === 0 && !group.includes('.'))
    faults.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'));
  return faults;
}

function nameFaults(names: CustomResourceDefinitionNames): FieldError[] {
  const faults: FieldError[] = [];
  const { kind, listKind, plural, singular } = names;
  for (const [name, text] of Object.entries({ plural, singular, kind, listKind })) {
    const path = `spec.names.${name}`;
    if (!text) faults.push(required(path));
    else if (text !== kind && text !== listKind) faults.push(...joined(path, text, dns1035LabelFaults(text)));
    else
      faults.push(
        ...joined(
          path,
          text,
          dns1035LabelFaults(text.toLowerCase()),
          'may have mixed case, but should otherwise match: ',
        ),
      );
  }
  if (kind && kind === listKind)
    faults.push(invalidValue('spec.names.listKind', listKind, 'kind and listKind may not be the same'));
  for (const list of ['shortNames', 'categories'] as const)
    for (const [index, text] of (names[list] ?? []).entries())
      faults.push(...joined(`spec.names.${list}[${index}]`, text, dns1035LabelFaults(text)));
  return faults;
}

function versionsFaults(
  versions: readonly CustomResourceDefinitionVersion[],
  shownEmpty: readonly never[] | null,
): FieldError[] {
  const faults: FieldError[] = [];
  for (const [index, version] of versions.entries()) {
    const at = `spec.versions[${index}]`;
    faults.push(...joined(`${at}.name`, version.name, dns1035LabelFaults(version.name)));
    faults.push(...deprecationFaults(version, at));
  }
  const shown = versions.length === 0 ? shownEmpty : versions.map(shownVersion);
  const names = new Set(versions.map(({ name }) => name));
  if (names.size < versions.length)
    faults.push(invalidValue('spec.versions', shown, 'must contain unique version names'));
  if (versions.filter(({ storage }) => storage).length !== 1)
    faults.push(
      invalidValue('spec.versions', shown, 'must have exactly one version marked as storage version'),
    );
  if (versions[0]?.name)
    faults.push(...joined('spec.version', versions[0].name, dns1035LabelFaults(versions[0].name)));
  return faults;
}

/** Of a part that all versions share once, otherwise of each version. */
function sharedFaults(
  versions: readonly CustomResourceDefinitionVersion[],
  part: 'subresources' | 'additionalPrinterColumns',
): FieldError[] {
  const faultsOf = part === 'subresources' ? subresourceFaults : columnFaults;
  const shared = versions.every((version) => sameJson(version[part], versions[0]?.[part]));
  if (shared) return versions[0] ? faultsOf(versions[0], `spec.${part}`) : [];
  return versions.flatMap((version, index) => faultsOf(version, `spec.versions[${index}].${part}`));
}

/** A version as stock servers show it when something is wrong with the list of them. */
function shownVersion(version: CustomResourceDefinitionVersion): object {
  return {
    Name: version.name,
    Served: version.served,
    Storage: version.storage,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: null,
    Subresources: null,
    AdditionalPrinterColumns: null,
    SelectableFields: null,
  };
}

function storedVersionFaults(
  stored: readonly string[],
  versions: readonly CustomResourceDefinitionVersion[],
): FieldError[] {
  const at = 'status.storedVersions';
  if (stored.length === 0) return [invalidValue(at, null, 'must have at least one stored version')];
  const faults: FieldError[] = [];
  const left = new Set(stored);
  for (const { name, storage } of versions) {
    if (storage && !left.has(name))
      faults.push(invalidValue(at, stored, `must have the storage version ${name}`));
    left.delete(name);
  }
  for (const name of left)
    faults.push(
      invalidValue(
        `${at}[${stored.indexOf(name)}]`,
        name,
        `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
      ),
    );
  return faults;
}

/** Once its names are accepted, a definition keeps its group, kind, plural and scope. */
export function validateCustomResourceDefinitionUpdate(
  next: CustomResourceDefinition,
  old: CustomResourceDefinition,
): FieldError[] {
  const established = old.status?.conditions?.some(
    (condition) => condition.type === 'Established' && condition.status === 'True',
  );
  const faults = immutable('spec.group', next.spec?.group, old.spec?.group);
  faults.push(...immutable('spec.names.plural', next.spec?.names?.plural, old.spec?.names?.plural));
  if (established) {
    faults.push(...immutable('spec.scope', next.spec?.scope, old.spec?.scope));
    faults.push(...immutable('spec.names.kind', next.spec?.names?.kind, old.spec?.names?.kind));
  }
  return [...faults, ...preserveFaults(next, old), ...approvalFaults(next, old)];
}

/** Of new ones: later the names may change, to be refused as changes. */
export function definitionNameFaults({ metadata: { name }, spec }: CustomResourceDefinition): FieldError[] {
  if (!name || name === `${spec?.names?.plural ?? ''}.${spec?.group ?? ''}`) return [];
  return [invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group')];
}

/** Rules of a new definition besides those of every one. */
export function validateNewCustomResourceDefinition(crd: CustomResourceDefinition): FieldError[] {
  return [...preserveFaults(crd), ...approvalFaults(crd)];
}

function preserveFaults(next: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  if (old?.spec?.preserveUnknownFields || !next.spec?.preserveUnknownFields) return [];
  return [
    invalidValue(
      'spec.preserveUnknownFields',
      true,
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ),
  ];
}

const approvalAnnotation = 'api-approved.kubernetes.io';
const approvalText = 'protected groups must have approval annotation "api-approved.kubernetes.io"';
const approvalReference = 'see https://github.com/kubernetes/enhancements/pull/1111';

export type ApprovalState = 'missing' | 'invalid' | 'approved' | 'bypassed';

export function isProtectedGroup(group: string): boolean {
  return /(?:^|\.)(?:k8s\.io|kubernetes\.io)$/.test(group);
}

/** Whether the groups' owners approved of the definition: a URL says where. */
export function approvalOf(crd: CustomResourceDefinition): { state: ApprovalState; reason: string } {
  const text = crd.metadata?.annotations?.[approvalAnnotation] ?? '';
  if (text === '') return { state: 'missing', reason: `${approvalText}, ${approvalReference}` };
  if (text.startsWith('unapproved'))
    return { state: 'bypassed', reason: `not approved: ${JSON.stringify(text)}` };
  const url = URL.parse(text);
  if (url && url.host !== '') return { state: 'approved', reason: `approved in ${text}` };
  return {
    state: 'invalid',
    reason: `${approvalText} with either a URL or a reason starting with "unapproved", ${approvalReference}`,
  };
}

function approvalFaults(next: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  if (!isProtectedGroup(next.spec?.group ?? '')) return [];
  const { state, reason } = approvalOf(next);
  if (old && approvalOf(old).state === state) return [];
  const path = `metadata.annotations[${approvalAnnotation}]`;
  if (state === 'missing') return [required(path, reason)];
  if (state !== 'invalid') return [];
  return [invalidValue(path, next.metadata?.annotations?.[approvalAnnotation], reason)];
}
