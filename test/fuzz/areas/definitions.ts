/** Custom resources whose definitions are hostile: deep and odd schemas, patterns and rules made to take long, columns that point nowhere. */
import * as fc from 'fast-check';
import { expectHonest } from '../expectations.ts';
import { hostileNames, jsonText, mutated, mutation } from '../hostile-values.ts';
import { probe, type Probe } from '../probe.ts';
import { Random } from '../random.ts';
import type { Target } from '../target.ts';

const patterns = [
  '(a+)+$',
  '(a|a)*$',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '(?=x)',
  '\\',
  '[',
  '(',
  '*',
  '(?P<x>a)',
  'a{1000}{1000}',
  '\\p{Greek}',
  '(a?){50}a{50}',
  'x'.repeat(5000),
  '(((((((((())))))))))',
];
const rules = [
  'self == self',
  'size(string(self)) < 100 || true',
  'oldSelf == self',
  'true',
  'self',
  'self.a',
  'self.a == 1',
  '1 + ',
  'self.__proto__ == 1',
  'self.all(x, self.all(y, self.all(z, true)))',
  'self.matches("(a+)+$")',
  'size(self) < 0',
  'self.map(x, self)',
  '"x" * 5',
  'self == oldSelf',
  'has(self.a) && self.a.b.c',
  '1/0 == 1',
  '9223372036854775807 + 1 > 0',
  'self.exists(k, k == "constructor")',
  '[1,2,3].map(x, [1,2,3].map(y, [1,2,3].map(z, x*y*z))).size() > 0',
  '('.repeat(300),
  '!'.repeat(300) + 'true',
  'a.'.repeat(300) + 'b',
  "duration('1h') > duration(self)",
  'quantity(self).isGreaterThan(quantity("1"))',
  'cel.bind(x, self, x)',
  "'a'.repeat(10)",
  'self.' + 'x'.repeat(3000),
  '"' + 'y'.repeat(9000) + '" == self',
  'dyn(self).a[0].b',
  'ip(self).family() == 4',
  'optional.none()',
  'self.filter(i, i).size()',
];

type Schema = Record<string, unknown>;

const anyType = {
  nullable: [true, false],
  description: ['x'],
  enum: [['a', 1, null], Array.from({ length: 300 }, (_, i) => `e${i}`)],
};
const number = {
  minimum: [-1, 0, 1e308],
  maximum: [0, 5, -1e308],
  exclusiveMinimum: [true],
  multipleOf: [1, 0.1, 1e-300, 0],
  format: ['int32', 'int64', 'float', 'x'],
};
/** Constraints by the type that they belong to; each of the right type of its own, mostly. */
const constraints: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = {
  string: {
    ...anyType,
    pattern: patterns,
    minLength: [0, 5, 1e15],
    maxLength: [0, 5, -1],
    format: ['date-time', 'byte', 'ipv4', 'uri', 'uuid', 'email', 'x'],
  },
  integer: { ...anyType, ...number },
  number: { ...anyType, ...number },
  boolean: anyType,
  array: {
    ...anyType,
    maxItems: [0, 5, 1e15],
    minItems: [0, 3],
    uniqueItems: [false, true],
    'x-kubernetes-list-type': ['set', 'atomic', 'map'],
    'x-kubernetes-list-map-keys': [['a'], ['__proto__'], []],
  },
  object: {
    ...anyType,
    maxProperties: [0, 3],
    minProperties: [1],
    required: [['a'], ['__proto__'], ['a', 'a']],
    'x-kubernetes-preserve-unknown-fields': [true],
    'x-kubernetes-embedded-resource': [true],
    'x-kubernetes-map-type': ['atomic', 'granular'],
  },
};
const wrong = ['x', 1, null, {}, [], true];
const names = ['a', 'b', 'spec', 'status', 'metadata', ...hostileNames.slice(0, 12)];
const depthMax = 3;

/** From a seed: nested arbitraries of this many fields would take longer to make than to try. */
function schemaOf(random: Random, depth = 0): Schema {
  const type = depth === 0 || random.chance(0.4) ? 'object' : random.pick(Object.keys(constraints));
  const own: Schema = { type };
  const known = Object.entries(constraints[type] ?? {});
  for (let count = random.below(3); count > 0; count--) {
    const [field, values] = random.pick(known);
    own[field] = random.chance(0.03) ? random.pick(wrong) : random.pick(values);
  }
  if (random.chance(0.1))
    own['x-kubernetes-validations'] = Array.from({ length: 1 + random.below(2) }, () => ruleOf(random));
  if (random.chance(0.05)) own['default'] = random.pick(['a', 1, true, null, {}, [], { a: { b: 1 } }]);
  const below = () => (depth < depthMax ? schemaOf(random, depth + 1) : { type: 'string' });
  if (type === 'array') own['items'] = below();
  if (type !== 'object') return own;
  if (random.chance(0.15)) own['additionalProperties'] = below();
  else
    own['properties'] = Object.fromEntries(
      Array.from({ length: random.below(4) }, () => [random.pick(names), below()]),
    );
  if (random.chance(0.1))
    own[random.pick(['anyOf', 'oneOf', 'allOf'])] = [{ required: ['a'] }, { not: { required: ['b'] } }];
  return own;
}

/** A value that the schema may take. */
function instanceOf(schema: Schema, random: Random): unknown {
  const { type, properties, additionalProperties, items, enum: choices } = schema;
  if (Array.isArray(choices) && choices.length > 0) return random.pick(choices) as unknown;
  switch (type) {
    case 'object': {
      const fields = Object.entries((properties ?? {}) as Record<string, Schema>).filter(() =>
        random.chance(0.7),
      );
      const named = fields.map(([name, property]) => [name, instanceOf(property, random)] as const);
      const more = additionalProperties
        ? [['k', instanceOf(additionalProperties as Schema, random)] as const]
        : [];
      return Object.fromEntries([...named, ...more]);
    }
    case 'array':
      return Array.from({ length: random.below(3) }, () => instanceOf((items ?? {}) as Schema, random));
    case 'string':
      return random.pick([
        'a',
        'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!',
        '2026-01-01T00:00:00Z',
        'AA==',
        '10.0.0.1',
      ]);
    case 'integer':
      return random.pick([0, 1, 5, 2_147_483_647]);
    case 'number':
      return random.pick([0, 0.3, 1e300]);
    default:
      return true;
  }
}

function ruleOf(random: Random): Schema {
  const rule: Schema = { rule: random.pick(rules) };
  if (random.chance(0.3)) rule['messageExpression'] = random.pick(rules);
  if (random.chance(0.3)) rule['message'] = random.pick(['m', '\n', '']);
  if (random.chance(0.2)) rule['fieldPath'] = random.pick(['.a', 'x[', '']);
  if (random.chance(0.1)) rule['optionalOldSelf'] = true;
  return rule;
}
const schema = fc.nat().map((seed) => schemaOf(new Random(seed)));
const deepSchema = fc.constantFrom(10, 60, 70, 120).map((levels) => {
  let inner: Schema = { type: 'string' };
  for (let level = 0; level < levels; level++) inner = { type: 'object', properties: { a: inner } };
  return inner;
});
const wideSchema = fc.constantFrom(100, 3000).map((count) => ({
  type: 'object',
  properties: Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `p${i}`,
      { type: 'object', properties: { a: { type: 'string', default: 'x' } }, default: {} },
    ]),
  ),
}));

const column = fc.record({
  name: fc.constantFrom('A', 'x'.repeat(300), '__proto__'),
  type: fc.constantFrom('string', 'integer', 'date', 'boolean', 'number'),
  jsonPath: fc.constantFrom<unknown>(
    '.spec',
    '.spec.a',
    '.metadata.labels',
    '..',
    '.spec[?(@.a=="b")]',
    '.spec[',
    ".spec['a']",
    '.spec[*].a',
    '.' + 'a.'.repeat(2000),
    '.spec[-1:0:0]',
    '.__proto__',
    '{.spec}',
  ),
  priority: fc.constantFrom(0, 1, 7),
});

const input = fc.record({
  schema: fc.oneof(
    { weight: 8, arbitrary: schema },
    { weight: 1, arbitrary: deepSchema },
    { weight: 1, arbitrary: wideSchema },
  ),
  columns: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(column, { maxLength: 2 }) },
  ),
  objects: fc.array(fc.record({ seed: fc.nat(), mutations: fc.array(mutation, { maxLength: 2 }) }), {
    minLength: 1,
    maxLength: 3,
  }),
  subresources: fc.constantFrom<unknown>(
    undefined,
    undefined,
    undefined,
    {},
    { status: {} },
    { status: {} },
    { status: {}, scale: { specReplicasPath: '.spec.a', statusReplicasPath: '.status.a' } },
    { scale: { specReplicasPath: '.__proto__', statusReplicasPath: 'x[' } },
  ),
  selectableFields: fc.constantFrom<unknown>(
    undefined,
    undefined,
    undefined,
    undefined,
    [{ jsonPath: '.spec.a' }],
    [{ jsonPath: '.spec[' }],
    [{}],
  ),
});
type Input = typeof input extends fc.Arbitrary<infer T> ? T : never;

export const definitions: readonly Probe[] = [
  probe('a custom resource of odd definition', input, defined, { share: 0.4 }),
];

let count = 0;

async function defined(
  target: Target,
  { schema: given, columns, objects, subresources, selectableFields }: Input,
): Promise<void> {
  const { client } = target;
  const plural = `things${++count}`;
  const group = 'fuzz.example.com';
  const definition = {
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, singular: `thing${count}`, kind: `Thing${count}`, listKind: `Thing${count}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: given, status: given, a: { type: 'string' } },
            },
          },
          subresources,
          additionalPrinterColumns: columns,
          selectableFields,
        },
      ],
    },
  };
  const at = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const headers = { 'content-type': 'application/json' };
  const made = await client.call({ method: 'POST', path: at, headers, body: jsonText(definition) });
  expectHonest(made);
  if (made.status !== 201) return;
  try {
    const path = `/apis/${group}/v1/namespaces/default/${plural}`;
    await expectServed(target, path);
    for (const [index, { seed, mutations }] of objects.entries()) {
      const random = new Random(seed);
      const made = { spec: instanceOf(given, random), status: instanceOf(given, random), a: 'x' };
      const fields = mutated(made, mutations) as Record<string, unknown>;
      const body = jsonText({
        apiVersion: `${group}/v1`,
        kind: `Thing${count}`,
        metadata: { name: `o${index}` },
        ...fields,
      });
      expectHonest(await client.call({ method: 'POST', path, headers, body }));
      expectHonest(
        await client.call({
          method: 'PATCH',
          path: `${path}/o${index}?fieldManager=f`,
          headers: { 'content-type': 'application/apply-patch+yaml' },
          body,
        }),
      );
      expectHonest(
        await client.call({
          method: 'PATCH',
          path: `${path}/o${index}`,
          headers: { 'content-type': 'application/merge-patch+json' },
          body: jsonText(fields),
        }),
      );
      for (const subresource of ['status', 'scale'])
        expectHonest(await client.call({ path: `${path}/o${index}/${subresource}` }));
    }
    expectHonest(
      await client.call({ path, headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }),
    );
    expectHonest(await client.call({ path: `${path}?fieldSelector=spec.a%3Dx` }));
    expectHonest(await client.call({ path: `/openapi/v3/apis/${group}/v1` }));
  } finally {
    expectHonest(await client.call({ method: 'DELETE', path: `${at}/${plural}.${group}` }));
  }
}

/** A definition is served a moment after it is there, or never when its names are taken. */
async function expectServed({ client }: Target, path: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await client.call({ path })).status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${path} is not served though it is defined`);
}
