import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FieldSet, fieldPathText } from '#apply/field-set.ts';

const element = fc.constantFrom('f:a', 'f:b', 'f:c', 'k:{"name":"x"}', 'v:"y"');
const sets = fc
  .array(fc.array(element, { minLength: 1, maxLength: 3 }), { maxLength: 8 })
  .map((paths) => FieldSet.of(...paths));
const texts = (set: FieldSet) => [...set.paths()].map((path) => path.join('|')).toSorted();

describe('field sets', () => {
  it('survive the wire form', () => {
    fc.assert(
      fc.property(sets, (set) => {
        expect(FieldSet.fromFieldsV1(set.toFieldsV1()).equals(set)).toBe(true);
      }),
    );
  });

  it('are the sets of their paths under union, intersection and difference', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const [left, right] = [texts(a), texts(b)];
        expect(texts(a.union(b))).toEqual([...new Set([...left, ...right])].toSorted());
        expect(texts(a.intersection(b))).toEqual(left.filter((path) => right.includes(path)));
        expect(texts(a.difference(b))).toEqual(left.filter((path) => !right.includes(path)));
        expect(a.contains(b)).toBe(right.every((path) => left.includes(path)));
        const under = (path: string) => right.some((other) => path === other || path.startsWith(`${other}|`));
        expect(texts(a.recursiveDifference(b))).toEqual(left.filter((path) => !under(path)));
      }),
    );
  });

  it('lose all below a path under recursive difference', () => {
    const set = FieldSet.of(['f:a'], ['f:a', 'f:b'], ['f:c', 'f:b']);
    expect(texts(set.recursiveDifference(FieldSet.of(['f:a'])))).toEqual(['f:c|f:b']);
    expect(texts(set.difference(FieldSet.of(['f:a'])))).toEqual(['f:a|f:b', 'f:c|f:b']);
  });

  it('write a container that is a member itself with a dot', () => {
    const set = FieldSet.of(['f:labels'], ['f:labels', 'f:app'], ['f:x', 'k:{"name":"n"}']);
    expect(set.toFieldsV1()).toEqual({
      'f:labels': { '.': {}, 'f:app': {} },
      'f:x': { 'k:{"name":"n"}': {} },
    });
  });

  it('name paths as conflicts do', () => {
    expect(fieldPathText(['f:spec', 'f:ports', 'k:{"port":80,"protocol":"TCP"}', 'f:name'])).toBe(
      '.spec.ports[port=80,protocol="TCP"].name',
    );
    expect(fieldPathText(['f:finalizers', 'v:"a/b"'])).toBe('.finalizers[="a/b"]');
  });
});
