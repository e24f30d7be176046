/**
 * What a schema says that custom resources do not have, or that contradicts itself: types of lists and maps, defaults where
 * none may be, rules without text.
 */
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '@skerry/api';
import { fieldAt } from '#crd/rules/field-path.ts';
import { alternativesOf, isSchema, itemsOf, type RawSchema, valuesOf } from '#crd/schema/nodes.ts';

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const metaFields: ReadonlySet<string> = new Set(['metadata', 'kind', 'apiVersion']);

/** Where a node stands. */
interface Place {
  readonly isRoot: boolean;
  /** Why no default may be here; undefined where it may. */
  readonly noDefaults: string | undefined;
  readonly insideMeta: boolean;
}

export function extensionFaults(raw: RawSchema, path: string): FieldError[] {
  return faultsAt(raw, path, { isRoot: true, noDefaults: undefined, insideMeta: false });
}

function faultsAt(raw: RawSchema, path: string, place: Place): FieldError[] {
  return [
    ...foreignKeys(raw, path, place),
    ...childFaults(raw, path, place),
    ...mapTypeFaults(raw, path),
    ...listTypeFaults(raw, path),
    ...listMapFaults(raw, path),
    ...elementFaults(raw, path),
    ...ruleTextFaults(raw, path),
  ];
}

function foreignKeys(raw: RawSchema, path: string, place: Place): FieldError[] {
  const faults: FieldError[] = [];
  const forbid = (name: string, said: unknown, why = `${name} is not supported`): void => {
    if (said) faults.push(forbiddenField(`${path}.${name}`, why));
  };
  if (raw.type && !types.includes(raw.type)) faults.push(notSupported(`${path}.type`, raw.type, types));
  const hasDefault = raw.default !== undefined && raw.default !== null;
  forbid(
    'default',
    hasDefault && place.noDefaults !== undefined,
    `must not be set ${place.noDefaults ?? ''}`,
  );
  forbid('id', raw.id);
  forbid('additionalItems', raw.additionalItems !== undefined);
  forbid('patternProperties', Object.keys(raw.patternProperties ?? {}).length);
  forbid('definitions', Object.keys(raw.definitions ?? {}).length);
  forbid('dependencies', raw.dependencies);
  forbid('$ref', raw.$ref);
  forbid('type', raw.type === 'null', 'type cannot be set to null, use nullable as an alternative');
  forbid('items', Array.isArray(raw.items), 'items must be a schema object and not an array');
  forbid(
    'x-kubernetes-embedded-resource',
    place.insideMeta && raw['x-kubernetes-embedded-resource'],
    'must not be used inside of resource meta',
  );
  forbid(
    'uniqueItems',
    raw.uniqueItems,
    'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
  );
  const named = Object.keys(raw.properties ?? {}).length > 0;
  const { additionalProperties } = raw;
  forbid(
    'additionalProperties',
    named && (additionalProperties === false || isSchema(additionalProperties)),
    'additionalProperties and properties are mutual exclusive',
  );
  if (raw['x-kubernetes-preserve-unknown-fields'] === false)
    faults.push(
      invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'),
    );
  return faults;
}

function childFaults(raw: RawSchema, path: string, place: Place): FieldError[] {
  const below: Place = { ...place, isRoot: false };
  const faults: FieldError[] = [];
  const values = valuesOf(raw);
  if (values) {
    const noDefaults = place.insideMeta
      ? 'inside additionalProperties applying to object metadata'
      : place.noDefaults;
    faults.push(...faultsAt(values, `${path}.additionalProperties`, { ...below, noDefaults }));
  }
  for (const [name, property] of Object.entries(raw.properties ?? {})) {
    const meta = (place.isRoot || raw['x-kubernetes-embedded-resource']) && metaFields.has(name);
    faults.push(
      ...faultsAt(property, `${path}.properties[${name}]`, {
        isRoot: false,
        insideMeta: place.insideMeta || Boolean(meta),
        noDefaults: meta && place.isRoot ? `in top-level ${name}` : place.noDefaults,
      }),
    );
  }
  for (const child of alternativesOf(raw, path)) faults.push(...faultsAt(child.schema, child.path, below));
  const items = itemsOf(raw);
  if (items) faults.push(...faultsAt(items, `${path}.items`, below));
  return faults;
}

function wrongTypeFor(raw: RawSchema, path: string, wanted: string, extension: string): FieldError[] {
  if (raw.type === wanted) return [];
  const why = `must be ${wanted} if ${extension} is specified`;
  return [raw.type ? invalidValue(`${path}.type`, raw.type, why) : required(`${path}.type`, why)];
}

function mapTypeFaults(raw: RawSchema, path: string): FieldError[] {
  const mapType = raw['x-kubernetes-map-type'];
  if (mapType === undefined) return [];
  const faults = wrongTypeFor(raw, path, 'object', 'x-kubernetes-map-type');
  const known = ['atomic', 'granular'];
  if (!known.includes(mapType)) faults.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, known));
  return faults;
}

function listTypeFaults(raw: RawSchema, path: string): FieldError[] {
  const listType = raw['x-kubernetes-list-type'];
  if (listType === undefined) return [];
  const faults = wrongTypeFor(raw, path, 'array', 'x-kubernetes-list-type');
  const items = itemsOf(raw);
  if (faults.length === 0 && listType === 'set' && items) faults.push(...setItemFaults(items, path));
  const known = ['atomic', 'set', 'map'];
  if (!known.includes(listType)) faults.push(notSupported(`${path}.x-kubernetes-list-type`, listType, known));
  return faults;
}

/** Elements of a set are compared whole, so they may not be merged. */
function setItemFaults(items: RawSchema, path: string): FieldError[] {
  const why = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items['x-kubernetes-list-type'];
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic')
    return [invalidValue(`${path}.items.x-kubernetes-list-type`, listType, why)];
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic')
    return [invalidValue(`${path}.items.x-kubernetes-map-type`, listType, why)];
  return [];
}

function listMapFaults(raw: RawSchema, path: string): FieldError[] {
  const faults: FieldError[] = [];
  const listType = raw['x-kubernetes-list-type'];
  const keys = raw['x-kubernetes-list-map-keys'] ?? [];
  const at = `${path}.x-kubernetes-list-map-keys`;
  if (keys.length > 0 && listType !== 'map') {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
    const place = `${path}.x-kubernetes-list-type`;
    faults.push(listType === undefined ? required(place, why) : invalidValue(place, listType, why));
  }
  if (listType !== 'map') return faults;
  if (keys.length === 0) faults.push(required(at, 'must not be empty if x-kubernetes-list-type is map'));
  const items = itemsOf(raw);
  if (raw.items === undefined)
    faults.push(required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'));
  else if (!items)
    faults.push(
      invalidValue(
        `${path}.items`,
        raw.items,
        'must only have a single schema if x-kubernetes-list-type is map',
      ),
    );
  else if (items.type !== 'object')
    faults.push(
      invalidValue(
        `${path}.items.type`,
        items.type ?? '',
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    );
  else faults.push(...keyFaults(items, keys, path));
  return faults;
}

function keyFaults(items: RawSchema, keys: readonly string[], path: string): FieldError[] {
  const faults: FieldError[] = [];
  const at = `${path}.x-kubernetes-list-map-keys`;
  const seen = new Set<string>();
  for (const key of keys) {
    const property = propertyOf(items, key);
    if (!property) faults.push(invalidValue(at, keys, 'entries must all be names of item properties'));
    else if (property.type === 'array' || property.type === 'object')
      faults.push(
        invalidValue(
          `${path}.items.properties[${key}].type`,
          'object',
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      );
    if (seen.has(key)) faults.push(invalidValue(at, keys, 'must not contain duplicate entries'));
    seen.add(key);
  }
  return faults;
}

function propertyOf(raw: RawSchema, name: string): RawSchema | undefined {
  return raw.properties && Object.hasOwn(raw.properties, name) ? raw.properties[name] : undefined;
}

/** Elements of sets and maps must be there, and so must the keys of maps. */
function elementFaults(raw: RawSchema, path: string): FieldError[] {
  const listType = raw['x-kubernetes-list-type'];
  const items = itemsOf(raw);
  if (!items || (listType !== 'set' && listType !== 'map')) return [];
  const faults: FieldError[] = [];
  if (items.nullable)
    faults.push(
      forbiddenField(
        `${path}.items.nullable`,
        `cannot be nullable when x-kubernetes-list-type is ${listType}`,
      ),
    );
  if (listType === 'set') return faults;
  for (const key of raw['x-kubernetes-list-map-keys'] ?? []) {
    const property = propertyOf(items, key);
    if (!property) continue;
    const at = `${path}.items.properties[${key}]`;
    if (!items.required?.includes(key) && (property.default === undefined || property.default === null))
      faults.push(
        required(
          `${at}.default`,
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        ),
      );
    if (property.nullable)
      faults.push(
        forbiddenField(
          `${at}.nullable`,
          'this property is in x-kubernetes-list-map-keys, so it cannot be nullable',
        ),
      );
  }
  return faults;
}

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const lineBreak = /[\n\r]/;

/** Of rules, what can be told without reading them. */
function ruleTextFaults(raw: RawSchema, path: string): FieldError[] {
  return (raw['x-kubernetes-validations'] ?? []).flatMap((rule, index) => {
    const at = `${path}.x-kubernetes-validations[${index}]`;
    const faults = messageFaults(rule, at);
    if (rule.messageExpression && rule.messageExpression.trim() === '')
      faults.push(required(`${at}.messageExpression`, 'messageExpression must be non-empty if specified'));
    if (rule.reason !== undefined && !reasons.includes(rule.reason))
      faults.push(notSupported(`${at}.reason`, rule.reason, reasons));
    const { fieldPath } = rule;
    if (!fieldPath) return faults;
    const wrong = (why: string): FieldError => invalidValue(`${at}.fieldPath`, fieldPath, why);
    if (fieldPath.trim() === '') faults.push(wrong('must be non-empty if specified'));
    if (lineBreak.test(fieldPath)) faults.push(wrong('must not contain line breaks'));
    if ('fault' in fieldAt(raw, fieldPath)) faults.push(wrong('must be a valid path'));
    return faults;
  });
}

function messageFaults(
  { rule, message = '' }: { rule?: string; message?: string },
  at: string,
): FieldError[] {
  const trimmed = message.trim();
  if (!rule?.trim()) return [required(`${at}.rule`, 'rule is not specified')];
  if (message !== '' && trimmed === '')
    return [invalidValue(`${at}.message`, message, 'must be non-empty if specified')];
  if (lineBreak.test(trimmed))
    return [invalidValue(`${at}.message`, message, 'must not contain line breaks')];
  if (lineBreak.test(rule.trim()) && trimmed === '')
    return [required(`${at}.message`, 'message must be specified if rule contains line breaks')];
  return [];
}
