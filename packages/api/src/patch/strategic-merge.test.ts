import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyObject } from '#object.ts';
import { applyStrategicMergePatch } from '#patch/strategic-merge.ts';
import type { Schema, SchemaSet } from '#schema.ts';
import { builtinSchemas } from '#schemas.ts';

const string = { type: 'string' } as const;
const set: SchemaSet = {
  schemas: {
    Thing: {
      type: 'object',
      properties: {
        containers: {
          type: 'array',
          items: { ref: 'Container' },
          patchStrategy: 'merge',
          patchMergeKey: 'name',
        },
        finalizers: { type: 'array', items: string, patchStrategy: 'merge' },
        tolerations: { type: 'array', items: { type: 'object' } },
        strategy: { ref: 'Strategy', patchStrategy: 'retainKeys' },
        selector: { type: 'object', patchStrategy: 'replace', additionalProperties: string },
        labels: { type: 'object', additionalProperties: string },
      },
    },
    Strategy: { type: 'object', properties: { type: string, rollingUpdate: { type: 'object' } } },
    Container: {
      type: 'object',
      properties: {
        name: string,
        image: string,
        ports: {
          type: 'array',
          items: { type: 'object' },
          patchStrategy: 'merge',
          patchMergeKey: 'containerPort',
        },
      },
    },
  },
};
const thing: Schema = { ref: 'Thing' };

function check(from: AnyObject, patch: AnyObject, to: AnyObject) {
  const before = structuredClone({ from, patch });
  expect(applyStrategicMergePatch(set, thing, from, patch)).toEqual(to);
  expect({ from, patch }).toEqual(before);
}

describe('strategic merge patch', () => {
  it('merges list elements by key and keeps both orders', () => {
    check(
      { containers: [{ name: 'a', image: 'x' }, { name: 'b' }] },
      { containers: [{ name: 'b', image: 'y' }, { name: 'c' }] },
      { containers: [{ name: 'a', image: 'x' }, { name: 'b', image: 'y' }, { name: 'c' }] },
    );
  });

  it('merges lists inside list elements', () => {
    check(
      { containers: [{ name: 'a', ports: [{ containerPort: 80, name: 'http' }] }] },
      { containers: [{ name: 'a', ports: [{ containerPort: 80, name: 'web' }] }] },
      { containers: [{ name: 'a', ports: [{ containerPort: 80, name: 'web' }] }] },
    );
  });

  it('deletes an element and replaces a list by directive', () => {
    check(
      { containers: [{ name: 'a' }, { name: 'b' }] },
      { containers: [{ name: 'a', $patch: 'delete' }] },
      { containers: [{ name: 'b' }] },
    );
    check(
      { containers: [{ name: 'a' }, { name: 'b' }] },
      { containers: [{ $patch: 'replace' }, { name: 'c' }, { name: 'a' }] },
      { containers: [{ name: 'c' }, { name: 'a' }] },
    );
  });

  it('deletes and replaces maps by directive', () => {
    check({ labels: { a: '1' } }, { labels: { $patch: 'delete' } }, { labels: {} });
    check({ labels: { a: '1' } }, { labels: { $patch: 'replace', b: '2' } }, { labels: { b: '2' } });
    check({ selector: { a: '1' } }, { selector: { b: '2' } }, { selector: { b: '2' } });
    check({ labels: { a: '1', b: '2' } }, { labels: { a: null } }, { labels: { b: '2' } });
  });

  it('takes what replaces, and new elements of lists, as they are', () => {
    check(
      { strategy: { type: 'x' } },
      { strategy: { $patch: 'replace', rollingUpdate: { $patch: 'delete', maxSurge: null } } },
      { strategy: { rollingUpdate: { $patch: 'delete', maxSurge: null } } },
    );
    check(
      { containers: [{ name: 'a' }] },
      { containers: [{ name: 'b', image: null, ports: [{ $patch: 'replace' }] }] },
      { containers: [{ name: 'b', image: null, ports: [{ $patch: 'replace' }] }, { name: 'a' }] },
    );
    check({}, { strategy: { $retainKeys: ['type'] } }, { strategy: { $retainKeys: ['type'] } });
  });

  it('takes a template back as rollout undo sends it', () => {
    const daemonSet: Schema = { ref: 'io.k8s.api.apps.v1.DaemonSet' };
    const template = (image: string) => ({
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image }] },
    });
    const sent = template('old');
    const patch = {
      spec: {
        template: { $patch: 'replace', ...sent, metadata: { ...sent.metadata, creationTimestamp: null } },
      },
    };
    const original = {
      spec: {
        template: {
          ...template('new'),
          spec: { containers: [{ name: 'c', image: 'new' }, { name: 'more' }] },
        },
      },
    };
    expect(applyStrategicMergePatch(builtinSchemas, daemonSet, original, patch)).toEqual({
      spec: {
        template: { ...sent, metadata: { ...sent.metadata, creationTimestamp: null } },
      },
    });
  });

  it('follows the element order that kubectl apply sends', () => {
    check(
      { containers: [{ name: 'a' }, { name: 'b' }, { name: 'server' }] },
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
      { containers: [{ name: 'b' }, { name: 'a' }, { name: 'server' }] },
    );
    check(
      { containers: [{ name: 'a' }, { name: 'c' }] },
      {
        '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
        containers: [{ name: 'b', image: 'x' }],
      },
      { containers: [{ name: 'a' }, { name: 'b', image: 'x' }, { name: 'c' }] },
    );
  });

  it('treats merged lists of scalars as sets', () => {
    check({ finalizers: ['a', 'b'] }, { finalizers: ['b', 'c'] }, { finalizers: ['a', 'b', 'c'] });
    check(
      { finalizers: ['a', 'b'] },
      { '$deleteFromPrimitiveList/finalizers': ['a'], '$setElementOrder/finalizers': ['b'] },
      { finalizers: ['b'] },
    );
  });

  it('replaces lists without a merge strategy', () => {
    check({ tolerations: [{ key: 'a' }] }, { tolerations: [{ key: 'b' }] }, { tolerations: [{ key: 'b' }] });
  });

  it('keeps only retained keys', () => {
    check(
      { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } },
      { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
      { strategy: { type: 'Recreate' } },
    );
  });

  it('drops nulls and directives where there is nothing to merge with', () => {
    check(
      {},
      { labels: { a: null, b: '1' }, containers: [{ name: 'a', $patch: 'delete' }, { name: 'b' }] },
      { labels: { b: '1' }, containers: [{ name: 'b' }] },
    );
  });

  it.each<[AnyObject, RegExp, number?]>([
    [{ containers: [{ image: 'x' }] }, /does not contain declared merge key: name/, 500],
    [{ containers: [{ name: 'a', $patch: 'explode' }] }, /unknown patch type: explode in map: map\[/],
    [{ labels: { $patch: 'explode' } }, /unknown patch type/],
    [{ strategy: { $retainKeys: ['type'], other: 1 } }, /invalid patch format of retainKeys/],
    [{ '$setElementOrder/containers': 'x' }, /invalid patch format of setElementOrder list/],
    [{ '$deleteFromPrimitiveList/finalizers': 'x' }, /invalid patch format of primitive list/],
    [
      {
        '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }],
        containers: [{ name: 'b' }, { name: 'a' }],
      },
      /doesn't match \$setElementOrder list/,
    ],
  ])('%j is refused: %s', (patch, message, code = 400) => {
    const original = {
      containers: [{ name: 'a' }],
      labels: { a: '1' },
      strategy: { type: 'x' },
      finalizers: ['a'],
    };
    const refused = () => applyStrategicMergePatch(set, thing, original, patch);
    expect(refused).toThrow(message);
    expect(refused).toThrow(expect.objectContaining({ code }));
  });

  it('merges by the facts of the built-in kinds', () => {
    const pod: Schema = { ref: 'io.k8s.api.core.v1.Pod' };
    const original = {
      spec: {
        containers: [{ name: 'a', image: 'x', env: [{ name: 'E', value: '1' }] }],
        tolerations: [{ key: 'a' }],
      },
      status: { conditions: [{ type: 'Ready', status: 'False' }] },
    };
    const patch = {
      spec: { containers: [{ name: 'a', env: [{ name: 'E', value: '2' }] }], tolerations: [] },
      status: {
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'Initialized', status: 'True' },
        ],
      },
    };
    expect(applyStrategicMergePatch(builtinSchemas, pod, original, patch)).toEqual({
      spec: { containers: [{ name: 'a', image: 'x', env: [{ name: 'E', value: '2' }] }], tolerations: [] },
      status: {
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'Initialized', status: 'True' },
        ],
      },
    });
  });

  it('applied twice changes nothing more', () => {
    const containers = fc.uniqueArray(
      fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), image: fc.string({ maxLength: 3 }) }),
      { selector: (c) => c.name },
    );
    const object = fc.record({ containers, finalizers: fc.uniqueArray(fc.constantFrom('x', 'y', 'z')) });
    fc.assert(
      fc.property(object, object, (original, patch) => {
        const once = applyStrategicMergePatch(set, thing, original, patch);
        expect(applyStrategicMergePatch(set, thing, once, patch)).toEqual(once);
      }),
    );
  });
});
