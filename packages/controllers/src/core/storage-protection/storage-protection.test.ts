import type { PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttributesClass } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAttributesClassProtectionController } from '#core/storage-protection/attributes-class-protection.ts';
import { createClaimProtectionController } from '#core/storage-protection/claim-protection.ts';
import { createVolumeProtectionController } from '#core/storage-protection/volume-protection.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

const claimFinalizer = 'kubernetes.io/pvc-protection';
const volumeFinalizer = 'kubernetes.io/pv-protection';
const classFinalizer = 'kubernetes.io/vac-protection';
const deletionTimestamp = '2026-01-01T00:00:00Z';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  await cluster.start(
    createClaimProtectionController(cluster.context),
    createVolumeProtectionController(cluster.context),
    createAttributesClassProtectionController(cluster.context),
  );
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

const seedClaim = (name: string, metadata: PersistentVolumeClaim['metadata'] = {}, spec = {}) =>
  cluster.client.seed<PersistentVolumeClaim>(resources.persistentVolumeClaims, {
    metadata: { name, namespace: 'default', finalizers: [claimFinalizer], ...metadata },
    spec,
  });
const seedVolume = (name: string, metadata: PersistentVolume['metadata'], phase: string, spec = {}) =>
  cluster.client.seed<PersistentVolume>(resources.persistentVolumes, {
    metadata: { name, ...metadata },
    spec,
    status: { phase },
  });
const seedPod = (name: string, spec: Partial<Pod['spec']>, metadata = {}) =>
  cluster.client.seed<Pod>(resources.pods, {
    metadata: { name, namespace: 'default', ...metadata },
    spec: { containers: [], ...spec },
  });
const mounting = (claimName: string) => ({
  volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
});

/** The finalizers that each has; one that has gone is not there. */
const left = (ref: Parameters<Harness['client']['all']>[0]) =>
  Object.fromEntries(
    cluster.client
      .all(ref)
      .map(({ metadata }) => [metadata?.name ?? '', (metadata?.finalizers ?? []).join()] as const)
      .filter(([name]) => name !== ''),
  );
const deletePod = (name: string) =>
  cluster.client.resource<Pod>(resources.pods).delete(name, { namespace: 'default', gracePeriodSeconds: 0 });

test('what has no finalizer gets one', async () => {
  seedClaim('c', { finalizers: [] });
  seedVolume('v', {}, 'Available');
  cluster.client.seed<VolumeAttributesClass>(resources.volumeAttributesClasses, {
    metadata: { name: 'a' },
    driverName: 'd',
  });
  await cluster.clock.advance(1000);
  expect(left(resources.persistentVolumeClaims)).toEqual({ c: claimFinalizer });
  expect(left(resources.persistentVolumes)).toEqual({ v: volumeFinalizer });
  expect(left(resources.volumeAttributesClasses)).toEqual({ a: classFinalizer });
});

test('a claim waits for pods that have a node, and for those alone', async () => {
  seedPod('running', { nodeName: 'n', ...mounting('used') });
  seedPod('waiting', mounting('wanted'));
  seedClaim('used', { deletionTimestamp });
  seedClaim('wanted', { deletionTimestamp });
  seedClaim('other', { deletionTimestamp, finalizers: [claimFinalizer, 'example.com/mine'] });
  await cluster.clock.advance(1000);
  expect(left(resources.persistentVolumeClaims)).toMatchObject({
    used: claimFinalizer,
    other: 'example.com/mine',
  });
  expect(left(resources.persistentVolumeClaims)['wanted'] ?? '').toBe('');
  await deletePod('running');
  await cluster.clock.advance(1000);
  expect(left(resources.persistentVolumeClaims)['used'] ?? '').toBe('');
});

test("the claim of an ephemeral volume waits for the volume's own pod until that is shut down", async () => {
  const ephemeral = { nodeName: 'n', volumes: [{ name: 'scratch', ephemeral: {} }] };
  seedPod('mine', ephemeral, { uid: 'u1' });
  seedPod('shut', ephemeral, { uid: 'u2', deletionTimestamp, deletionGracePeriodSeconds: 0 });
  seedPod('stranger', ephemeral, { uid: 'u3' });
  const ownerReferences = (uid: string) => [
    { apiVersion: 'v1', kind: 'Pod', name: 'p', uid, controller: true },
  ];
  seedClaim('mine-scratch', { deletionTimestamp, ownerReferences: ownerReferences('u1') });
  seedClaim('shut-scratch', { deletionTimestamp, ownerReferences: ownerReferences('u2') });
  seedClaim('stranger-scratch', { deletionTimestamp, ownerReferences: ownerReferences('u1') });
  await cluster.clock.advance(1000);
  const protectedClaims = Object.entries(left(resources.persistentVolumeClaims))
    .filter(([, finalizers]) => finalizers !== '')
    .map(([name]) => name);
  expect(protectedClaims).toEqual(['mine-scratch']);
});

test('a volume waits while it is bound', async () => {
  seedVolume('bound', { deletionTimestamp, finalizers: [volumeFinalizer] }, 'Bound');
  seedVolume(
    'released',
    { deletionTimestamp, finalizers: [volumeFinalizer, 'example.com/mine'] },
    'Released',
  );
  await cluster.clock.advance(1000);
  expect(left(resources.persistentVolumes)).toEqual({ bound: volumeFinalizer, released: 'example.com/mine' });
});

test('an attributes class waits for volumes and claims that name it', async () => {
  const going = { deletionTimestamp, finalizers: [classFinalizer, 'example.com/mine'] };
  seedVolume('v', { finalizers: [volumeFinalizer] }, 'Bound', { volumeAttributesClassName: 'of-volume' });
  seedClaim('c', {}, { volumeAttributesClassName: 'of-claim' });
  for (const name of ['of-volume', 'of-claim', 'unused'])
    cluster.client.seed<VolumeAttributesClass>(resources.volumeAttributesClasses, {
      metadata: { name, ...going },
      driverName: 'd',
    });
  await cluster.clock.advance(1000);
  const both = `${classFinalizer},example.com/mine`;
  expect(left(resources.volumeAttributesClasses)).toEqual({
    'of-volume': both,
    'of-claim': both,
    unused: 'example.com/mine',
  });
  await cluster.client
    .resource<PersistentVolumeClaim>(resources.persistentVolumeClaims)
    .patch('c', { spec: { volumeAttributesClassName: null } }, { type: 'merge', namespace: 'default' });
  await cluster.clock.advance(1000);
  expect(left(resources.volumeAttributesClasses)['of-claim']).toBe('example.com/mine');
});
