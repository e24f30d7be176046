/** Bodies as bytes: cut, bent and blown up, in each media type, and texts made to keep a reader busy. */
import { builtinKinds } from '@skerry/api';
import * as fc from 'fast-check';
import { damage, damaged, format, mediaTypes, written } from '../documents.ts';
import { expectHonest } from '../expectations.ts';
import { probe, type Probe } from '../probe.ts';
import type { Target } from '../target.ts';
import { collectionOf, documentOf } from './objects.ts';

const kinds = builtinKinds.filter(({ verbs }) => verbs.includes('create') && verbs.includes('get'));

const bent = fc.record({
  kind: fc.nat({ max: kinds.length - 1 }),
  from: fc.oneof(fc.constant('sample' as const), fc.nat()),
  format,
  damages: fc.array(damage, { minLength: 1, maxLength: 4 }),
  contentType: fc.option(
    fc.constantFrom(
      ...Object.values(mediaTypes),
      'application/merge-patch+json',
      'text/plain',
      'application/json; charset=utf-16',
      'application/x-www-form-urlencoded',
      '*/*',
      'application/json,application/yaml',
      ';',
    ),
    { freq: 4 },
  ),
});

/** Texts that are small to write and dear to read; `n` is about their size in bytes. */
export const bombs: Readonly<Record<string, (n: number) => string>> = {
  'list of scalars': (n) => `{"metadata":{"name":"x"},"kind":"ConfigMap","x":[${'1,'.repeat(n / 2)}1]}`,
  'list of empty objects': (n) =>
    `{"metadata":{"name":"x"},"kind":"ConfigMap","x":[${'{},'.repeat(n / 3)}{}]}`,
  'containers that are empty': (n) =>
    `{"metadata":{"name":"x"},"spec":{"containers":[${'{},'.repeat(n / 3)}{}]}}`,
  'environment that is empty': (n) =>
    `{"metadata":{"name":"x"},"spec":{"containers":[{"name":"a","env":[${'{},'.repeat(n / 3)}{}]}]}}`,
  'keys that differ': (n) =>
    `{"metadata":{"name":"x"},"data":{${Array.from({ length: n / 12 }, (_, i) => `"k${i}":""`).join(',')}}}`,
  'unknown keys': (n) => `{${Array.from({ length: n / 10 }, (_, i) => `"k${i}":1`).join(',')}}`,
  'the same key': (n) => `{"metadata":{"name":"x"},"data":{${'"k":"",'.repeat(n / 7)}"k":""}}`,
  'one key': (n) => `{"metadata":{"name":"x"},"data":{"${'k'.repeat(n)}":""}}`,
  'one value': (n) => `{"metadata":{"name":"x"},"data":{"k":"${'v'.repeat(n)}"}}`,
  escapes: (n) => `{"metadata":{"name":"x"},"data":{"k":"${'\\u0000'.repeat(n / 6)}"}}`,
  digits: (n) => `{"metadata":{"name":"x"},"data":{"k":${'9'.repeat(n)}}}`,
  labels: (n) =>
    `{"metadata":{"name":"x","labels":{${Array.from({ length: n / 12 }, (_, i) => `"k${i}":""`).join(',')}}}}`,
  finalizers: (n) => `{"metadata":{"name":"x","finalizers":[${'"a/b",'.repeat(n / 6)}"a/b"]}}`,
  owners: (n) => `{"metadata":{"name":"x","ownerReferences":[${'{},'.repeat(n / 3)}{}]}}`,
  'managed fields': (n) => `{"metadata":{"name":"x","managedFields":[${'{},'.repeat(n / 3)}{}]}}`,
  'one name': (n) => `{"metadata":{"name":"${'a'.repeat(n)}"}}`,
  'dots in a name': (n) => `{"metadata":{"name":"${'a.'.repeat(n / 2)}"}}`,
  'block map': (n) => Array.from({ length: n / 10 }, (_, i) => `k${i}: 1`).join('\n'),
  'block list': (n) => `a:\n${'- x\n'.repeat(n / 4)}`,
  'flow list': (n) => `a: [${'x,'.repeat(n / 2)}x]`,
  'flow lists': (n) => `a: [${'[],'.repeat(n / 3)}x]`,
  'flow map': (n) => `a: {${Array.from({ length: n / 9 }, (_, i) => `k${i}: 1`).join(',')}}`,
  'flow list without an end': (n) => `a: ${'['.repeat(150)}${'x,'.repeat(n / 2)}`,
  faults: (n) => ': ]\n'.repeat(n / 4),
  'explicit keys': (n) => '? a\n'.repeat(n / 4),
  anchors: (n) => Array.from({ length: n / 12 }, (_, i) => `k${i}: &a${i} 1`).join('\n'),
  aliases: (n) => `a: &a [1]\nb: [${'*a,'.repeat(Math.min(1000, n / 3))}1]`,
  'aliases of aliases': () =>
    `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
      .split('')
      .map((c, i) => `${c}: &${c} [${`*${'abcdefgh'[i]},`.repeat(9)}x]`)
      .join('\n')}`,
  'an alias of itself': () => 'a: &a [*a]',
  'merge keys': (n) =>
    `a: &a {b: 1}\n${Array.from({ length: Math.min(900, n / 12) }, (_, i) => `c${i}:\n  <<: *a`).join('\n')}`,
  tags: (n) => `a: [${'!!binary x,'.repeat(n / 11)}]`,
  'folded text': (n) => `a: >\n${'  x\n\n'.repeat(n / 6)}`,
  comments: (n) => `${'#\n'.repeat(n / 2)}a: 1`,
  documents: (n) => '---\na: 1\n'.repeat(n / 9),
  indentation: (n) =>
    Array.from({ length: Math.min(400, n / 200) }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
  directives: (n) => `${'%YAML 1.2\n'.repeat(n / 10)}---\na: 1`,
  'deep lists': (n) => '['.repeat(n),
  'deep objects': (n) => '{"a":'.repeat(n / 5),
};

const blown = fc.record({
  bomb: fc.constantFrom(...Object.keys(bombs)),
  kilobytes: fc.constantFrom(8, 64, 250, 1000, 1500, 2900),
  path: fc.constantFrom(
    '/api/v1/namespaces/default/configmaps',
    '/api/v1/namespaces/default/pods',
    '/apis/apps/v1/namespaces/default/deployments',
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  ),
  contentType: fc.constantFrom(mediaTypes.json, mediaTypes.yaml),
});

const prefixes = ['', '\ufeff', ' \n', '\u0000', '%PDF', '--- ', '"', '#x\n'];
const framed = fc.record({
  before: fc.constantFrom(...prefixes),
  body: fc.constantFrom(
    '',
    '{}',
    'null',
    '[]',
    '1',
    '"a"',
    '{"metadata":null}',
    '{"metadata":{"name":"f"},"data":null}',
    '{"kind":null}',
    '{"kind":1}',
    '{"apiVersion":"v2"}',
    '{"kind":"Pod"}',
    '{"metadata":[]}',
  ),
  after: fc.constantFrom('', '{}', ' ', '\u0000', ',', '}', '\n---\n{}', '\n...\n'),
  contentType: fc.constantFrom(mediaTypes.json, mediaTypes.yaml, ''),
  method: fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE'),
});

export const bodies: readonly Probe[] = [
  probe(
    'a body with bytes bent',
    bent,
    async (target, { kind: index, from, format: wanted, damages, contentType }) => {
      const kind = kinds[index]!;
      const given = written(documentOf(kind, from), wanted);
      const body = damaged(given.body, damages);
      const headers = { 'content-type': contentType ?? given.contentType };
      const path = `${collectionOf(kind)}?dryRun=All`;
      expectHonest(await target.client.call({ method: 'POST', path, headers, body }));
    },
  ),
  probe('a body that is dear to read', blown, expectCheap, { share: 0.3 }),
  probe(
    'a body with something before or after it',
    framed,
    async (target, { before, body, after, contentType, method }) => {
      const path = `/api/v1/namespaces/default/configmaps${method === 'POST' ? '' : '/framed'}?dryRun=All`;
      const headers = { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : contentType };
      expectHonest(await target.client.call({ method, path, headers, body: before + body + after }));
    },
  ),
];

async function expectCheap(
  target: Target,
  {
    bomb,
    kilobytes,
    path,
    contentType,
  }: { bomb: string; kilobytes: number; path: string; contentType: string },
): Promise<void> {
  const body = bombs[bomb]!(kilobytes * 1000);
  expectHonest(
    await target.client.call({
      method: 'POST',
      path: `${path}?dryRun=All`,
      headers: { 'content-type': contentType },
      body,
    }),
  );
}
