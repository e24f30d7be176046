import { cloneJson, isJsonMap, type JsonMap } from '../patch/json-value.ts';
import { resolveSchema, type Schema, type SchemaSet } from '../schema.ts';
import { configurationFaults } from './configuration-faults.ts';
import { mergeConfiguration } from './merge.ts';
import { Shapes } from './typed-value.ts';

export type Merged = { readonly value: unknown } | { readonly fault: string };

/**
 * A configuration laid over an object as server-side apply does it, for who owns nothing: admission policies. What can only
 * be set whole, it may not set at all: the rest of it would be lost, which hardly anyone means.
 */
export function mergeUnowned(set: SchemaSet, schema: Schema, live: unknown, config: unknown): Merged {
  const [untyped] = configurationFaults(set, schema, config);
  if (untyped !== undefined) return { fault: `failed to convert patch object to typed object: ${untyped}` };
  const atomics = [...atomicPaths(set, schema, { value: config, path: '' })];
  if (atomics.length > 0) {
    const why = `may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`;
    return { fault: `invalid ApplyConfiguration: ${why}` };
  }
  return { value: mergeConfiguration(Shapes.over(set), schema, { live: cloneJson(live), config }) };
}

function* atomicPaths(
  set: SchemaSet,
  schema: Schema | undefined,
  { value, path }: { value: unknown; path: string },
): Generator<string> {
  if (!isJsonMap(value) && !Array.isArray(value)) return;
  const shape = Shapes.over(set).of(schema, value);
  if (shape.kind === 'leaf') yield path;
  const resolved = schema && resolveSchema(set, schema);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      yield* atomicPaths(set, resolved?.items, { value: item, path: `${path}[${index}]` });
    }
    return;
  }
  for (const [key, held] of Object.entries(value as JsonMap)) {
    const field = Shapes.over(set).field(resolved, key);
    yield* atomicPaths(set, field, { value: held, path: `${path}.${key}` });
  }
}
