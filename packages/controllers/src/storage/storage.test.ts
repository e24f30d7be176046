import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '@skerry/api';
import { ApiError } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createVolumeProtectionController } from '#core/storage-protection/volume-protection.ts';
import { createVolumeBinder } from '#storage/binder.ts';
import { createEphemeralVolumeController } from '#storage/ephemeral-volumes.ts';
import { createVolumeExpander } from '#storage/expander.ts';
import { createLocalPathProvisioner } from '#storage/local-path/provisioner.ts';
import { createLocalPathResizer } from '#storage/local-path/resizer.ts';
import {
  installLocalPathClass,
  localPathClassName,
  localPathProvisioner,
} from '#storage/local-path/storage-class.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
/** What nodes were asked, and what keeps them from answering. */
let asked: string[];
let nodeFault: ApiError | undefined;

beforeEach(async () => {
  cluster = createHarness();
  asked = [];
  nodeFault = undefined;
  cluster.client.request = async <R>(method: string, path: string): Promise<R> => {
    const [, node, name] = /^\/api\/v1\/nodes\/(.+)\/proxy\/localVolumes\/(.+)$/.exec(path) ?? [];
    if (nodeFault) throw nodeFault;
    asked.push(`${method} ${node} ${name}`);
    return { path: `/data/volumes/${name}` } as R;
  };
  await cluster.start(
    createVolumeBinder(cluster.context),
    createVolumeExpander(cluster.context),
    createEphemeralVolumeController(cluster.context),
    createLocalPathProvisioner(cluster.context),
    createLocalPathResizer(cluster.context),
    createVolumeProtectionController(cluster.context),
  );
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

const claimAt = (name: string) => ({ namespace: 'default', name });
const seedClaim = (name: string, spec: PersistentVolumeClaim['spec'] = {}, metadata = {}) =>
  cluster.client.seed<PersistentVolumeClaim>(resources.persistentVolumeClaims, {
    metadata: { name, namespace: 'default', ...metadata },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
    status: { phase: 'Pending' },
  });
const seedVolume = (name: string, size: string, spec: PersistentVolume['spec'] = {}, metadata = {}) =>
  cluster.client.seed<PersistentVolume>(resources.persistentVolumes, {
    metadata: { name, ...metadata },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: size },
      persistentVolumeReclaimPolicy: 'Retain',
      hostPath: { path: '/x' },
      ...spec,
    },
    status: { phase: 'Pending' },
  });
const seedClass = (name: string, fields: Partial<StorageClass> = {}) =>
  cluster.client.seed<StorageClass>(resources.storageClasses, {
    metadata: { name },
    provisioner: 'example.com/disk',
    ...fields,
  });
const seedNode = (name: string) =>
  cluster.client.seed<Node>(resources.nodes, {
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
const claim = (name: string) =>
  cluster.client
    .all<PersistentVolumeClaim>(resources.persistentVolumeClaims)
    .find((each) => each.metadata.name === name);
const volumes = () => cluster.client.all<PersistentVolume>(resources.persistentVolumes);
const volume = (name: string) => volumes().find((each) => each.metadata.name === name);
const boundTo = (name: string) => {
  const found = claim(name);
  return `${found?.status?.phase} ${found?.spec?.volumeName ?? '-'}`;
};
const move = () => cluster.clock.advance(100);
const removeClaim = (name: string) => cluster.client.remove(resources.persistentVolumeClaims, claimAt(name));

describe('binding', () => {
  test('a claim gets the smallest volume that fits, and both say so', async () => {
    seedVolume('big', '10Gi');
    seedVolume('small', '2Gi');
    seedVolume('tiny', '1Mi');
    await move();
    seedClaim('data');
    await move();
    expect(boundTo('data')).toBe('Bound small');
    expect(claim('data')).toMatchObject({
      metadata: {
        annotations: {
          'pv.kubernetes.io/bind-completed': 'yes',
          'pv.kubernetes.io/bound-by-controller': 'yes',
        },
      },
      status: { capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'] },
    });
    expect(volume('small')).toMatchObject({
      metadata: { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } },
      spec: { claimRef: { kind: 'PersistentVolumeClaim', namespace: 'default', name: 'data' } },
      status: { phase: 'Bound' },
    });
    expect(volume('big')?.status?.phase).toBe('Available');
  });

  test('class, selector, access modes and mode of the volume must all fit', async () => {
    seedVolume('other-class', '2Gi', { storageClassName: 'fast' });
    seedVolume('other-labels', '2Gi', {}, { labels: { tier: 'bronze' } });
    seedVolume('other-access', '2Gi', { accessModes: ['ReadOnlyMany'] }, { labels: { tier: 'gold' } });
    seedVolume('other-mode', '2Gi', { volumeMode: 'Block' }, { labels: { tier: 'gold' } });
    await move();
    seedClaim('data', { storageClassName: '', selector: { matchLabels: { tier: 'gold' } } });
    await move();
    expect(boundTo('data')).toBe('Pending -');
    expect(cluster.events.lines).toContain(
      'Normal FailedBinding: no persistent volumes available for this claim and no storage class is set',
    );
    seedVolume('right', '2Gi', {}, { labels: { tier: 'gold' } });
    await move();
    expect(boundTo('data')).toBe('Bound right');
  });

  test('two claims never get one volume', async () => {
    seedVolume('only', '2Gi');
    await move();
    seedClaim('a');
    seedClaim('b');
    await move();
    expect([boundTo('a'), boundTo('b')].toSorted()).toEqual(['Bound only', 'Pending -']);
  });

  test('a claim that names its volume gets it, and a volume that names its claim waits for it', async () => {
    seedVolume('named', '2Gi');
    seedVolume('promised', '2Gi', { claimRef: { namespace: 'default', name: 'promised-to' } });
    seedVolume('small', '1Mi');
    await move();
    expect(volume('promised')?.status?.phase).toBe('Available');
    seedClaim('names', { volumeName: 'named' });
    seedClaim('promised-to', { resources: { requests: { storage: '1Mi' } } });
    seedClaim('too-much', { volumeName: 'small' });
    seedClaim('late', { volumeName: 'promised' });
    await move();
    expect(boundTo('names')).toBe('Bound named');
    expect(boundTo('promised-to')).toBe('Bound promised');
    expect(boundTo('too-much')).toBe('Pending small');
    expect(cluster.events.lines).toContain(
      'Warning VolumeMismatch: Cannot bind to requested volume "small": requested PV is too small',
    );
    expect(cluster.events.lines).toContain(
      'Warning FailedBinding: volume "promised" already bound to a different claim.',
    );
    expect(volume('promised')?.metadata.annotations).toBeUndefined();
  });

  test('a claim whose volume has gone is lost', async () => {
    seedVolume('only', '2Gi');
    await move();
    seedClaim('data');
    await move();
    cluster.client.remove(resources.persistentVolumes, { name: 'only' });
    await move();
    expect(claim('data')?.status).toEqual({ phase: 'Lost' });
    expect(cluster.events.lines).toContain(
      'Warning ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!',
    );
  });

  test('a claim that named no class gets the default one when there is one', async () => {
    seedClaim('silent');
    seedClaim('chosen', { storageClassName: '' });
    await move();
    seedClass('standard', {
      metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    });
    await move();
    expect(claim('silent')?.spec?.storageClassName).toBe('standard');
    expect(claim('chosen')?.spec?.storageClassName).toBe('');
  });
});

describe('what becomes of a volume whose claim has gone', () => {
  async function released(policy: string, metadata = {}) {
    seedVolume('v', '2Gi', { persistentVolumeReclaimPolicy: policy }, metadata);
    await move();
    seedClaim('data');
    await move();
    expect(boundTo('data')).toBe('Bound v');
    removeClaim('data');
    await move();
    return volume('v')?.status;
  }

  test('Retain keeps it, released', async () => {
    expect(await released('Retain')).toMatchObject({ phase: 'Released' });
  });

  test('Recycle and Delete of a volume that nobody made fail, and say so', async () => {
    expect(await released('Recycle')).toMatchObject({
      phase: 'Failed',
      message: 'No recycler plugin found for the volume!',
    });
    cluster.client.remove(resources.persistentVolumes, { name: 'v' });
    expect(await released('Delete')).toMatchObject({
      phase: 'Failed',
      message: 'error getting deleter volume plugin for volume "v": no deletable volume plugin matched',
    });
  });

  test('one that its provisioner deletes is left to it', async () => {
    const annotations = { 'pv.kubernetes.io/provisioned-by': 'example.com/disk' };
    expect(await released('Delete', { annotations })).toMatchObject({ phase: 'Released' });
  });
});

describe('provisioning', () => {
  test('a claim of a class that waits says for what, and is told to its provisioner once a node is chosen', async () => {
    seedClass('late', { volumeBindingMode: 'WaitForFirstConsumer' });
    await move();
    seedClaim('data', { storageClassName: 'late' });
    await move();
    expect(cluster.events.lines).toContain(
      'Normal WaitForFirstConsumer: waiting for first consumer to be created before binding',
    );
    cluster.client.seed<Pod>(resources.pods, {
      metadata: { name: 'p', namespace: 'default' },
      spec: { containers: [], volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }] },
    });
    await move();
    expect(cluster.events.lines).toContain('Normal WaitForPodScheduled: waiting for pod p to be scheduled');
    cluster.client.edit<PersistentVolumeClaim>(
      resources.persistentVolumeClaims,
      claimAt('data'),
      (edited) => {
        edited.metadata.annotations = { 'volume.kubernetes.io/selected-node': 'a' };
      },
    );
    await move();
    expect(claim('data')?.metadata.annotations).toMatchObject({
      'volume.kubernetes.io/storage-provisioner': 'example.com/disk',
    });
    expect(cluster.events.lines.some((line) => line.startsWith('Normal ExternalProvisioning: '))).toBe(true);
  });

  test('a class that is missing, or of a provisioner that was built in, is said', async () => {
    seedClass('old', { provisioner: 'kubernetes.io/no-provisioner' });
    await move();
    seedClaim('a', { storageClassName: 'nowhere' });
    seedClaim('b', { storageClassName: 'old' });
    await move();
    expect(cluster.events.lines).toEqual([
      'Warning ProvisioningFailed: storageclass.storage.k8s.io "nowhere" not found',
      'Warning ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner',
    ]);
  });
});

describe('local paths', () => {
  beforeEach(async () => {
    await installLocalPathClass(cluster.client);
    seedNode('a');
    await move();
  });
  const onNode = (name: string, node = 'a', spec = {}) =>
    seedClaim(
      name,
      { storageClassName: localPathClassName, ...spec },
      { annotations: { 'volume.kubernetes.io/selected-node': node } },
    );

  test('a claim gets a folder of the chosen node, and the folder goes with the claim', async () => {
    onNode('data');
    await move();
    const name = `pvc-${claim('data')?.metadata.uid}`;
    expect(boundTo('data')).toBe(`Bound ${name}`);
    expect(volume(name)).toMatchObject({
      metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': localPathProvisioner } },
      spec: {
        local: { path: `/data/volumes/${name}` },
        persistentVolumeReclaimPolicy: 'Delete',
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['a'] }] },
            ],
          },
        },
      },
    });
    expect(cluster.events.lines).toContain(
      `Normal ProvisioningSucceeded: Successfully provisioned volume ${name}`,
    );
    removeClaim('data');
    await move();
    expect([...new Set(asked)]).toEqual([`PUT a ${name}`, `DELETE a ${name}`]);
    expect(volumes()).toEqual([]);
  });

  test('a node that is not there, or cannot be reached, is given back to the scheduler', async () => {
    onNode('homeless', 'b');
    await move();
    nodeFault = new ApiError('ServiceUnavailable', 'node a is not linked');
    onNode('cut');
    await move();
    for (const name of ['homeless', 'cut'])
      expect(claim(name)?.metadata.annotations).not.toHaveProperty('volume.kubernetes.io/selected-node');
    expect(cluster.events.lines).toContain(
      `Warning ProvisioningFailed: failed to provision volume with StorageClass "${localPathClassName}": failed to get target node: nodes "b" not found`,
    );
    expect(volumes()).toEqual([]);
  });

  test('what a folder cannot be is refused', async () => {
    onNode('many', 'a', { accessModes: ['ReadWriteMany'] });
    onNode('block', 'a', { volumeMode: 'Block' });
    await move();
    expect(asked).toEqual([]);
    expect(cluster.events.lines.filter((line) => line.includes('ProvisioningFailed'))).toHaveLength(2);
  });

  test('a folder stays until its node can be asked to remove it', async () => {
    onNode('data');
    await move();
    nodeFault = new ApiError('ServiceUnavailable', 'node a is not linked');
    removeClaim('data');
    await move();
    expect(volumes()[0]?.status?.phase).toBe('Released');
    expect(cluster.events.lines.at(-1)).toContain(
      'Warning VolumeFailedDelete: node a did not remove the folder',
    );
    nodeFault = undefined;
    await cluster.clock.advance(60_000);
    expect(volumes()).toEqual([]);
  });

  test('a volume whose node has left the cluster goes without it', async () => {
    onNode('data');
    await move();
    cluster.client.remove(resources.nodes, { name: 'a' });
    removeClaim('data');
    await move();
    expect(asked).toHaveLength(1);
    expect(volumes()).toEqual([]);
  });

  test('a claim that grows lets its volume grow', async () => {
    onNode('data');
    await move();
    cluster.client.edit<PersistentVolumeClaim>(
      resources.persistentVolumeClaims,
      claimAt('data'),
      (edited) => {
        edited.spec = { ...edited.spec, resources: { requests: { storage: '3Gi' } } };
      },
    );
    await move();
    expect(volumes()[0]?.spec?.capacity).toEqual({ storage: '3Gi' });
    expect(claim('data')?.status).toMatchObject({ capacity: { storage: '3Gi' }, conditions: [] });
    expect(cluster.events.lines.slice(-3)).toEqual([
      "Normal ExternalExpanding: Ignoring the PVC: didn't find a plugin capable of expanding the volume; waiting for an external controller to process this PVC.",
      `Normal Resizing: External resizer is resizing volume ${volumes()[0]?.metadata.name}`,
      'Normal VolumeResizeSuccessful: Resize volume succeeded',
    ]);
  });

  test('the class is the default one only where no other is', async () => {
    const isDefault = (name: string) =>
      cluster.client
        .all<StorageClass>(resources.storageClasses)
        .find(({ metadata }) => metadata.name === name)?.metadata.annotations;
    expect(isDefault(localPathClassName)).toEqual({ 'storageclass.kubernetes.io/is-default-class': 'true' });
    cluster.client.remove(resources.storageClasses, { name: localPathClassName });
    seedClass('own', {
      metadata: { name: 'own', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    });
    await installLocalPathClass(cluster.client);
    expect(isDefault(localPathClassName)).toBeUndefined();
  });
});

test('an ephemeral volume has a claim of its pod, and a claim of the same name that is not is never taken', async () => {
  const volumeClaimTemplate = {
    metadata: { labels: { app: 'p' } },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  const pod = cluster.client.seed<Pod>(resources.pods, {
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [], volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate } }] },
  });
  await move();
  expect(claim('p-scratch')).toMatchObject({
    metadata: {
      labels: { app: 'p' },
      ownerReferences: [{ kind: 'Pod', name: 'p', uid: pod.metadata.uid, controller: true }],
    },
    spec: volumeClaimTemplate.spec,
  });
});
