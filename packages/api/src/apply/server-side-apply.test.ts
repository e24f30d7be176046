import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyServerSide, updateManagedFields } from '#apply/server-side-apply.ts';
import type { AnyObject, ManagedFieldsEntry } from '#object.ts';
import { equalJson } from '#patch/json-value.ts';
import { builtinSchemas as set } from '#schemas.ts';
import { ApiError } from '#status.ts';

const schema = { ref: 'io.k8s.api.apps.v1.Deployment' };
const time = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`;
const about = { set, schema, apiVersion: 'apps/v1', timeNow: time(1), resetFields: [['status']] };

function deployment(spec: object, metadata: object = {}): AnyObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', ...metadata }, spec };
}

interface Deployment extends AnyObject {
  spec: { replicas?: number; template?: { spec: { containers: { name: string; image?: string }[] } } };
}

function apply(
  live: AnyObject | undefined,
  applied: AnyObject,
  options: { manager?: string; force?: boolean; timeNow?: string } = {},
): Deployment {
  return applyServerSide({ ...about, manager: 'me', force: false, ...options, live, applied })
    .object as Deployment;
}

function update(
  before: AnyObject | undefined,
  after: AnyObject,
  options: { manager?: string; timeNow?: string; subresource?: string } = {},
): AnyObject {
  const managedFields = updateManagedFields({ ...about, manager: 'updater', ...options, before, after });
  return { ...after, metadata: { ...after.metadata, managedFields } };
}

const containers = (...list: object[]) => ({ template: { spec: { containers: list } } });
const managersOf = (object: AnyObject) => object.metadata?.managedFields?.map((entry) => entry.manager);
const fieldsOf = (object: AnyObject, manager: string): ManagedFieldsEntry['fieldsV1'] =>
  object.metadata?.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1;

function thrown(action: () => unknown): ApiError {
  try {
    action();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('server-side apply', () => {
  it('creates an object whose manager owns what it named', () => {
    const object = apply(undefined, deployment({ replicas: 2, ...containers({ name: 'a', image: 'x' }) }));
    expect(object.spec.replicas).toBe(2);
    expect(object.metadata?.managedFields).toEqual([
      {
        manager: 'me',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        time: time(1),
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:spec': {
            'f:replicas': {},
            'f:template': {
              'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
            },
          },
        },
      },
    ]);
  });

  it('removes a field and an item that are no longer applied', () => {
    const first = apply(
      undefined,
      deployment({ replicas: 2, ...containers({ name: 'a', image: 'x' }, { name: 'b', image: 'y' }) }),
    );
    const second = apply(first, deployment(containers({ name: 'a', image: 'x' })));
    expect(second.spec).toEqual(containers({ name: 'a', image: 'x' }));
  });

  it('keeps a no longer applied field that another manager owns', () => {
    const first = apply(undefined, deployment({ replicas: 2, paused: true }));
    const shared = apply(first, deployment({ replicas: 2 }), { manager: 'other' });
    const second = apply(shared, deployment({ paused: true }));
    expect(second.spec).toEqual({ replicas: 2, paused: true });
    expect(fieldsOf(second, 'other')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(fieldsOf(second, 'me')).toEqual({ 'f:spec': { 'f:paused': {} } });
  });

  it('keeps what others added beside it: items, labels, fields with defaults', () => {
    const first = apply(undefined, deployment(containers({ name: 'a' }), { labels: { mine: '1' } }));
    const changed = update(first, {
      ...first,
      metadata: { ...first.metadata, labels: { mine: '1', theirs: '2' } },
      spec: { replicas: 1, ...containers({ name: 'injected' }, { name: 'a', image: 'x' }) },
    });
    const second = apply(changed, deployment(containers({ name: 'a' })));
    expect(second.metadata?.labels).toEqual({ theirs: '2' });
    expect(second.spec).toEqual({
      replicas: 1,
      ...containers({ name: 'injected' }, { name: 'a', image: 'x' }),
    });
  });

  it('leaves nothing of a container that is applied empty', () => {
    const first = apply(undefined, deployment({}, { labels: { a: '1' }, annotations: { b: '2' } }));
    const second = apply(first, deployment({}, { labels: {} }));
    expect(second.metadata?.labels).toBeNull();
    expect(second.metadata).not.toHaveProperty('annotations');
  });

  it('keeps live items before new ones and follows the configuration among shared ones', () => {
    const names = (object: Deployment) => object.spec.template?.spec.containers.map(({ name }) => name);
    const live = update(
      undefined,
      deployment(containers({ name: 'x' }, { name: 'a' }, { name: 'y' }, { name: 'b' })),
    );
    const config = deployment(containers({ name: 'b' }, { name: 'new' }, { name: 'a' }));
    expect(names(apply(live, config))).toEqual(['x', 'y', 'b', 'new', 'a']);
  });

  it('refuses to change what another manager owns, and says what and whose', () => {
    const live = update(undefined, deployment({ replicas: 2 }), { manager: 'kubectl-create' });
    const error = thrown(() => apply(live, deployment({ replicas: 3 })));
    expect(error.message).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl-create" using apps/v1: .spec.replicas',
    );
    expect(error.status).toMatchObject({
      code: 409,
      reason: 'Conflict',
      details: {
        causes: [
          {
            reason: 'FieldManagerConflict',
            message: 'conflict with "kubectl-create" using apps/v1',
            field: '.spec.replicas',
          },
        ],
      },
    });
  });

  it('lists several conflicts by manager', () => {
    const live = update(undefined, deployment({ replicas: 2, paused: true }), { manager: 'm' });
    expect(thrown(() => apply(live, deployment({ replicas: 3, paused: false }))).message).toBe(
      'Apply failed with 2 conflicts: conflicts with "m" using apps/v1:\n- .spec.paused\n- .spec.replicas',
    );
    const scaled = update(apply(undefined, deployment({ replicas: 2 })), deployment({ replicas: 5 }), {
      subresource: 'scale',
    });
    expect(thrown(() => apply(scaled, deployment({ replicas: 3 }), { manager: 'x' })).message).toContain(
      'conflict with "updater" with subresource "scale" using apps/v1: .spec.replicas',
    );
  });

  it('takes fields over when forced, and shares equal values without force', () => {
    const live = update(undefined, deployment({ replicas: 2 }));
    const forced = apply(live, deployment({ replicas: 3 }), { force: true });
    expect(forced.spec.replicas).toBe(3);
    expect(managersOf(forced)).toEqual(['me']);
    const shared = apply(live, deployment({ replicas: 2 }));
    expect(managersOf(shared)).toEqual(['me', 'updater']);
  });

  it('changes nothing when the same configuration comes again', () => {
    const config = deployment({ replicas: 2, ...containers({ name: 'a', ports: [{ containerPort: 80 }] }) });
    const first = apply(undefined, config);
    expect(apply(first, config, { timeNow: time(9) })).toEqual(first);
  });

  it('matches list items by their defaulted keys', () => {
    const stored = (name: string) =>
      containers({ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP', name }] });
    const first = apply(
      undefined,
      deployment(containers({ name: 'a', ports: [{ containerPort: 80, name: 'old' }] })),
    );
    const live = { ...first, spec: stored('old') };
    const next = apply(
      live,
      deployment(containers({ name: 'a', ports: [{ containerPort: 80, name: 'new' }] })),
    );
    expect(next.spec).toEqual(stored('new'));
  });

  it('protects the fields of an object that nobody tracked', () => {
    const live = deployment({ replicas: 2 }, { uid: 'u' });
    const error = thrown(() => apply(live, deployment({ replicas: 3 })));
    expect(error.message).toContain('"before-first-apply" using apps/v1: .spec.replicas');
    expect(managersOf(apply(live, deployment({ paused: true })))).toEqual(['me', 'before-first-apply']);
  });

  it('lets kubectl take over what it applied client-side', () => {
    const config = deployment({ replicas: 2 });
    const live = update(
      undefined,
      deployment(
        { replicas: 2 },
        { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(config) } },
      ),
      { manager: 'kubectl-client-side-apply' },
    );
    const next = apply(live, deployment({ replicas: 3 }), { manager: 'kubectl' });
    expect(next.spec.replicas).toBe(3);
    const annotation = next.metadata?.annotations?.['kubectl.kubernetes.io/last-applied-configuration'];
    expect(JSON.parse(annotation!)).toMatchObject({ spec: { replicas: 3 } });
    expect(thrown(() => apply(live, deployment({ replicas: 3 }), { manager: 'other' })).code).toBe(409);
  });

  it.each<[string, AnyObject, string]>([
    [
      'another version',
      { ...deployment({}), apiVersion: 'apps/v2' },
      'Incorrect version specified in apply patch. Specified patch version: apps/v2, expected: apps/v1',
    ],
    ['managed fields', deployment({}, { managedFields: [] }), 'metadata.managedFields must be nil'],
  ])('refuses %s', (_, config, message) => {
    const error = thrown(() => apply(undefined, config));
    expect(error).toMatchObject({ code: 400, message });
  });

  const untyped = 'failed to create typed patch object (/web; apps/v1, Kind=Deployment):';
  it.each<[string, AnyObject, string]>([
    ['an unknown field', deployment({ replicaz: 1 }), ' .spec.replicaz: field not declared in schema'],
    [
      'several',
      { ...deployment({ replicaz: 1 }), spek: {} },
      ' errors:\n  .spec.replicaz: field not declared in schema\n  .spek: field not declared in schema',
    ],
    [
      'an unknown field of an item',
      deployment(containers({ name: 'a', ports: [{ containerPort: 80, host: 1 }] })),
      ' .spec.template.spec.containers[name="a"].ports[containerPort=80,protocol="TCP"].host: field not declared in schema',
    ],
    [
      'doubled items',
      deployment(containers({ name: 'a' }, { name: 'a' })),
      ' .spec.template.spec.containers: duplicate entries for key [name="a"]',
    ],
    [
      'a number for a text',
      deployment(containers({ name: 'a', image: 7 })),
      ' .spec.template.spec.containers[name="a"].image: expected string, got &value.valueUnstructured{Value:7}',
    ],
    [
      'a text for a number',
      deployment({ replicas: 'many' }),
      ' .spec.replicas: expected numeric (int or float), got string',
    ],
    ['a text for a boolean', deployment({ paused: 'no' }), ' .spec.paused: expected boolean, got &{no}'],
    [
      'a map for a list',
      deployment({ template: { spec: { containers: { b: [1], a: null } } } }),
      ' .spec.template.spec.containers: expected list, got &{map[a:<nil> b:[1]]}',
    ],
    ['a list for a map', deployment({ selector: [1, 2] }), ' .spec.selector: expected map, got &{[1 2]}'],
    [
      'a wrong type within what is owned whole',
      deployment({ selector: { matchExpressions: [{ key: 'a', values: [1] }] } }),
      ' .spec.selector.matchExpressions[0].values[0]: expected string, got &value.valueUnstructured{Value:1}',
    ],
    [
      'a map for a quantity',
      deployment(containers({ name: 'a', resources: { limits: { cpu: {} } } })),
      ' .spec.template.spec.containers[name="a"].resources.limits.cpu: expected any scalar, got &{map[]}',
    ],
  ])('refuses %s, without a reason', (_, config, message) => {
    const error = thrown(() => apply(undefined, config));
    expect(error.message).toBe(untyped + message);
    expect(error.code).toBe(500);
    expect(error.status).not.toHaveProperty('reason');
  });

  it('takes nulls, times and quantities of any scalar type', () => {
    const fine = deployment({
      ...containers({ name: 'a', image: null, resources: { limits: { cpu: 1 } } }),
      strategy: { rollingUpdate: { maxSurge: '25%' } },
    });
    expect(apply(undefined, fine).spec).toHaveProperty('strategy');
  });

  it('owns the field that a configuration makes null, and takes a leaf away by it', () => {
    const live = apply(undefined, deployment({ replicas: 2, selector: { matchLabels: { a: 'b' } } }));
    const next = apply(live, deployment({ replicas: null, selector: { matchLabels: { a: 'b' } } }));
    expect(next.spec).toMatchObject({ replicas: null });
    expect(fieldsOf(next, 'me')).toEqual({ 'f:spec': { 'f:replicas': {}, 'f:selector': {} } });
  });

  it('leaves what is owned field by field as it is where a configuration makes the whole null', () => {
    const other = apply(undefined, deployment(containers({ name: 'a', image: 'x' })), { manager: 'other' });
    const next = apply(other, deployment({ template: { spec: { containers: null } } }));
    expect(next.spec).toEqual(other.spec);
    expect(fieldsOf(next, 'me')).toEqual({
      'f:spec': { 'f:template': { 'f:spec': { 'f:containers': {} } } },
    });
  });

  it('finds an item by the keys it has', () => {
    const config = deployment(containers({ name: 'a', ports: [{ name: 'http' }] }));
    expect(() => apply(undefined, config)).not.toThrow();
  });

  it('owns no status through the main resource', () => {
    const config = { ...deployment({ replicas: 1 }), status: { replicas: 9 } };
    expect(fieldsOf(apply(undefined, config), 'me')).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  it('ends in the same object however often and in whatever steps a manager applies', () => {
    const spec = fc.record(
      {
        replicas: fc.integer({ min: 0, max: 3 }),
        paused: fc.boolean(),
        template: fc.record({
          metadata: fc.record({
            labels: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2')),
          }),
          spec: fc.record({
            containers: fc.uniqueArray(
              fc.record({ name: fc.constantFrom('a', 'b', 'c'), image: fc.constantFrom('x', 'y') }),
              { selector: (c) => c.name, minLength: 1 },
            ),
          }),
        }),
      },
      { requiredKeys: ['template'] },
    );
    fc.assert(
      fc.property(fc.array(spec, { maxLength: 4 }), spec, (history, last) => {
        let live: AnyObject | undefined;
        for (const step of history) live = apply(live, deployment(step));
        const stepped = apply(live, deployment(last));
        const direct = apply(undefined, deployment(last));
        expect(equalJson(settled(stepped.spec), settled(direct.spec))).toBe(true);
        expect(fieldsOf(stepped, 'me')).toEqual(fieldsOf(direct, 'me'));
      }),
    );
  });
});

/** Without containers that emptied: apply leaves null, creation keeps them. */
function settled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(settled);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, held]) => [key, settled(held)] as const);
  return Object.fromEntries(
    entries.filter(
      ([, held]) => held !== null && !(typeof held === 'object' && Object.keys(held).length === 0),
    ),
  );
}

describe('ownership after updates', () => {
  it('goes to whoever changed a field', () => {
    const created = update(undefined, deployment({ replicas: 1, paused: true }), { manager: 'a' });
    const changed = update(created, { ...created, spec: { replicas: 2, paused: true } }, { manager: 'b' });
    expect(fieldsOf(changed, 'a')).toEqual({ 'f:spec': { 'f:paused': {} } });
    expect(fieldsOf(changed, 'b')).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  it('ends with the field', () => {
    const created = update(undefined, deployment({ replicas: 1, paused: true }), { manager: 'a' });
    const changed = update(created, { ...created, spec: { paused: true } }, { manager: 'b' });
    expect(managersOf(changed)).toEqual(['a']);
    expect(fieldsOf(changed, 'a')).toEqual({ 'f:spec': { 'f:paused': {} } });
  });

  it('keeps its time when nothing changed', () => {
    const created = update(undefined, deployment({ replicas: 1 }), { manager: 'a' });
    expect(update(created, created, { manager: 'a', timeNow: time(9) })).toEqual(created);
  });

  it('never covers identity', () => {
    const created = update(undefined, deployment({}, { uid: 'u', resourceVersion: '1', labels: { a: '1' } }));
    expect(fieldsOf(created, 'updater')).toEqual({ 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } });
  });

  it('stays untracked for an object that had no managed fields, and is cleared by [{}]', () => {
    const untracked = update(deployment({}, { uid: 'u' }), deployment({ replicas: 1 }, { uid: 'u' }));
    expect(untracked.metadata?.managedFields).toBeUndefined();
    const created = update(undefined, deployment({ replicas: 1 }));
    const cleared = update(created, { ...created, metadata: { ...created.metadata, managedFields: [{}] } });
    expect(cleared.metadata?.managedFields).toBeUndefined();
  });

  it('keeps at most ten updaters, the oldest under one name', () => {
    let object: AnyObject | undefined;
    for (let i = 0; i < 15; i++) {
      const labels = { ...object?.metadata?.labels, [`l${i}`]: '1' };
      const next = deployment({}, { labels, managedFields: object?.metadata?.managedFields });
      object = update(object, next, { manager: `m${i}`, timeNow: time(i + 1) });
    }
    expect(managersOf(object!)).toHaveLength(10);
    expect(managersOf(object!)).toContain('ancient-changes');
    expect(managersOf(object!)).toContain('m14');
    expect(managersOf(object!)).not.toContain('m0');
  });
});
