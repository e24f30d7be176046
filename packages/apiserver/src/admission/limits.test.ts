import type { AnyObject, LimitRangeItem, Pod } from '@skerry/api';
import { beforeEach, describe, expect, test } from 'vitest';
import { limitRanger } from '#admission/limit-ranger.ts';
import type { AdmissionPlugin } from '#admission/plugin.ts';
import { Reinvocation } from '#admission/reinvocation.ts';
import { runtimeClass } from '#admission/runtime-class.ts';
import { claimResize, defaultStorageClass } from '#admission/storage.ts';
import { ObjectTable, admissionContext } from '#testing/object-table.ts';

let table: ObjectTable;
beforeEach(() => {
  table = new ObjectTable();
});

async function admit(plugin: AdmissionPlugin, ctx: ReturnType<typeof admissionContext>): Promise<AnyObject> {
  await plugin.mutate?.(ctx, new Reinvocation());
  await plugin.validate?.(ctx);
  return ctx.object ?? {};
}

type Resources = NonNullable<NonNullable<Pod['spec']>['containers'][number]['resources']>;

const pod = (...resources: Resources[]): AnyObject => ({
  metadata: { name: 'p', namespace: 'ns' },
  spec: { containers: resources.map((each, index) => ({ name: `c${index}`, resources: each })) },
});

describe('a LimitRange', () => {
  const put = (...limits: LimitRangeItem[]) =>
    table.put(
      { group: '', resource: 'limitranges' },
      { metadata: { name: 'l', namespace: 'ns' }, spec: { limits } },
    );
  const run = (object: AnyObject) => admit(limitRanger({ read: table.read }), admissionContext({ object }));

  test('gives containers what they leave open, and says so', async () => {
    put({ type: 'Container', default: { cpu: '2', memory: '1Gi' }, defaultRequest: { cpu: '1' } });
    const admitted = (await run(pod({}, { limits: { cpu: '3' } }))) as unknown as Pod;
    expect(admitted.spec?.containers.map(({ resources }) => resources)).toEqual([
      { requests: { cpu: '1' }, limits: { cpu: '2', memory: '1Gi' } },
      { limits: { cpu: '3', memory: '1Gi' } },
    ]);
    expect(admitted.metadata.annotations?.['kubernetes.io/limit-ranger']).toBe(
      'LimitRanger plugin set: cpu request for container c0; cpu, memory limit for container c0; memory limit for container c1',
    );
  });

  test.each<[LimitRangeItem, Resources, string]>([
    [
      { type: 'Container', min: { cpu: '100m' } },
      {},
      'minimum cpu usage per Container is 100m.  No request is specified',
    ],
    [
      { type: 'Container', min: { cpu: '100m' } },
      { requests: { cpu: '50m' } },
      'minimum cpu usage per Container is 100m, but request is 50m',
    ],
    [
      { type: 'Container', max: { memory: '1Gi' } },
      { limits: { memory: '2Gi' } },
      'maximum memory usage per Container is 1Gi, but limit is 2Gi',
    ],
    [
      { type: 'Pod', max: { cpu: '1' } },
      { requests: { cpu: '1' } },
      'maximum cpu usage per Pod is 1.  No limit is specified',
    ],
    [
      { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
      { requests: { cpu: '1' }, limits: { cpu: '3' } },
      'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
    ],
  ])('%j refuses %j', async (item, resources, why) => {
    put(item);
    await expect(run(pod(resources))).rejects.toMatchObject({
      code: 403,
      message: `pods "p" is forbidden: ${why}`,
    });
  });

  test('of a pod bounds the sum of its containers, and lists all faults', async () => {
    put({ type: 'Pod', max: { cpu: '3', memory: '1Gi' } });
    const half = { limits: { cpu: '2', memory: '600Mi' } };
    await run(pod(half));
    await expect(run(pod(half, half))).rejects.toThrow(
      '[maximum cpu usage per Pod is 3, but limit is 4, maximum memory usage per Pod is 1Gi, but limit is 1200Mi]',
    );
  });
});

describe('a runtime class', () => {
  const run = (spec: object) =>
    admit(
      runtimeClass({ read: table.read }),
      admissionContext({
        object: { metadata: { name: 'p', namespace: 'ns' }, spec: { containers: [], ...spec } },
      }),
    );

  test('gives its overhead and place, and must exist', async () => {
    table.put(
      { group: 'node.k8s.io', resource: 'runtimeclasses' },
      {
        metadata: { name: 'kata' },
        handler: 'kata',
        overhead: { podFixed: { memory: '64Mi' } },
        scheduling: { nodeSelector: { kata: 'yes' }, tolerations: [{ key: 'kata' }] },
      },
    );
    expect((await run({ runtimeClassName: 'kata' }))['spec']).toMatchObject({
      overhead: { memory: '64Mi' },
      nodeSelector: { kata: 'yes' },
      tolerations: [{ key: 'kata' }],
    });
    await expect(run({ runtimeClassName: 'kata', nodeSelector: { kata: 'no' } })).rejects.toThrow('conflict');
    await expect(run({ runtimeClassName: 'none' })).rejects.toThrow('RuntimeClass "none" not found');
  });
});

describe('storage classes', () => {
  const kind = {
    group: '',
    kind: 'PersistentVolumeClaim',
    resource: 'persistentvolumeclaims',
    namespaced: true,
  };
  const ref = { group: 'storage.k8s.io', resource: 'storageclasses' };
  const isDefault = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  const claim = (spec: object): AnyObject => ({ metadata: { name: 'c', namespace: 'ns' }, spec });

  test('the newest default is given to claims that name none', async () => {
    table.put(ref, {
      metadata: { name: 'old', creationTimestamp: '2025-01-01T00:00:00Z', annotations: isDefault },
    });
    table.put(ref, {
      metadata: { name: 'new', creationTimestamp: '2026-01-01T00:00:00Z', annotations: isDefault },
    });
    const run = (spec: object) =>
      admit(defaultStorageClass({ read: table.read }), admissionContext({ kind, object: claim(spec) }));
    expect((await run({}))['spec']).toEqual({ storageClassName: 'new' });
    expect((await run({ storageClassName: '' }))['spec']).toEqual({ storageClassName: '' });
  });

  test('a claim grows where its class lets it', async () => {
    table.put(ref, { metadata: { name: 'grows' }, allowVolumeExpansion: true });
    const sized = (storageClassName: string, storage: string) =>
      claim({ storageClassName, resources: { requests: { storage } } });
    const run = (name: string) =>
      admit(
        claimResize({ read: table.read }),
        admissionContext({
          kind,
          operation: 'UPDATE',
          oldObject: sized(name, '1Gi'),
          object: sized(name, '2Gi'),
        }),
      );
    await run('grows');
    await expect(run('fixed')).rejects.toThrow('must support resize');
  });
});
