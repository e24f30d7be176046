/** Defaults must be what the schema that they are in lets through: known fields, right values, rules kept. */
import { type FieldError, invalidValue, pruneUnknown, sameJson, validateStructural } from '@skerry/api';
import { embeddedFaults } from '#crd/embedded-resource.ts';
import { RuleValidator } from '#crd/rules/rule-validator.ts';
import { itemsOf, type RawSchema } from '#crd/schema/nodes.ts';
import { schemaFrom } from '#crd/structural-schema.ts';

export function defaultFaults(raw: RawSchema, path: string): FieldError[] {
  const faults = hasDefault(raw) ? ownFaults(raw, `${path}.default`) : [];
  const items = itemsOf(raw);
  if (items) faults.push(...defaultFaults(items, `${path}.items`));
  for (const [name, property] of Object.entries(raw.properties ?? {}))
    faults.push(...defaultFaults(property, `${path}.properties[${name}]`));
  return faults;
}

/** Null says that there is none. */
export function hasDefault(raw: RawSchema): boolean {
  return raw.default !== undefined && raw.default !== null;
}

function ownFaults(raw: RawSchema, path: string): FieldError[] {
  const set = { schemas: {} };
  const schema = schemaFrom(raw);
  const embedded = raw['x-kubernetes-embedded-resource'] === true;
  const pruned = structuredClone(raw.default);
  pruneUnknown(set, schema, pruned, { root: embedded });
  const faults = sameJson(pruned, raw.default)
    ? []
    : [invalidValue(path, raw.default, 'must not have unknown fields')];
  const wrong = [...embeddedFaults(raw, raw.default, path)];
  if (wrong.length === 0) wrong.push(...validateStructural(set, schema, raw.default, path));
  if (wrong.length > 0) return [...faults, ...wrong.map((fault) => asDefault(fault, path))];
  const rules = RuleValidator.of(raw, { root: embedded });
  if (!rules) return faults;
  const ofChange = rules.faults(raw.default, raw.default, path);
  return [...faults, ...(ofChange.length > 0 ? ofChange : rules.faults(raw.default, undefined, path))];
}

/** Stock servers name no path within the words. */
function asDefault(fault: FieldError, path: string): FieldError {
  return { ...fault, message: fault.message.replace(`${path} in body`, ' in body') };
}
