import { describe, expect, test } from 'vitest';
import { placeAt, suggest } from './complete.ts';
import { sampleSchema } from './testing/sample-schema.ts';

const known = [
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  { apiVersion: 'apps.kruise.io/v1alpha1', kind: 'DaemonSet' },
  { apiVersion: 'apps/v1', kind: 'Deployment' },
];

/** What is offered where `|` stands. */
function offered(text: string): string[] {
  const position = text.indexOf('|');
  const place = placeAt(text.replace('|', ''), position);
  return place ? suggest(place, sampleSchema, known).map(({ label }) => label) : [];
}

const container = ['name', 'image', 'imagePullPolicy', 'args'];
const spec = ['replicas', 'paused', 'selector', 'containers', 'strategy', 'port', 'free'];

describe('offers', () => {
  test.each<[string, string, string[]]>([
    ['the fields of the root in an empty text', '|', ['apiVersion', 'kind', 'metadata', 'spec']],
    ['fields in an empty mapping', 'kind: Workload\nspec:\n  |', spec],
    ['fields in an empty mapping before other fields', 'spec:\n  |\nkind: Workload\n', spec],
    ['fields whose start is typed', 'spec:\n  repl|', spec],
    ['fields that are not there yet', 'spec:\n  replicas: 1\n  paused: true\n  |', spec.slice(2)],
    ['fields in an item that has its dash alone', 'spec:\n  containers:\n  - |', container],
    ['fields in an item without a space behind its dash', 'spec:\n  containers:\n  -|', container],
    ['fields in the second line of an item', 'spec:\n  containers:\n  - name: a\n    |', container.slice(1)],
    [
      'fields in an item between others',
      'spec:\n  containers:\n  - name: a\n    |\n  - name: b\n',
      container.slice(1),
    ],
    [
      'fields of the parent by the indentation',
      'spec:\n  containers:\n  - name: a\n  |',
      spec.filter((one) => one !== 'containers'),
    ],
    ['values that are allowed', 'spec:\n  strategy: |', ['OnDelete', 'RollingUpdate']],
    [
      'values whose start is typed',
      'spec:\n  containers:\n  - imagePullPolicy: If|',
      ['Always', 'IfNotPresent', 'Never'],
    ],
    ['true and false', 'spec:\n  paused: |', ['true', 'false']],
    ['kinds of the version', 'apiVersion: apps.kruise.io/v1alpha1\nkind: |', ['DaemonSet']],
    ['versions of the kind', 'kind: DaemonSet\napiVersion: |', ['apps/v1', 'apps.kruise.io/v1alpha1']],
    ['fields in the document of the cursor', 'a: [\n---\nspec:\n  |', spec],
    ['fields although another line is broken', 'spec:\n  replicas: [1\n  |', spec.slice(1)],
    ['nothing in a comment', 'spec:\n  # |', []],
    ['nothing for names of labels', 'metadata:\n  labels:\n    |', []],
  ])('%s', (_, text, expected) => {
    expect(offered(text)).toEqual(expected);
  });
});

test('a field is written with what its value begins with', () => {
  const text = 'spec:\n  ';
  const place = placeAt(text, text.length);
  const inserts = place
    ? suggest(place, sampleSchema, known).map(({ label, insert }) => [label, insert])
    : [];
  expect(Object.fromEntries(inserts)).toMatchObject({
    replicas: 'replicas: ',
    selector: 'selector:\n    ',
    containers: 'containers:\n    - ',
  });
});
