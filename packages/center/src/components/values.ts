/** The values of a component: defaults of its schema filled in, then checked against it, as a custom resource's spec is. */
import {
  applyDefaults,
  type JSONSchemaProps,
  pruneUnknown,
  type Schema,
  validateStructural,
} from '@skerry/api';
import { SkerryError } from '@skerry/base';

const noSchemas = { schemas: {} };

/** Fails with `component-values-invalid`; what the schema doesn't know is refused rather than dropped. */
export function checkValues(
  schema: JSONSchemaProps,
  given: Readonly<Record<string, unknown>>,
  what: string,
): Record<string, unknown> {
  // Schemas of components keep to what both forms share: types, bounds, defaults.
  const structural = schema as Schema;
  const values: Record<string, unknown> = structuredClone(given);
  const unknown = pruneUnknown(noSchemas, structural, structuredClone(values), { root: false });
  if (unknown.length > 0) throw invalid(what, [`unknown: ${unknown.slice(0, 5).join(', ')}`]);
  applyDefaults(noSchemas, structural, values);
  const faults = validateStructural(noSchemas, structural, values, 'values');
  if (faults.length > 0)
    throw invalid(
      what,
      faults.slice(0, 5).map(({ path, message }) => `${path}: ${message}`),
    );
  return values;
}

function invalid(what: string, why: readonly string[]): SkerryError {
  return new SkerryError('component-values-invalid', `${what}: ${why.join('; ')}`);
}
