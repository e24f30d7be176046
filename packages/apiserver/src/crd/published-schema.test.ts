/**
 * Holds what OpenAPI tells of custom kinds to what kube-apiserver 1.36 tells of the same definition, recorded in
 * `testing/published-definition.json` but for its words about the fields that every object has.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { customKind } from '#crd/custom-kind.ts';
import type { Definition } from '#crd/definition.ts';
import { buildOpenApiV2, buildOpenApiV3 } from '#openapi/document.ts';

const recorded = JSON.parse(
  readFileSync(join(import.meta.dirname, '../testing/published-definition.json'), 'utf8'),
) as Record<'definition' | 'v3' | 'v2', Record<string, unknown>>;
const definition = recorded.definition as unknown as Definition;
const source = { ...customKind(definition, definition.spec.versions[0]!), custom: true };

test('the schema of a custom kind in v3 is as in its definition', () => {
  const { components } = buildOpenApiV3([source]) as { components: { schemas: object } };
  expect(told(components.schemas, recorded.v3)).toEqual(recorded.v3);
});

test('the schema of a custom kind in v2 is what readers of that make something of', () => {
  const { definitions } = buildOpenApiV2([source], 'v1') as { definitions: object };
  expect(told(definitions, recorded.v2)).toEqual(recorded.v2);
});

/** Of all schemas those that are held. */
function told(schemas: object, held: object): unknown {
  return without(Object.fromEntries(Object.entries(schemas).filter(([name]) => Object.hasOwn(held, name))));
}

const shared = new Set(['apiVersion', 'kind', 'metadata', 'items']);

/** Without the server's own words. */
function without(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => without(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, part]) => !(name === 'description' && typeof part === 'string' && shared.has(key)))
      .map(([name, part]) => [name, without(part, name)]),
  );
}
