import { describe, expect, test } from 'vitest';
import { lintDocument } from './lint.ts';
import { sampleSchema } from './testing/sample-schema.ts';
import { parsePiece } from './yaml-text.ts';

const head = 'apiVersion: v1\nkind: Workload\nmetadata:\n  name: web\n';

/** Faults as `code at:"text" values`. */
function faultsOf(text: string): string[] {
  return lintDocument(parsePiece(text), sampleSchema).map(({ code, from, to, values }) =>
    `${code} ${JSON.stringify(text.slice(from, to))} ${Object.values(values).join('; ')}`.trim(),
  );
}

describe('with a schema', () => {
  test.each<[string, string, string[]]>([
    ['a good one has no fault', 'spec:\n  selector: {app: x}\n  containers: [{name: a, image: b}]\n', []],
    [
      'an unknown field, with the name that was meant',
      'spec:\n  selector: {}\n  containers: []\n  replica: 1\n',
      ['unknownField "replica" replica; replicas'],
    ],
    [
      'an unknown field inside of an item of a list',
      'spec:\n  selector: {}\n  containers:\n  - name: a\n    imag: b\n',
      ['unknownField "imag" imag; image'],
    ],
    [
      'a wrong type',
      'spec:\n  selector: {}\n  containers: []\n  replicas: two\n',
      ['wrongType "two" integer; string'],
    ],
    [
      'a list where a mapping belongs',
      'spec:\n  selector: [a]\n  containers: []\n',
      ['wrongType "[a]" object; array'],
    ],
    [
      'a value that is not allowed',
      'spec:\n  selector: {}\n  containers: []\n  strategy: Rolling\n',
      ['notAllowed "Rolling" Rolling; OnDelete, RollingUpdate'],
    ],
    ['what is missing', 'spec:\n  selector: {}\n', ['missing "selector" containers']],
    [
      'what is missing in an item',
      'spec:\n  selector: {}\n  containers:\n  - image: a\n',
      ['missing "image" name'],
    ],
    [
      'a number where an integer or a string may stand',
      'spec:\n  selector: {}\n  containers: []\n  port: 80\n',
      [],
    ],
    [
      'anything where fields are kept unknown',
      'spec:\n  selector: {}\n  containers: []\n  free: {a: {b: 1}}\n',
      [],
    ],
    ['nothing of the status, which the server writes', 'status: {}\n', []],
    [
      'a key that stands twice',
      'spec:\n  selector: {}\n  selector: {}\n  containers: []\n',
      ['syntax "selector" Map keys must be unique'],
    ],
  ])('reports %s', (_, rest, expected) => {
    expect(faultsOf(head + rest)).toEqual(expected);
  });
});

test('says that name, kind and version are missing', () => {
  expect(faultsOf('metadata: {}\n').map((fault) => fault.split(' ')[0])).toEqual([
    'noApiVersion',
    'noKind',
    'noName',
  ]);
});

test('a document that is no mapping is no object', () => {
  expect(faultsOf('- a\n- b\n')).toEqual(['notAnObject "- a\\n- b\\n"']);
});

test('a kind that the cluster does not have is a warning at its name', () => {
  const text = 'apiVersion: a/v1\nkind: Nope\nmetadata: {name: x}\n';
  const [fault] = lintDocument(parsePiece(text), 'unknown');
  expect(fault).toMatchObject({ severity: 'warning', code: 'unknownKind', values: { kind: 'Nope' } });
  expect(text.slice(fault?.from, fault?.to)).toBe('Nope');
});
