import type { FieldError } from '#status.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '#types.generated.ts';
import { immutable, invalidValue, invalidValues, notSupported, required } from '#validation/faults.ts';
import { validateConversion } from '#validation/crd-conversion.ts';
import { dns1035LabelFaults, dnsSubdomainFaults } from '#validation/names.ts';

const scopes = ['Cluster', 'Namespaced'];

export function validateCustomResourceDefinition({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  if (!spec) return [required('spec.group')];
  const faults: FieldError[] = [];
  const { group, names, scope } = spec;
  if (metadata.name && names?.plural && metadata.name !== `${names.plural}.${group}`)
    faults.push(invalidValue('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group'));
  if (!group) faults.push(required('spec.group'));
  else {
    faults.push(...invalidValues('spec.group', group, dnsSubdomainFaults(group)));
    if (!group.includes('.'))
      faults.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'));
  }
  if (!scopes.includes(scope)) faults.push(notSupported('spec.scope', scope, scopes));
  if (!names?.plural) faults.push(required('spec.names.plural'));
  else faults.push(...invalidValues('spec.names.plural', names.plural, dns1035LabelFaults(names.plural)));
  if (!names?.kind) faults.push(required('spec.names.kind'));
  else
    faults.push(
      ...invalidValues('spec.names.kind', names.kind, dns1035LabelFaults(names.kind.toLowerCase())),
    );
  if (names?.singular)
    faults.push(...invalidValues('spec.names.singular', names.singular, dns1035LabelFaults(names.singular)));
  for (const [index, short] of (names?.shortNames ?? []).entries())
    faults.push(...invalidValues(`spec.names.shortNames[${index}]`, short, dns1035LabelFaults(short)));
  faults.push(...validateVersions(spec.versions ?? []));
  faults.push(...validateConversion(spec.conversion));
  return faults;
}

function validateVersions(versions: readonly CustomResourceDefinitionVersion[]): FieldError[] {
  const faults: FieldError[] = [];
  if (versions.length === 0) faults.push(required('spec.versions'));
  const stored = versions.filter((version) => version.storage).length;
  if (stored !== 1)
    faults.push(
      invalidValue(
        'spec.versions',
        versions.map(({ name }) => name),
        'must have exactly one version marked as storage version',
      ),
    );
  const seen = new Set<string>();
  for (const [index, version] of versions.entries()) {
    const at = `spec.versions[${index}]`;
    faults.push(...invalidValues(`${at}.name`, version.name, dns1035LabelFaults(version.name)));
    if (seen.has(version.name))
      faults.push(invalidValue('spec.versions', version.name, 'must contain unique version names'));
    seen.add(version.name);
    const schema = version.schema?.openAPIV3Schema;
    if (!schema) faults.push(required(`${at}.schema.openAPIV3Schema`, 'schemas are required'));
    else if (schema.type !== 'object')
      faults.push(
        schema.type
          ? invalidValue(`${at}.schema.openAPIV3Schema.type`, schema.type, 'must be object at the root')
          : required(`${at}.schema.openAPIV3Schema.type`, 'must not be empty at the root'),
      );
    for (const [position, printed] of (version.additionalPrinterColumns ?? []).entries()) {
      const path = `${at}.additionalPrinterColumns[${position}]`;
      if (!printed.name) faults.push(required(`${path}.name`));
      if (!printed.jsonPath) faults.push(required(`${path}.jsonPath`));
      const types = ['integer', 'number', 'string', 'boolean', 'date'];
      if (!types.includes(printed.type))
        faults.push(invalidValue(`${path}.type`, printed.type, `must be one of ${types.join(',')}`));
    }
  }
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
  const names = new Set((next.spec?.versions ?? []).map(({ name }) => name));
  for (const [index, stored] of (next.status?.storedVersions ?? []).entries())
    if (!names.has(stored))
      faults.push(invalidValue(`status.storedVersions[${index}]`, stored, 'must appear in spec.versions'));
  return faults;
}
