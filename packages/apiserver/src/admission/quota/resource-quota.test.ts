import type { AnyObject, Pod, ResourceQuota } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { beforeEach, expect, test } from 'vitest';
import { QuotaKeeper, quotas } from '#admission/quota/quota-keeper.ts';
import { resourceQuota } from '#admission/quota/resource-quota.ts';
import { ObjectTable, admissionContext } from '#testing/object-table.ts';

const pods = { group: '', resource: 'pods' };
let table: ObjectTable;
let clock: FakeClock;

beforeEach(() => {
  table = new ObjectTable();
  clock = new FakeClock();
});

function quota(spec: NonNullable<ResourceQuota['spec']>, name = 'q'): void {
  table.put(quotas, { metadata: { name, namespace: 'ns' }, spec });
}

function pod(
  name: string,
  requests: Record<string, string> = {},
  more: Partial<Pod['spec']> = {},
): AnyObject {
  return {
    metadata: { name, namespace: 'ns' },
    spec: { containers: [{ name: 'c', resources: { requests } }], ...more },
  };
}

const used = () => table.read.get<ResourceQuota>(quotas, 'q', 'ns')?.status?.used;

/** Admits and, when nothing objects, stores as the registry would. */
async function create(object: AnyObject, of: { dryRun?: boolean } = {}): Promise<void> {
  await resourceQuota({ access: table, clock }).validate?.(admissionContext({ object, ...of }));
  if (!of.dryRun) table.put(pods, object);
}

test('counts what is created and refuses what is too much, naming all three amounts', async () => {
  quota({ hard: { pods: '2', 'requests.cpu': '1' } });
  await create(pod('a', { cpu: '600m' }));
  expect(used()).toEqual({ pods: '1', 'requests.cpu': '600m' });
  await expect(create(pod('b', { cpu: '0.5' }))).rejects.toMatchObject({
    code: 403,
    message:
      'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
  });
  await create(pod('b', { cpu: '400m' }));
  await expect(create(pod('c', { cpu: '0' }))).rejects.toThrow(
    'requested: pods=1, used: pods=2, limited: pods=2',
  );
});

test('two creates at the same moment do not both take the last place', async () => {
  quota({ hard: { pods: '1' } });
  const results = await Promise.allSettled([create(pod('a')), create(pod('b'))]);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('wants containers to say what a quota limits', async () => {
  quota({ hard: { 'requests.cpu': '1', 'limits.memory': '1Gi' } });
  await expect(create(pod('a'))).rejects.toThrow(
    'failed quota: q: must specify limits.memory for: c; requests.cpu for: c',
  );
});

test('counts extended resources', async () => {
  quota({ hard: { 'requests.nvidia.com/gpu': '1' } });
  await create(pod('a', { 'nvidia.com/gpu': '1' }));
  await expect(create(pod('b', { 'nvidia.com/gpu': '1' }))).rejects.toThrow('requests.nvidia.com/gpu=1');
  await create(pod('c'));
});

test.each<[string, NonNullable<ResourceQuota['spec']>, Partial<Pod['spec']>, boolean]>([
  ['BestEffort', { scopes: ['BestEffort'] }, {}, true],
  ['NotBestEffort', { scopes: ['NotBestEffort'] }, {}, false],
  ['Terminating', { scopes: ['Terminating'] }, { activeDeadlineSeconds: 5 }, true],
  ['NotTerminating', { scopes: ['NotTerminating'] }, { activeDeadlineSeconds: 5 }, false],
  [
    'PriorityClass',
    {
      scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
    },
    { priorityClassName: 'high' },
    true,
  ],
])('of scope %s counts the pods of that scope alone', async (_scope, spec, podSpec, counts) => {
  quota({ ...spec, hard: { pods: '0' } });
  const answer = create(pod('a', {}, podSpec));
  if (counts) await expect(answer).rejects.toThrow('exceeded quota');
  else await answer;
});

test('a dry run takes nothing', async () => {
  quota({ hard: { pods: '1' } });
  await create(pod('a'), { dryRun: true });
  expect(used()).toBeUndefined();
});

test('an update is charged for its growth alone', async () => {
  const services = { group: '', kind: 'Service', resource: 'services', namespaced: true };
  quota({ hard: { services: '1', 'services.nodeports': '1' } });
  const service = (type: string, ports: number): AnyObject => ({
    metadata: { name: 's', namespace: 'ns' },
    spec: { type, ports: Array.from({ length: ports }, (_, port) => ({ port })) },
  });
  const plugin = resourceQuota({ access: table, clock });
  const update = (oldObject: AnyObject, object: AnyObject) =>
    plugin.validate?.(admissionContext({ kind: services, operation: 'UPDATE', oldObject, object }));
  table.put({ group: '', resource: 'services' }, service('ClusterIP', 1));
  await update(service('ClusterIP', 1), service('NodePort', 1));
  expect(used()).toMatchObject({ services: '1', 'services.nodeports': '1' });
  await expect(update(service('NodePort', 1), service('NodePort', 2))).rejects.toThrow(
    'services.nodeports=1',
  );
});

test('gives back what is deleted or finished, and follows a changed limit', async () => {
  quota({ hard: { pods: '3', 'count/pods': '5' } });
  new QuotaKeeper({ access: table, clock, log: silentLogger }).start();
  for (const name of ['a', 'b', 'c']) await create(pod(name));
  await clock.advance(600);
  expect(used()).toEqual({ pods: '3', 'count/pods': '3' });
  table.remove(pods, 'a', 'ns');
  table.put(pods, { ...pod('b'), status: { phase: 'Succeeded' } });
  await clock.advance(600);
  expect(used()).toEqual({ pods: '1', 'count/pods': '2' });
  quota({ hard: { pods: '1' } });
  await clock.advance(600);
  expect(used()).toEqual({ pods: '1' });
  await expect(create(pod('d'))).rejects.toThrow('exceeded quota');
});

test('a pod whose time to end is over is no longer charged, though its node never said so', async () => {
  quota({ hard: { pods: '1', 'count/pods': '5' } });
  new QuotaKeeper({ access: table, clock, log: silentLogger }).start();
  await create(pod('a'));
  const deletionTimestamp = new Date(clock.now() + 30_000).toISOString();
  table.put(pods, {
    ...pod('a'),
    metadata: { name: 'a', namespace: 'ns', deletionTimestamp, deletionGracePeriodSeconds: 30 },
  });
  await clock.advance(600);
  expect(used()).toEqual({ pods: '1', 'count/pods': '1' });
  await clock.advance(5 * 60_000 + 600);
  expect(used()).toEqual({ pods: '0', 'count/pods': '1' });
});

test('of scope VolumeAttributesClass counts the claims of that class alone', async () => {
  const claims = {
    group: '',
    kind: 'PersistentVolumeClaim',
    resource: 'persistentvolumeclaims',
    namespaced: true,
  };
  const scopeSelector = {
    matchExpressions: [{ scopeName: 'VolumeAttributesClass', operator: 'In', values: ['gold'] }],
  };
  quota({ scopeSelector, hard: { persistentvolumeclaims: '0' } });
  const plugin = resourceQuota({ access: table, clock });
  const make = (volumeAttributesClassName?: string) =>
    plugin.validate?.(
      admissionContext({
        kind: claims,
        object: { metadata: { name: 'c', namespace: 'ns' }, spec: { volumeAttributesClassName } },
      }),
    );
  await make();
  await make('silver');
  await expect(make('gold')).rejects.toThrow('exceeded quota');
});
