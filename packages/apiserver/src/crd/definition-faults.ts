/**
 * What is wrong with a definition beyond its names: its schemas, their defaults and rules, and the fields that select by.
 * Paths are those of stock servers, which speak of what all versions share as one: `spec.validation`, `spec.selectableFields`.
 */
import {
  type CustomResourceDefinition,
  type CustomResourceDefinitionVersion,
  duplicateValue,
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
  sameJson,
  tooMany,
} from '@skerry/api';
import { fieldAt } from '#crd/rules/field-path.ts';
import { ruleFaults } from '#crd/rules/rule-faults.ts';
import { defaultFaults } from '#crd/schema/default-faults.ts';
import { extensionFaults } from '#crd/schema/extension-faults.ts';
import { type RawSchema, someSchema } from '#crd/schema/nodes.ts';
import { hasForeignKeys, structuralFaults } from '#crd/schema/structural-faults.ts';

const selectableFieldsMax = 8;

type Version = CustomResourceDefinitionVersion;

export function definitionFaults(
  { spec }: CustomResourceDefinition,
  old?: CustomResourceDefinition,
): FieldError[] {
  const versions = spec?.versions ?? [];
  const [first] = versions;
  const shared = (of: (version: Version) => unknown): boolean =>
    versions.every((version) => sameJson(of(version), of(first!)));
  const faults: FieldError[] = [];
  const schemasShared = shared(({ schema }) => schema);
  const fieldsShared = shared(({ selectableFields }) => selectableFields);
  for (const [index, version] of versions.entries()) {
    const at = `spec.versions[${index}]`;
    if (!version.schema?.openAPIV3Schema) faults.push(required(`${at}.schema.openAPIV3Schema`));
    if (!schemasShared || index === 0) {
      const path = schemasShared ? 'spec.validation' : `${at}.schema`;
      faults.push(...schemaFaults(version, versions, path, isUnchanged(version, old)));
    }
    if (!fieldsShared || index === 0) faults.push(...selectableFaults(version, fieldsShared ? 'spec' : at));
  }
  return faults;
}

function isUnchanged(version: Version, old: CustomResourceDefinition | undefined): boolean {
  const before = old?.spec?.versions?.find(({ name }) => name === version.name);
  return before !== undefined && sameJson(before.schema, version.schema);
}

function schemaFaults(
  version: Version,
  versions: readonly Version[],
  at: string,
  unchanged: boolean,
): FieldError[] {
  const raw = version.schema?.openAPIV3Schema;
  if (!raw) return [];
  const path = `${at}.openAPIV3Schema`;
  const hasStatus = (at === 'spec.validation' ? versions : [version]).some(
    ({ subresources }) => subresources?.status,
  );
  const faults = hasStatus ? statusRootFaults(raw, path) : [];
  if (raw.nullable) faults.push(forbiddenField(`${path}.nullable`, 'nullable cannot be true at the root'));
  const structural = someSchema(raw, hasForeignKeys) ? [] : structuralFaults(raw, path);
  const defaults = structural.length === 0 ? defaultFaults(raw, path) : [];
  const extensions = extensionFaults(raw, path);
  faults.push(...structural, ...defaults, ...extensions);
  const readable = structural.length + defaults.length + extensions.length === 0;
  return readable ? [...faults, ...ruleFaults(raw, path, { unchanged })] : faults;
}

const allowedAtRoot = [
  ['Description', 'description'],
  ['Type', 'type'],
  ['Format', 'format'],
  ['Title', 'title'],
  ['Maximum', 'maximum'],
  ['ExclusiveMaximum', 'exclusiveMaximum'],
  ['Minimum', 'minimum'],
  ['ExclusiveMinimum', 'exclusiveMinimum'],
  ['MaxLength', 'maxLength'],
  ['MinLength', 'minLength'],
  ['Pattern', 'pattern'],
  ['MaxItems', 'maxItems'],
  ['MinItems', 'minItems'],
  ['UniqueItems', 'uniqueItems'],
  ['MultipleOf', 'multipleOf'],
  ['Required', 'required'],
  ['Items', 'items'],
  ['Properties', 'properties'],
  ['ExternalDocs', 'externalDocs'],
  ['Example', 'example'],
  ['XPreserveUnknownFields', 'x-kubernetes-preserve-unknown-fields'],
  ['XValidations', 'x-kubernetes-validations'],
] as const;

/** The status is judged alone, by its part of the schema; so the whole may say nothing about it. */
function statusRootFaults(raw: RawSchema, path: string): FieldError[] {
  const known: ReadonlySet<string> = new Set(allowedAtRoot.map(([, name]) => name));
  const said = Object.entries(raw).filter(([, value]) => value !== undefined && value !== false);
  if (said.every(([name]) => known.has(name))) return [];
  const names = allowedAtRoot.map(([name]) => name).join(' ');
  return [
    invalidValue(
      path,
      raw,
      `only [${names}] fields are allowed at the root of the schema if the status subresource is enabled`,
    ),
  ];
}

function selectableFaults({ selectableFields = [], schema }: Version, at: string): FieldError[] {
  const faults: FieldError[] = [];
  const raw = schema?.openAPIV3Schema ?? {};
  const seen = new Set<string>();
  for (const [index, { jsonPath }] of selectableFields.entries()) {
    const path = `${at}.selectableFields[${index}].jsonPath`;
    if (!jsonPath) {
      faults.push(required(path));
      continue;
    }
    const found = fieldAt(raw, jsonPath, { brackets: false });
    if ('fault' in found) {
      faults.push(invalidValue(path, jsonPath, `is an invalid path: ${found.fault}`));
      continue;
    }
    if (found.root === 'metadata')
      faults.push(invalidValue(path, jsonPath, 'must not point to fields in metadata'));
    if (!['string', 'boolean', 'integer'].includes(found.schema.type ?? ''))
      faults.push(
        invalidValue(
          path,
          jsonPath,
          'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        ),
      );
    if (seen.has(found.path)) faults.push(duplicateValue(path, jsonPath));
    seen.add(found.path);
  }
  if (seen.size > selectableFieldsMax)
    faults.push(tooMany(`${at}.selectableFields`, seen.size, selectableFieldsMax));
  return faults;
}
