import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from './object-text.ts';
import { mergeThree, rewrite, settle } from './three-way.ts';

const base = {
  metadata: { name: 'web', labels: { app: 'web' }, resourceVersion: '1' },
  spec: {
    replicas: 1,
    args: ['a', 'b'],
    containers: [
      { name: 'main', image: 'web:1' },
      { name: 'side', image: 'side:1' },
    ],
  },
  status: { ready: 1 },
} satisfies KubernetesObject;

type Spec = Record<string, unknown>;
const withSpec = (change: Spec, more: object = {}): KubernetesObject => ({
  ...base,
  ...more,
  spec: { ...base.spec, ...change },
});
const containers = (main: string, side: string) => [
  { name: 'main', image: main },
  { name: 'side', image: side },
];

describe('two changes of one object', () => {
  test.each<[string, KubernetesObject, KubernetesObject, Spec, string[]]>([
    [
      'of different fields are both kept',
      withSpec({ replicas: 2 }),
      withSpec({ paused: true }),
      { replicas: 2, paused: true },
      [],
    ],
    [
      'of different containers are both kept',
      withSpec({ containers: containers('web:2', 'side:1') }),
      withSpec({ containers: containers('web:1', 'side:2') }),
      { containers: containers('web:2', 'side:2') },
      [],
    ],
    [
      'of one field to different values conflict',
      withSpec({ replicas: 2 }),
      withSpec({ replicas: 3 }),
      { replicas: 2 },
      ['spec.replicas'],
    ],
    [
      'of one field to the same value do not conflict',
      withSpec({ replicas: 2 }),
      withSpec({ replicas: 2 }),
      { replicas: 2 },
      [],
    ],
    [
      'of a list without names conflict as a whole',
      withSpec({ args: ['a'] }),
      withSpec({ args: ['a', 'b', 'c'] }),
      { args: ['a'] },
      ['spec.args'],
    ],
    [
      'where one is a removal keep the removal',
      { ...base, spec: { replicas: 1, containers: base.spec.containers } },
      withSpec({ replicas: 5 }),
      { replicas: 5, args: undefined },
      [],
    ],
    [
      'where they add a container and I change one keep both',
      withSpec({ containers: containers('web:2', 'side:1') }),
      withSpec({ containers: [...containers('web:1', 'side:1'), { name: 'new', image: 'n:1' }] }),
      { containers: [...containers('web:2', 'side:1'), { name: 'new', image: 'n:1' }] },
      [],
    ],
  ])('%s', (_, mine, theirs, expected, conflicts) => {
    const merged = mergeThree({ base, mine, theirs });
    expect(merged.merged['spec']).toMatchObject(JSON.parse(JSON.stringify(expected)) as object);
    for (const [name, value] of Object.entries(expected)) {
      if (value === undefined) expect(merged.merged['spec']).not.toHaveProperty(name);
    }
    expect(merged.conflicts.map(({ path }) => path.join('.'))).toEqual(conflicts);
  });

  test('take version and status from the server without a conflict', () => {
    const theirs = { ...base, metadata: { ...base.metadata, resourceVersion: '2' }, status: { ready: 2 } };
    const { merged, conflicts } = mergeThree({
      base,
      mine: withSpec({ replicas: 2 }, { status: { ready: 9 } }),
      theirs,
    });
    expect(conflicts).toEqual([]);
    expect(merged).toMatchObject({
      metadata: { resourceVersion: '2' },
      status: { ready: 2 },
      spec: { replicas: 2 },
    });
  });
});

test('a text keeps its comments where nothing changed', () => {
  const text = '# mine\nspec:\n  replicas: 1 # few\n  args:\n    - a # first\n    - b\n';
  expect(rewrite(text, { spec: { replicas: 3, args: ['a', 'c'], paused: true } })).toBe(
    '# mine\nspec:\n  replicas: 3 # few\n  args:\n    - a # first\n    - c\n  paused: true\n',
  );
});

test('a conflict that is settled for them takes their value where it stands', () => {
  const mine = withSpec({ replicas: 2, containers: containers('web:2', 'side:1') });
  const theirs = withSpec({ replicas: 3, containers: containers('web:3', 'side:1') });
  const { merged, conflicts } = mergeThree({ base, mine, theirs });
  expect(conflicts).toHaveLength(2);
  expect(settle(merged, conflicts)['spec']).toMatchObject(theirs['spec'] as object);
  expect(settle(merged, [])['spec']).toMatchObject(mine['spec'] as object);
});
