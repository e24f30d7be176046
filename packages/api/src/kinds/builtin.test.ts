import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KindInfo } from '#kind.ts';
import type { AnyObject } from '#object.ts';
import { decodeObject } from '#schema-decode.ts';
import { resolveSchema, type Schema } from '#schema.ts';
import { builtinSchemas } from '#schemas.ts';
import { builtinKinds, kindOf, resourceOf } from '#kinds/builtin.ts';

const depthMax = 7;

/** Values of the right types and any content, with fields left out at will: what a server gets to see after decoding. */
function valueOf(given: Schema, depth = 0): fc.Arbitrary<unknown> {
  const schema = resolveSchema(builtinSchemas, given);
  if (schema.intOrString)
    return schema.format === 'quantity'
      ? fc.constantFrom('1', '500m', '1Gi', '0')
      : fc.oneof(fc.nat(200), fc.constantFrom('25%', '0%', 'http', ''));
  switch (schema.type) {
    case 'object': {
      if (schema.additionalProperties)
        return depth > depthMax
          ? fc.constant({})
          : fc.dictionary(
              fc.constantFrom('a', 'cpu', 'example.com/b'),
              valueOf(schema.additionalProperties, depth + 1),
              {
                maxKeys: 2,
              },
            );
      if (depth > depthMax || !schema.properties) return fc.constant({});
      // Chosen first and built then: some types contain themselves.
      const fields = Object.entries(schema.properties);
      return fc
        .subarray(fields, { maxLength: Math.min(6, fields.length) })
        .chain((chosen) =>
          fc.record(
            Object.fromEntries(chosen.map(([name, property]) => [name, valueOf(property, depth + 1)])),
          ),
        );
    }
    case 'array':
      return depth > depthMax
        ? fc.constant([])
        : fc.array(valueOf(schema.items ?? {}, depth + 1), { maxLength: 2 });
    case 'integer':
    case 'number':
      return fc.integer({ min: -2, max: 70_000 });
    case 'boolean':
      return fc.boolean();
    case 'string':
      if (schema.format === 'date-time') return fc.constant('2026-01-01T00:00:00.000000Z');
      if (schema.format === 'byte') return fc.constantFrom('', 'YQ==');
      return fc.constantFrom(
        '',
        'a',
        'Always',
        'RollingUpdate',
        'ClusterIP',
        'Not A Name',
        '10.0.0.1',
        ...((schema.enum as string[]) ?? []),
      );
    default:
      return fc.constantFrom({}, 'x', 1);
  }
}

const decodable = (info: KindInfo): fc.Arbitrary<AnyObject> =>
  valueOf({ ref: info.schema }).map((value) => {
    const { object } = decodeObject(builtinSchemas, { ref: info.schema }, value, {
      mode: 'Strict',
      kind: info.kind,
      version: info.version,
    });
    const metadata = (object['metadata'] ?? {}) as AnyObject['metadata'];
    return { ...object, metadata };
  });

describe.each(builtinKinds.map((info) => [`${info.group}/${info.version} ${info.kind}`, info] as const))(
  '%s',
  (_, info) => {
    test('has a schema, and columns where it can be listed', () => {
      expect(builtinSchemas.schemas[info.schema]).toBeDefined();
      if (info.verbs.includes('list'))
        expect(info.columns.some((column) => column.name === 'Name')).toBe(true);
      expect(kindOf(info.group, info.version, info.kind)).toBe(info);
      expect(resourceOf(info.group, info.version, info.resource)).toBe(info);
    });

    test('takes any object of the right types without breaking, and its defaults settle at once', () => {
      const { strategy, columns, conversion } = info;
      fc.assert(
        fc.property(decodable(info), decodable(info), (object, old) => {
          strategy.prepareForCreate?.(object);
          strategy.setDefaults?.(object);
          const once = structuredClone(object);
          strategy.setDefaults?.(object);
          expect(object).toEqual(once);
          strategy.validate?.(object);
          strategy.setDefaults?.(old);
          strategy.prepareForUpdate?.(object, old);
          strategy.validateUpdate?.(object, old);
          strategy.warnings?.(object);
          strategy.deletionGraceSeconds?.(object, undefined);
          for (const field of info.selectableFields) strategy.fieldValue?.(object, field);
          for (const column of columns) expect(column.cell(object, 0)).toBeDefined();
          if (conversion) conversion.fromStorage(conversion.toStorage(object));
        }),
        { numRuns: 60, seed: 1 },
      );
    });

    test('comes back from its conversion as it went', () => {
      const { conversion } = info;
      if (!conversion) return;
      fc.assert(
        fc.property(decodable(info), (object) => {
          const once = conversion.fromStorage(conversion.toStorage(structuredClone(object)));
          const twice = conversion.fromStorage(conversion.toStorage(structuredClone(once)));
          expect(twice).toEqual(once);
        }),
        { numRuns: 60, seed: 2 },
      );
    });
  },
);
