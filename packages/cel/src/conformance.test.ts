/**
 * Holds the language to its own conformance suite, https://github.com/google/cel-spec/tree/master/tests/simple: all of it that
 * servers of Kubernetes have. What is left out is counted by the reason why, so that nothing falls out unseen.
 */
import { tests as suite } from '@bufbuild/cel-spec/testdata/conformance.js';
import { expect, test } from 'vitest';
import { type Compiled, Environment } from '#environment.ts';
import { bindMacro, kubernetesMacros } from '#syntax/macros.ts';
import { type Case, shown, typeOfJson, valueOfJson, wanted } from '#testing/conformance-case.ts';
import type { Value } from '#values/value.ts';

interface Suite {
  readonly name: string;
  readonly suites?: readonly Suite[];
  readonly tests?: readonly { readonly original: Case }[];
}

interface Placed extends Case {
  readonly place: string;
}

/** Sections by path, or the beginning of one. */
const absent: readonly (readonly [string, string])[] = [
  ['block_ext', 'cel.block, which compilers make, is not in Kubernetes'],
  ['encoders_ext', 'base64 is not in Kubernetes'],
  ['math_ext', 'math is not in Kubernetes'],
  ['proto2', 'protobuf messages'],
  ['proto3', 'protobuf messages'],
  ['enums', 'protobuf messages'],
  ['dynamic', 'protobuf messages'],
];

/** Where the suite and cel-go as Kubernetes has it differ: mostly texts of `format`, of which it has the version before. */
const otherwise: ReadonlySet<string> = new Set([
  'fields/qualified_identifier_resolution/map_value_repeat_key',
  'optionals/optionals/map_null_entry_no_such_key',
  'optionals/optionals/map_present_key_invalid_field',
  'string_ext/format/NaN support for decimal',
  'string_ext/format/NaN support for scientific notation',
  'string_ext/format/default precision for scientific notation',
  'string_ext/format/dyntype NaN/infinity support',
  'string_ext/format/dyntype support for lists',
  'string_ext/format/dyntype support for maps',
  'string_ext/format/dyntype support for scientific notation',
  'string_ext/format/list support for string',
  'string_ext/format/map support (all key types)',
  'string_ext/format/map support for string',
  'string_ext/format/negative infinity support for decimal',
  'string_ext/format/negative infinity support for fixed-point',
  'string_ext/format/negative infinity support for scientific notation',
  'string_ext/format/positive infinity support for decimal',
  'string_ext/format/positive infinity support for fixed-point',
  'string_ext/format/positive infinity support for scientific notation',
  'string_ext/format/scientific notation formatting clause',
  'string_ext/format/scientific notation formatting clause in a string variable',
  'string_ext/value_errors/indexof_out_of_range',
  'string_ext/value_errors/lastindexof_out_of_range',
]);

const messages = /google\.protobuf\.(?!Timestamp|Duration)|TestAllTypes|NestedMessage|GlobalEnum/;

function placed({ name, suites = [], tests = [] }: Suite, above = ''): Placed[] {
  const place = above ? `${above}/${name}` : name;
  return [
    ...tests.map(({ original }) => ({ ...original, place: `${place}/${original.name ?? original.expr}` })),
    ...suites.flatMap((inner) => placed(inner, place)),
  ];
}

function missing(each: Placed): string | undefined {
  const section = absent.find(([path]) => each.place.startsWith(path));
  if (section) return section[1];
  const wants = each.value ?? each.typedResult?.result;
  if (messages.test(each.expr) || (wants && wanted(wants) === undefined)) return 'protobuf messages';
  if (each.container) return 'names within a container';
  const typed = (each.typeEnv ?? []).every(({ ident }) => typeOfJson(ident?.type));
  if (!typed) return 'functions and types of the test';
  if (otherwise.has(each.place)) return 'cel-go with the libraries of Kubernetes answers otherwise';
  return refused(each);
}

/** What the suite has evaluated and a server refuses before. */
function refused(each: Placed): string | undefined {
  const compiled = compile(each);
  if (compiled.ok || each.evalError) return undefined;
  if (each.disableCheck) return 'only evaluated where nothing checks it before';
  if (each.expr.includes('`')) return 'quoted names are not in Kubernetes';
  return compiled.issues.includes('expected type')
    ? 'Kubernetes refuses literals of several types'
    : undefined;
}

const all = (suite as Suite).suites!.flatMap((section) => placed(section));
const reasons = all.map(missing);
const possible = all.filter((_, index) => reasons[index] === undefined);

function compile(each: Placed): Compiled {
  const variables = Object.fromEntries(
    (each.typeEnv ?? []).map(({ name, ident }) => [name, typeOfJson(ident?.type)!]),
  );
  const macros = new Map([...kubernetesMacros, ...bindMacro]);
  return new Environment({ variables, macros }).compile(each.expr);
}

test.for(possible)('$place: $expr', (each) => {
  const compiled = compile(each);
  if (!compiled.ok) {
    expect(each.evalError ? '' : compiled.issues).toBe('');
    return;
  }
  const { deducedType, result } = each.typedResult ?? {};
  if (deducedType) expect(compiled.type.toString()).toBe(typeOfJson(deducedType)?.toString());
  if (each.checkOnly) return;
  const bindings = Object.entries(each.bindings ?? {}).map(
    ([name, { value }]) => [name, valueOfJson(value!)] as const,
  );
  const outcome = compiled.program.evaluate(Object.fromEntries(bindings) as Record<string, Value>);
  if (each.evalError) {
    expect(outcome).toHaveProperty('fault');
    return;
  }
  const wants = each.value ?? result ?? { boolValue: true };
  expect('fault' in outcome ? outcome.fault : shown(outcome.value)).toEqual(wanted(wants));
});

test('what is left out', () => {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason ?? 'run', (counts.get(reason ?? 'run') ?? 0) + 1);
  expect(Object.fromEntries(counts)).toEqual({
    run: 1314,
    'Kubernetes refuses literals of several types': 43,
    'base64 is not in Kubernetes': 4,
    'cel-go with the libraries of Kubernetes answers otherwise': 23,
    'cel.block, which compilers make, is not in Kubernetes': 37,
    'functions and types of the test': 19,
    'math is not in Kubernetes': 199,
    'names within a container': 2,
    'only evaluated where nothing checks it before': 29,
    'protobuf messages': 668,
    'quoted names are not in Kubernetes': 6,
  });
});
