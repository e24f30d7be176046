import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { getAt, setAt, type Path } from './object-path.ts';

const object = { spec: { replicas: 1, list: [{ a: 1 }, { b: 2 }], empty: {} } };

test.each<[Path, unknown, unknown]>([
  [['spec', 'replicas'], 2, { spec: { ...object.spec, replicas: 2 } }],
  [['spec', 'list', 1, 'c'], 3, { spec: { ...object.spec, list: [{ a: 1 }, { b: 2, c: 3 }] } }],
  [['spec', 'list', 0], undefined, { spec: { ...object.spec, list: [{ b: 2 }] } }],
  [['spec', 'deep', 'er'], 'x', { spec: { ...object.spec, deep: { er: 'x' } } }],
  [['spec', 'deep', 'er'], undefined, object],
  [['spec', 'empty', 'x'], undefined, object],
])('%j set to %j', (path, value, expected) => {
  expect(setAt(object, path, value)).toEqual(expected);
});

test('a mapping that loses its last field goes with it', () => {
  expect(
    setAt(
      { spec: { resources: { limits: { cpu: '1' } }, a: 1 } },
      ['spec', 'resources', 'limits', 'cpu'],
      undefined,
    ),
  ).toEqual({
    spec: { a: 1 },
  });
});

test('whatever the object: what is read and written back changes nothing, and a write changes its place alone', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.integer(),
      fc.string(),
      fc.dictionary(key, tie('tree')),
      fc.array(tie('tree'), { maxLength: 3 }),
    ),
  }));
  fc.assert(
    fc.property(
      fc.dictionary(key, tree),
      fc.array(key, { minLength: 1, maxLength: 4 }),
      fc.integer(),
      (root, path, value) => {
        expect(setAt(root, path, getAt(root, path))).toEqual(root);
        const written = setAt(root, path, value);
        expect(getAt(written, path)).toBe(value);
        const [first] = path;
        for (const other of Object.keys(root))
          if (other !== first) expect(written[other]).toEqual(root[other]);
      },
    ),
  );
});
