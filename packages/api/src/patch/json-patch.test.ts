import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyObject } from '#object.ts';
import { applyJsonPatch } from '#patch/json-patch.ts';
import { applyMergePatch, createMergePatch } from '#patch/merge-patch.ts';
import { equalJson } from '#patch/json-value.ts';

describe('JSON patch', () => {
  it.each<[patch: object[], from: AnyObject, to: AnyObject]>([
    [[{ op: 'add', path: '/a', value: 1 }], {}, { a: 1 }],
    [[{ op: 'add', path: '/a/-', value: 2 }], { a: [1] }, { a: [1, 2] }],
    [[{ op: 'add', path: '/a/0', value: 2 }], { a: [1] }, { a: [2, 1] }],
    [[{ op: 'remove', path: '/a/-1' }], { a: [1, 2] }, { a: [1] }],
    [[{ op: 'replace', path: '/a~1b/c~0d', value: 1 }], { 'a/b': { 'c~d': 0 } }, { 'a/b': { 'c~d': 1 } }],
    [[{ op: 'replace', path: '/b', value: 1 }], {}, { b: 1 }],
    [[{ op: 'move', from: '/a', path: '/b' }], { a: 1 }, { b: 1 }],
    [[{ op: 'copy', from: '/a', path: '/b' }], { a: [1] }, { a: [1], b: [1] }],
    [[{ op: 'test', path: '/a', value: { y: 1, x: [] } }], { a: { x: [], y: 1 } }, { a: { x: [], y: 1 } }],
    [[{ op: 'test', path: '/b', value: null }], { a: 1 }, { a: 1 }],
    [[{ op: 'replace', path: '', value: { z: 1 } }], { a: 1 }, { z: 1 }],
  ])('%j turns %j into %j', (patch, from, to) => {
    const before = structuredClone(from);
    expect(applyJsonPatch(from, patch)).toEqual(to);
    expect(from).toEqual(before);
  });

  it.each([
    [{}, 400, /cannot unmarshal object into Go value of type \[\]handlers.jsonPatchOp/],
    [['x'], 400, /cannot unmarshal string/],
    [[{ op: 'remove', path: '/x' }], 422, /the server rejected our request due to an error in our request/],
    [[{ op: 'replace', path: '/list/3', value: 1 }], 422, /rejected/],
    [[{ op: 'copy', from: '', path: '/x' }], 422, /rejected/],
    [[{ op: 'add', path: '', value: {} }], 422, /rejected/],
    [[{ op: 'add', path: '/x/y', value: 1 }], 422, /rejected/],
    [[{ op: 'add', path: '/list/7', value: 1 }], 422, /rejected/],
    [[{ op: 'test', path: '/a', value: 2 }], 422, /rejected/],
    [[{ op: 'jump', path: '/a' }], 422, /rejected/],
    [[{ path: '/a' }], 422, /rejected/],
    [[{ op: 'replace', path: '', value: 1 }], 422, /rejected/],
    [Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: 1 })), 413, /got 10001/],
  ])('%# is refused with %i %i', (patch, code, message) => {
    const refused = () => applyJsonPatch({ a: 1, list: [] } as AnyObject, patch);
    expect(refused).toThrow(message);
    expect(refused).toThrow(expect.objectContaining({ code }));
  });

  it('ends copies that double without end', () => {
    const patch: object[] = [{ op: 'add', path: '/a', value: ['x'.repeat(1000)] }];
    for (let i = 0; i < 40; i++) patch.push({ op: 'copy', from: '/a', path: '/a/-' });
    expect(() => applyJsonPatch({}, patch)).toThrow(/rejected/);
  });

  it('ends nesting that doubles without end', () => {
    const patch: object[] = [{ op: 'add', path: '/a', value: { a: {} } }];
    for (let i = 0, path = '/a/a'; i < 12; i++, path += path)
      patch.push({ op: 'copy', from: '/a', path: `${path}/a` });
    expect(() => applyJsonPatch({}, patch)).toThrow(/rejected/);
    const moves = [{ op: 'add', path: '/a', value: {} } as object];
    for (let i = 0; i < 300; i++) {
      moves.push(
        { op: 'add', path: '/b', value: {} },
        { op: 'move', from: '/a', path: '/b/a' },
        { op: 'move', from: '/b', path: '/a' },
      );
    }
    expect(() => applyJsonPatch({}, moves)).toThrow(/rejected/);
    expect(() => applyJsonPatch({}, moves.slice(0, 451))).not.toThrow();
  });

  it('treats __proto__ as a key like any other', () => {
    const patch: unknown = JSON.parse('[{"op":"add","path":"/__proto__","value":{"polluted":1}}]');
    const result = applyJsonPatch({}, patch);
    expect(Object.hasOwn(result, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(() => applyJsonPatch({}, [{ op: 'add', path: '/constructor/x', value: 1 }])).toThrow(/rejected/);
  });
});

describe('merge patch', () => {
  it('merges objects, removes by null, replaces lists', () => {
    const original = { a: { b: 1, c: 2 }, l: [1, 2] };
    expect(applyMergePatch(original, { a: { b: null, d: 3 }, l: [3] })).toEqual({
      a: { c: 2, d: 3 },
      l: [3],
    });
    expect(original).toEqual({ a: { b: 1, c: 2 }, l: [1, 2] });
  });

  it('refuses what is no object', () => {
    expect(() => applyMergePatch({}, [])).toThrow(/cannot unmarshal array/);
  });

  it('applies its own difference', () => {
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.integer(),
        fc.string(),
        fc.boolean(),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(fc.string({ maxLength: 2 }), tie('node'), { maxKeys: 4 }),
      ),
    }));
    const object = fc.dictionary(fc.string({ maxLength: 2 }), value.node, { maxKeys: 5 });
    fc.assert(
      fc.property(object, object, (before, after) => {
        const result = applyMergePatch(before, createMergePatch(before, after));
        expect(equalJson(result, after)).toBe(true);
      }),
    );
  });
});
