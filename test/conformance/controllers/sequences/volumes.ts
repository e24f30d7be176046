import { resources } from '@skerry/client';
import type { Sequence, Stage } from '../sequence.ts';
import { object, template } from './objects.ts';

const { persistentVolumes, persistentVolumeClaims, storageClasses, pods } = resources;
const looksAt = [persistentVolumes];
/** Of nobody who would make a volume, or resize one. */
const provisioner = 'disks.example.com';

const claim = (name: string, spec: object = {}, metadata: object = {}) =>
  object(
    name,
    {
      accessModes: ['ReadWriteOnce'],
      storageClassName: '~disks',
      resources: { requests: { storage: '1Gi' } },
      ...spec,
    },
    metadata,
  );
const volume = (name: string, spec: object = {}, metadata: object = {}) =>
  object(
    `~${name}`,
    {
      accessModes: ['ReadWriteOnce'],
      storageClassName: '~disks',
      capacity: { storage: '1Gi' },
      persistentVolumeReclaimPolicy: 'Retain',
      csi: { driver: provisioner, volumeHandle: name },
      ...spec,
    },
    metadata,
  );
const user = (name: string, claimName: string, spec: object = {}) =>
  ({
    metadata: { name },
    spec: {
      ...template('user', 'runs:a').spec,
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
      ...spec,
    },
  }) as never;
const storageClass = (stage: Stage, more: object = {}) =>
  stage.create(storageClasses, { metadata: { name: '~disks' }, provisioner, ...more } as never);

export const volumeSequences: readonly Sequence[] = [
  {
    name: 'a claim is bound to the smallest volume that fits',
    looksAt,
    async play(stage) {
      await stage.create(persistentVolumes, volume('large', { capacity: { storage: '10Gi' } }));
      await stage.create(persistentVolumes, volume('small', { capacity: { storage: '2Gi' } }));
      await stage.create(persistentVolumes, volume('tiny', { capacity: { storage: '500Mi' } }));
      await stage.create(
        persistentVolumes,
        volume('shared', { capacity: { storage: '1Gi' }, accessModes: ['ReadOnlyMany'] }),
      );
      await stage.look('free');
      await stage.create(persistentVolumeClaims, claim('mine'));
      await stage.look('bound');
      await stage.remove(persistentVolumeClaims, 'mine');
      await stage.look('released');
      await stage.merge(persistentVolumes, '~small', { spec: { claimRef: null } });
      await stage.look('free again');
    },
  },
  {
    name: 'a claim selects its volume by labels',
    looksAt,
    async play(stage) {
      await stage.create(persistentVolumes, volume('plain'));
      await stage.create(
        persistentVolumes,
        volume('fast', { capacity: { storage: '5Gi' } }, { labels: { speed: 'fast' } }),
      );
      const selector = (speed: string) => ({ selector: { matchLabels: { speed } } });
      await stage.create(persistentVolumeClaims, claim('slow', selector('slow')));
      await stage.look('none');
      await stage.create(persistentVolumeClaims, claim('fast', selector('fast')));
      await stage.look('bound');
    },
  },
  {
    name: 'a claim names its volume',
    looksAt,
    async play(stage) {
      await stage.create(persistentVolumes, volume('one'));
      await stage.create(persistentVolumes, volume('two'));
      await stage.create(persistentVolumes, volume('raw', { volumeMode: 'Block' }));
      await stage.create(persistentVolumeClaims, claim('first', { volumeName: '~two' }));
      await stage.look('bound');
      await stage.create(persistentVolumeClaims, claim('second', { volumeName: '~two' }));
      await stage.create(
        persistentVolumeClaims,
        claim('big', { volumeName: '~one', resources: { requests: { storage: '2Gi' } } }),
      );
      await stage.create(persistentVolumeClaims, claim('raw', { volumeName: '~raw' }));
      await stage.create(
        persistentVolumeClaims,
        claim('elsewhere', { volumeName: '~one', storageClassName: '~others' }),
      );
      await stage.look('refused');
      await stage.create(
        persistentVolumeClaims,
        claim('shared', { volumeName: '~one', accessModes: ['ReadWriteMany'] }),
      );
      await stage.look('of another mode');
    },
  },
  {
    name: 'a volume is kept for a claim',
    looksAt,
    async play(stage) {
      const claimRef = (name: string) => ({ claimRef: { name, namespace: '<namespace>' } });
      await stage.create(persistentVolumes, volume('kept', claimRef('expected')));
      await stage.create(persistentVolumes, volume('raw', { ...claimRef('plain'), volumeMode: 'Block' }));
      await stage.create(persistentVolumeClaims, claim('other'));
      await stage.create(persistentVolumeClaims, claim('plain'));
      await stage.look('kept');
      await stage.create(persistentVolumeClaims, claim('expected'));
      await stage.look('bound');
      await stage.create(
        persistentVolumes,
        volume('of-one-that-was', {
          claimRef: { ...claimRef('other').claimRef, uid: '00000000-0000-4000-8000-000000000000' },
        }),
      );
      await stage.look('of one that was');
    },
  },
  {
    name: 'volumes are reclaimed by their policy',
    looksAt,
    async play(stage) {
      const provisioned = { annotations: { 'pv.kubernetes.io/provisioned-by': provisioner } };
      const deleted = { persistentVolumeReclaimPolicy: 'Delete' };
      await stage.create(persistentVolumes, volume('by-its-maker', deleted, provisioned));
      await stage.create(persistentVolumes, volume('by-nobody', deleted));
      await stage.create(persistentVolumes, volume('recycled', { persistentVolumeReclaimPolicy: 'Recycle' }));
      for (const name of ['by-its-maker', 'by-nobody', 'recycled'])
        await stage.create(persistentVolumeClaims, claim(name, { volumeName: `~${name}` }));
      await stage.look('bound');
      for (const name of ['by-its-maker', 'by-nobody', 'recycled'])
        await stage.remove(persistentVolumeClaims, name);
      await stage.look('released');
    },
  },
  {
    name: 'a claim loses its volume',
    looksAt,
    async play(stage) {
      await stage.create(persistentVolumes, volume('one'));
      await stage.create(persistentVolumeClaims, claim('mine'));
      await stage.look('bound');
      await stage.remove(persistentVolumes, '~one');
      await stage.look('held');
      await stage.merge(persistentVolumes, '~one', { metadata: { finalizers: null } });
      await stage.look('lost');
    },
  },
  {
    name: 'a volume is bound to somebody else',
    looksAt,
    async play(stage) {
      await stage.create(persistentVolumes, volume('one'));
      await stage.create(persistentVolumeClaims, claim('mine'));
      await stage.look('bound');
      await stage.merge(persistentVolumes, '~one', {
        spec: { claimRef: { name: 'yours', uid: '00000000-0000-4000-8000-000000000000' } },
      });
      await stage.look('taken');
    },
  },
  {
    name: 'a claim and its volume are kept while they are used',
    looksAt,
    async play(stage) {
      await stage.create(persistentVolumes, volume('one'));
      await stage.create(persistentVolumeClaims, claim('mine'));
      await stage.look('bound');
      await stage.create(pods, user('user', 'mine'));
      await stage.look('used');
      await stage.remove(persistentVolumeClaims, 'mine');
      await stage.remove(persistentVolumes, '~one');
      await stage.look('kept');
      await stage.merge(pods, 'user', { status: { phase: 'Succeeded' } }, 'status');
      await stage.look('gone');
    },
  },
  {
    name: 'a claim grows, where its class lets it',
    looksAt,
    async play(stage) {
      await storageClass(stage, { allowVolumeExpansion: true });
      await stage.create(persistentVolumes, volume('one'));
      await stage.create(persistentVolumeClaims, claim('mine'));
      await stage.create(persistentVolumes, volume('two', { storageClassName: '~fixed' }));
      await stage.create(persistentVolumeClaims, claim('fixed', { storageClassName: '~fixed' }));
      await stage.create(persistentVolumeClaims, claim('unbound', { storageClassName: '~others' }));
      await stage.look('bound');
      const asking = (storage: string) => ({ spec: { resources: { requests: { storage } } } });
      await stage.ask(() => stage.merge(persistentVolumeClaims, 'mine', asking('2Gi')));
      await stage.ask(() => stage.merge(persistentVolumeClaims, 'fixed', asking('2Gi')));
      await stage.ask(() => stage.merge(persistentVolumeClaims, 'unbound', asking('2Gi')));
      await stage.look('asked');
      await stage.ask(() => stage.merge(persistentVolumeClaims, 'mine', asking('500Mi')));
      await stage.look('asked for less');
      const condition = {
        type: 'FileSystemResizePending',
        status: 'True',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      };
      await stage.merge(persistentVolumes, '~one', { spec: { capacity: { storage: '2Gi' } } });
      await stage.merge(
        persistentVolumeClaims,
        'mine',
        {
          status: {
            conditions: [condition],
            allocatedResources: { storage: '2Gi' },
            allocatedResourceStatuses: { storage: 'NodeResizePending' },
          },
        },
        'status',
      );
      await stage.look('on its node');
      await stage.merge(
        persistentVolumeClaims,
        'mine',
        { status: { conditions: null, capacity: { storage: '2Gi' }, allocatedResourceStatuses: null } },
        'status',
      );
      await stage.look('grown');
    },
  },
  {
    name: 'a claim waits for who makes its volume',
    looksAt,
    async play(stage) {
      await storageClass(stage);
      await stage.create(persistentVolumeClaims, claim('mine'));
      await stage.look('asked for');
      const provisioned = { annotations: { 'pv.kubernetes.io/provisioned-by': provisioner } };
      const claimRef = {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        name: 'mine',
        namespace: '<namespace>',
      };
      await stage.create(
        persistentVolumes,
        volume('made', { claimRef, persistentVolumeReclaimPolicy: 'Delete' }, provisioned),
      );
      await stage.look('bound', { steadyMs: 20_000 });
    },
  },
  {
    name: 'claims of classes whose provisioners are not there',
    looksAt,
    async play(stage) {
      await storageClass(stage, { provisioner: 'kubernetes.io/no-provisioner' });
      await stage.create(storageClasses, {
        metadata: { name: '~old' },
        provisioner: 'kubernetes.io/glusterfs',
      } as never);
      await stage.create(persistentVolumeClaims, claim('static'));
      await stage.create(persistentVolumeClaims, claim('old', { storageClassName: '~old' }));
      await stage.create(persistentVolumeClaims, claim('of-no-class', { storageClassName: '' }));
      await stage.look('waiting');
    },
  },
  {
    name: 'an ephemeral volume is a claim of its pod',
    looksAt,
    async play(stage) {
      const volumeClaimTemplate = {
        metadata: { labels: { from: 'template' }, annotations: { note: 'kept' } },
        spec: (claim('x') as unknown as { spec: object }).spec,
      };
      const volumes = [{ name: 'scratch', ephemeral: { volumeClaimTemplate } }];
      await stage.create(persistentVolumeClaims, claim('taken-scratch'));
      await stage.look('taken');
      await stage.create(pods, user('user', 'x', { volumes }));
      await stage.create(pods, user('taken', 'x', { volumes }));
      await stage.look('made');
      await stage.remove(pods, 'user');
      await stage.look('gone');
    },
  },
];
