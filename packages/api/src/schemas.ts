import generated from '#schemas.generated.json' with { type: 'json' };
import type { Schema, SchemaSet } from '#schema.ts';

/** Schemas of the built-in kinds and of their parts, by full name: `io.k8s.api.core.v1.Pod`. */
export const builtinSchemas: SchemaSet = {
  // The generator writes `Schema`s; the type that the compiler infers from the file would be far larger than the file.
  schemas: generated as unknown as Readonly<Record<string, Schema>>,
};
