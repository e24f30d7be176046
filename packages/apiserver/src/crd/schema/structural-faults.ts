/**
 * Why a schema is not structural. Every value needs a type, said once, outside of what only narrows (`allOf` and the like).
 * Rules: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
import { type FieldError, forbiddenField, invalidValue, patternFault, required, sameJson } from '@skerry/api';
import { alternativesOf, itemsOf, type RawSchema, valuesOf } from '#crd/schema/nodes.ts';

type Level = 'root' | 'item' | 'field';

/** Keys that no schema of a custom resource has; with one of them nothing can be said about the rest. */
export function hasForeignKeys(raw: RawSchema): boolean {
  return Boolean(
    raw.id ||
    raw.$schema ||
    raw.$ref ||
    raw.definitions ||
    raw.dependencies ||
    raw.patternProperties ||
    raw.additionalItems !== undefined ||
    Array.isArray(raw.items) ||
    raw.type === 'null',
  );
}

export function structuralFaults(raw: RawSchema, path: string): FieldError[] {
  return nodeFaults(raw, path, 'root');
}

function nodeFaults(raw: RawSchema, path: string, level: Level): FieldError[] {
  return [
    ...partFaults(raw, path, level),
    ...extensionFaults(raw, path),
    ...alternativeFaults(raw, path),
    ...typeFaults(raw, path, level),
    ...embeddedFaults(raw, path),
    ...metadataFaults(raw, path, level),
  ];
}

function partFaults(raw: RawSchema, path: string, level: Level): FieldError[] {
  const faults: FieldError[] = [];
  const items = itemsOf(raw);
  if (raw.type === 'array' && raw.items === undefined)
    faults.push(required(`${path}.items`, 'must be specified'));
  if (items) faults.push(...nodeFaults(items, `${path}.items`, 'item'));
  for (const [name, property] of Object.entries(raw.properties ?? {}))
    faults.push(...nodeFaults(property, `${path}.properties[${name}]`, 'field'));
  if (raw.additionalProperties !== undefined && level === 'root')
    faults.push(forbiddenField(`${path}.additionalProperties`, 'must not be used at the root'));
  const values = valuesOf(raw);
  if (values) faults.push(...nodeFaults(values, `${path}.additionalProperties`, 'field'));
  return faults;
}

function extensionFaults(raw: RawSchema, path: string): FieldError[] {
  if (!raw['x-kubernetes-int-or-string']) return [];
  return (['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    .filter((name) => raw[name])
    .map((name) =>
      invalidValue(`${path}.${name}`, true, 'must be false if x-kubernetes-int-or-string is true'),
    );
}

const intOrString: readonly RawSchema[] = [{ type: 'integer' }, { type: 'string' }];

/** The one form in which an alternative may name types: `anyOf: [{type: integer}, {type: string}]`. */
function isIntOrStringPattern(anyOf: RawSchema[] | undefined): boolean {
  return sameJson(anyOf, intOrString);
}

function alternativeFaults(raw: RawSchema, path: string, skipFirst = false): FieldError[] {
  const faults: FieldError[] = [];
  const skipAnyOf = skipFirst || isIntOrStringPattern(raw.anyOf);
  const skipInAllOf = isIntOrStringPattern(raw.allOf?.[0]?.anyOf);
  for (const child of alternativesOf(raw, path)) {
    if (skipAnyOf && child.path.startsWith(`${path}.anyOf[`)) continue;
    const first = skipInAllOf && child.path === `${path}.allOf[0]`;
    faults.push(...nestedFaults(child.schema, child.path, first));
  }
  if (raw.pattern) {
    const fault = patternFault(raw.pattern);
    if (fault !== undefined)
      faults.push(
        invalidValue(
          `${path}.pattern`,
          raw.pattern,
          `must be a valid regular expression, but isn't: ${fault}`,
        ),
      );
  }
  return faults;
}

/** What an alternative may not say, since it would be about more than narrowing. */
function nestedFaults(raw: RawSchema, path: string, skipAnyOf = false): FieldError[] {
  const faults = alternativeFaults(raw, path, skipAnyOf);
  const items = itemsOf(raw);
  if (items) faults.push(...nestedFaults(items, `${path}.items`));
  for (const [name, property] of Object.entries(raw.properties ?? {}))
    faults.push(...nestedFaults(property, `${path}.properties[${name}]`));
  const forbid = (name: string, said: unknown, why: string): void => {
    if (said) faults.push(forbiddenField(`${path}.${name}`, `${why} to be structural`));
  };
  forbid('type', raw.type, 'must be empty');
  forbid('additionalProperties', valuesOf(raw), 'must be undefined');
  forbid('default', raw.default !== undefined && raw.default !== null, 'must be undefined');
  forbid('title', raw.title, 'must be empty');
  forbid('description', raw.description, 'must be empty');
  forbid('nullable', raw.nullable, 'must be false');
  for (const name of [
    'x-kubernetes-preserve-unknown-fields',
    'x-kubernetes-embedded-resource',
    'x-kubernetes-int-or-string',
  ] as const)
    forbid(name, raw[name], 'must be false');
  forbid('x-kubernetes-list-map-keys', raw['x-kubernetes-list-map-keys']?.length, 'must be empty');
  forbid('x-kubernetes-list-type', raw['x-kubernetes-list-type'], 'must be undefined');
  forbid('x-kubernetes-map-type', raw['x-kubernetes-map-type'], 'must be undefined');
  forbid('x-kubernetes-validations', raw['x-kubernetes-validations']?.length, 'must be empty');
  if (raw.properties && Object.hasOwn(raw.properties, 'metadata'))
    faults.push(forbiddenField(`${path}.properties[metadata]`, 'must not be specified in a nested context'));
  return faults;
}

const untyped: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function typeFaults(raw: RawSchema, path: string, level: Level): FieldError[] {
  const faults: FieldError[] = [];
  const at = `${path}.type`;
  const embedded = 'must be object if x-kubernetes-embedded-resource is true';
  if (raw['x-kubernetes-embedded-resource'] && raw.type !== 'object')
    faults.push(raw.type ? invalidValue(at, raw.type, embedded) : required(at, embedded));
  else if (!raw.type && !raw['x-kubernetes-int-or-string'] && !raw['x-kubernetes-preserve-unknown-fields'])
    faults.push(required(at, untyped[level]));
  if (level === 'root' && raw.type && raw.type !== 'object')
    faults.push(invalidValue(at, raw.type, 'must be object at the root'));
  return faults;
}

function embeddedFaults(raw: RawSchema, path: string): FieldError[] {
  if (!raw['x-kubernetes-embedded-resource']) return [];
  const faults: FieldError[] = [];
  if (raw.additionalProperties !== undefined)
    faults.push(
      forbiddenField(
        `${path}.additionalProperties`,
        'must not be used if x-kubernetes-embedded-resource is set',
      ),
    );
  const named = Object.keys(raw.properties ?? {}).length > 0;
  if (!named && !raw['x-kubernetes-preserve-unknown-fields'])
    faults.push(
      required(
        `${path}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    );
  return faults;
}

/** Every object has apiVersion, kind and metadata; a schema may only narrow them. */
function metadataFaults(raw: RawSchema, path: string, level: Level): FieldError[] {
  const faults: FieldError[] = [];
  const { kind, apiVersion, metadata } = raw.properties ?? {};
  const whole = level === 'root' || raw['x-kubernetes-embedded-resource'];
  for (const [name, property] of Object.entries({ kind, apiVersion }))
    if (whole && property && property.type !== 'string')
      faults.push(invalidValue(`${path}.properties[${name}].type`, property.type ?? '', 'must be string'));
  if (!metadata) return faults;
  const at = `${path}.properties[metadata]`;
  if (whole && metadata.type !== 'object')
    faults.push(invalidValue(`${at}.type`, metadata.type ?? '', 'must be object'));
  if (level === 'root' && !saysNamesOnly(metadata))
    faults.push(
      forbiddenField(
        at,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    );
  return faults;
}

function saysNamesOnly({ type: _type, default: _default, properties = {}, ...rest }: RawSchema): boolean {
  const names = Object.keys(properties);
  return (
    names.every((name) => name === 'name' || name === 'generateName') &&
    Object.values(rest).every((said) => said === undefined)
  );
}
