/** Objects as their schema would have them: right types, plausible texts, some of the optional fields. */
import { builtinSchemas, resolveSchema, type KindInfo, type Schema } from '@skerry/api';
import type { Random } from './random.ts';
import { hostileScalars } from './hostile-values.ts';

const depthMax = 12;

/** Texts by the field that they are in; most are told apart by validation only. */
const texts: readonly (readonly [RegExp, readonly string[]])[] = [
  [/image$/i, ['busybox', 'registry.example/x:1', 'a@sha256:0']],
  [/ip$|address/i, ['10.0.0.7', '::1', 'fd00::1', '']],
  [/cidr/i, ['10.0.0.0/24', 'fd00::/64']],
  [/key$/i, ['app', 'example.com/x']],
  [/operator/i, ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Equal', 'Gt']],
  [
    /policy|type|protocol|mode/i,
    [
      'Always',
      'IfNotPresent',
      'TCP',
      'UDP',
      'Recreate',
      'ClusterIP',
      'Opaque',
      'Retain',
      'Delete',
      'OnDelete',
    ],
  ],
  [/schedule/i, ['*/5 * * * *', '@daily']],
  [/effect/i, ['NoSchedule', 'NoExecute']],
  [/scope/i, ['Namespaced', 'Cluster', '*']],
  [/path/i, ['/', '/var/x', 'x']],
  [/verb/i, ['get', '*', 'list']],
  [/status|conditionstatus/i, ['True', 'False', 'Unknown']],
  [/medium/i, ['', 'Memory']],
];

const names = ['a', 'x1', 'app', 'web-1', 'default', 'kube-root-ca.crt'];

export function objectOf(kind: KindInfo, random: Random): Record<string, unknown> {
  const object = valueOf({ ref: kind.schema }, kind.kind, { random, depth: 0 }) as Record<string, unknown>;
  object['apiVersion'] = kind.group ? `${kind.group}/${kind.version}` : kind.version;
  object['kind'] = kind.kind;
  return object;
}

interface At {
  readonly random: Random;
  readonly depth: number;
}

export function valueOf(given: Schema, field: string, at: At): unknown {
  const { random, depth } = at;
  const schema = resolveSchema(builtinSchemas, given);
  const below = { random, depth: depth + 1 };
  if (schema.enum) return random.pick(schema.enum);
  if (schema.intOrString)
    return schema.format === 'quantity'
      ? random.pick(['1', '100m', '2Gi', '0', '1.5', 7])
      : random.pick([1, 80, '50%', 'http']);
  switch (schema.type) {
    case 'object': {
      const object: Record<string, unknown> = {};
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        const required = schema.required?.includes(name) ?? false;
        if (depth > depthMax || (!required && !random.chance(depth < 2 ? 0.6 : 0.25))) continue;
        if (name === 'managedFields' || name === 'status') continue;
        object[name] = valueOf(property, name, below);
      }
      if (schema.additionalProperties && depth <= depthMax) {
        for (let count = random.below(3); count > 0; count--)
          object[random.pick(names)] = valueOf(schema.additionalProperties, field, below);
      }
      if (schema.preserveUnknownFields && random.chance(0.5)) object['free'] = random.pick(['x', 1, null]);
      return object;
    }
    case 'array': {
      if (depth > depthMax) return [];
      return Array.from({ length: random.below(3) }, () => valueOf(schema.items ?? {}, field, below));
    }
    case 'string':
      return textOf(schema, field, random);
    case 'integer':
      return random.pick([0, 1, 2, 3, 80, 8080, 100, 600, 2_147_483_647]);
    case 'number':
      return random.pick([0, 0.5, 1e9]);
    case 'boolean':
      return random.chance(0.5);
    default: {
      const free = random.pick(hostileScalars.filter((value) => typeof value !== 'object'));
      return depth > depthMax ? free : { any: free };
    }
  }
}

function textOf(schema: Schema, field: string, random: Random): string {
  if (schema.format === 'date-time')
    return random.pick(['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.123456Z']);
  if (schema.format === 'byte') return random.pick(['', 'AA==', 'aGVsbG8=']);
  const [, choices = names] = texts.find(([pattern]) => pattern.test(field)) ?? [];
  return random.pick(choices);
}
