/** Volumes that wait for who is to use them, with the cluster's own scheduler. */
import { resources } from '@skerry/client';
import { schedulerName, type Sequence, type Stage } from '../sequence.ts';
import { makeNode, ownToleration } from './machines.ts';
import { object, template } from './objects.ts';

const { persistentVolumes, persistentVolumeClaims, storageClasses, pods, csiNodes } = resources;
const looksAt = [persistentVolumes];
const driver = 'disks.example.com';

const delayed = (stage: Stage, provisioner = 'kubernetes.io/no-provisioner') =>
  stage.create(storageClasses, {
    metadata: { name: '~disks' },
    provisioner,
    volumeBindingMode: 'WaitForFirstConsumer',
  } as never);
const claim = (name: string, spec: object = {}) =>
  object(name, {
    accessModes: ['ReadWriteOnce'],
    storageClassName: '~disks',
    resources: { requests: { storage: '1Gi' } },
    ...spec,
  });
const on = (...names: string[]) =>
  names.map((name) => ({
    matchFields: [{ key: 'metadata.name', operator: 'In', values: [`~${name}`] }],
  }));
const hostIs = (name: string) => ({
  required: {
    nodeSelectorTerms: [
      { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [`~${name}`] }] },
    ],
  },
});
const volume = (name: string, node: string | undefined, spec: object = {}) =>
  object(`~${name}`, {
    accessModes: ['ReadWriteOnce'],
    storageClassName: '~disks',
    capacity: { storage: '1Gi' },
    persistentVolumeReclaimPolicy: 'Retain',
    csi: { driver, volumeHandle: name },
    ...(node ? { nodeAffinity: hostIs(node) } : {}),
    ...spec,
  });
/** For one of these nodes. */
const user = (name: string, claimName: string, nodes: readonly string[]) =>
  ({
    metadata: { name },
    spec: {
      ...template('user', 'runs:a').spec,
      schedulerName,
      tolerations: [ownToleration],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: on(...nodes) },
        },
      },
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    },
  }) as never;

export const placementSequences: readonly Sequence[] = [
  {
    name: 'a claim waits for its first consumer, and is bound where that can go',
    looksAt,
    async play(stage) {
      await makeNode(stage, 'a');
      await makeNode(stage, 'b');
      await delayed(stage);
      await stage.create(persistentVolumes, volume('on-b', 'b'));
      await stage.create(persistentVolumeClaims, claim('mine'));
      await stage.look('waiting');
      await stage.create(pods, user('user', 'mine', ['a', 'b']));
      await stage.look('bound');
    },
  },
  {
    name: 'a claim of a consumer is made where that goes',
    looksAt,
    async play(stage) {
      await makeNode(stage, 'a');
      await delayed(stage, driver);
      await stage.create(persistentVolumeClaims, claim('mine'));
      await stage.look('waiting');
      await stage.create(pods, user('user', 'mine', ['a']));
      await stage.look('asked for');
      const claimRef = {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        name: 'mine',
        namespace: '<namespace>',
      };
      const made = volume('made', 'a', { claimRef, persistentVolumeReclaimPolicy: 'Delete' });
      const annotations = { 'pv.kubernetes.io/provisioned-by': driver };
      await stage.create(persistentVolumes, { ...made, metadata: { ...made.metadata, annotations } });
      await stage.look('bound', { steadyMs: 20_000 });
    },
  },
  {
    name: 'a pod waits for a volume that is nowhere, or not where it may go',
    looksAt,
    async play(stage) {
      await makeNode(stage, 'a');
      await makeNode(stage, 'b');
      await delayed(stage);
      await stage.create(persistentVolumeClaims, claim('mine'));
      await stage.look('waiting');
      await stage.create(pods, user('user', 'mine', ['a']));
      await stage.look('nowhere');
      await stage.create(persistentVolumes, volume('on-b', 'b'));
      await stage.look('elsewhere');
      await stage.create(persistentVolumes, volume('on-a', 'a'));
      await stage.look('bound');
    },
  },
  {
    name: 'a pod waits for a claim that is bound elsewhere, is not bound, or is not there',
    looksAt,
    async play(stage) {
      await makeNode(stage, 'a');
      await makeNode(stage, 'b');
      await stage.create(persistentVolumes, volume('on-b', 'b'));
      await stage.create(persistentVolumeClaims, claim('mine'));
      await stage.create(persistentVolumeClaims, claim('unbound', { storageClassName: '~others' }));
      await stage.look('bound');
      await stage.create(pods, user('elsewhere', 'mine', ['a']));
      await stage.create(pods, user('waiting', 'unbound', ['a']));
      await stage.create(pods, user('early', 'later', ['a']));
      await stage.look('none placed');
      await stage.create(persistentVolumes, volume('on-a', 'a', { storageClassName: '~others' }));
      await stage.look('one placed', { steadyMs: 20_000 });
    },
  },
  {
    name: 'a claim of which one pod alone may have the volume',
    looksAt,
    async play(stage) {
      await makeNode(stage, 'a');
      const accessModes = ['ReadWriteOncePod'];
      await stage.create(persistentVolumes, volume('one', undefined, { accessModes }));
      await stage.create(persistentVolumeClaims, claim('mine', { accessModes }));
      await stage.look('bound');
      await stage.create(pods, user('first', 'mine', ['a']));
      await stage.look('first');
      await stage.create(pods, user('second', 'mine', ['a']));
      await stage.look('second');
      await stage.remove(pods, 'first');
      await stage.look('second alone');
    },
  },
  {
    name: 'a node holds as many volumes of a driver as that says',
    looksAt,
    async play(stage) {
      await makeNode(stage, 'a');
      await stage.create(csiNodes, {
        metadata: { name: '~a' },
        spec: { drivers: [{ name: driver, nodeID: 'a', topologyKeys: [], allocatable: { count: 1 } }] },
      } as never);
      for (const name of ['one', 'two']) {
        await stage.create(persistentVolumes, volume(name, undefined));
        await stage.create(persistentVolumeClaims, claim(name, { volumeName: `~${name}` }));
      }
      await stage.look('bound');
      await stage.create(pods, user('first', 'one', ['a']));
      await stage.look('first');
      await stage.create(pods, user('second', 'two', ['a']));
      await stage.look('second');
      await stage.remove(pods, 'first');
      await stage.look('second alone');
    },
  },
];
