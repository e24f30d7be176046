import { resources } from '@skerry/client';
import type { Sequence } from '../sequence.ts';
import { imagePatch, object, selecting } from './objects.ts';

const { statefulSets, daemonSets, pods } = resources;
const db = (spec: object = {}, image = 'runs:a') =>
  object('db', { replicas: 2, serviceName: 'db', ...selecting('db', image), ...spec });
const claim = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};
const agent = (spec: object = {}, image = 'runs:a') =>
  object('agent', { ...selecting('agent', image), ...spec });
const daemonStrategy = (maxSurge: number, maxUnavailable: number) => ({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
});

export const setSequences: readonly Sequence[] = [
  {
    name: 'a StatefulSet comes and goes in order',
    async play(stage) {
      await stage.create(statefulSets, db({ replicas: 3 }, 'starts:a'));
      await stage.look('the first');
      stage.turn('starts:a', 'runs');
      await stage.look('all');
      await stage.merge(statefulSets, 'db', { spec: { replicas: 1 } });
      await stage.look('one');
      await stage.remove(pods, 'db-0');
      await stage.look('again');
    },
  },
  {
    name: 'a StatefulSet in parallel',
    async play(stage) {
      const ordinals = { start: 5 };
      await stage.create(statefulSets, db({ podManagementPolicy: 'Parallel', ordinals }, 'starts:a'));
      await stage.look('both');
      await stage.merge(statefulSets, 'db', { spec: { replicas: 0 } });
      await stage.look('none');
    },
  },
  {
    name: 'a StatefulSet is rolled down to a partition, then all',
    async play(stage) {
      const rolling = (partition: number) => ({
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } },
      });
      await stage.create(statefulSets, db({ replicas: 3, ...rolling(2) }));
      await stage.look('made');
      await stage.merge(statefulSets, 'db', imagePatch('runs:b'));
      await stage.look('one');
      await stage.merge(statefulSets, 'db', { spec: rolling(0) });
      await stage.look('all');
      await stage.merge(statefulSets, 'db', imagePatch('runs:a'));
      await stage.look('back');
    },
  },
  {
    name: 'a StatefulSet is held by a pod that is not ready, and changed back',
    async play(stage) {
      await stage.create(statefulSets, db());
      await stage.look('made');
      await stage.merge(statefulSets, 'db', imagePatch('starts:b'));
      await stage.look('held');
      await stage.merge(statefulSets, 'db', imagePatch('runs:a'));
      await stage.look('changed back');
      await stage.remove(pods, 'db-1');
      await stage.look('helped');
    },
  },
  {
    name: 'a StatefulSet is changed as pods are deleted',
    async play(stage) {
      await stage.create(
        statefulSets,
        db({ updateStrategy: { type: 'OnDelete', rollingUpdate: null }, minReadySeconds: 1 }),
      );
      await stage.look('made');
      await stage.merge(statefulSets, 'db', imagePatch('runs:b'));
      await stage.look('changed');
      await stage.remove(pods, 'db-0');
      await stage.look('one');
    },
  },
  ...(
    [
      ['with claims: Retain', 'Retain', 'Retain'],
      ['with claims: Delete', 'Delete', 'Delete'],
      ['keeps claims when it goes, and none when it shrinks', 'Delete', 'Retain'],
    ] as const
  ).map(([what, whenScaled, whenDeleted]) => ({
    name: `a StatefulSet ${what}`,
    async play(stage: Parameters<Sequence['play']>[0]) {
      const persistentVolumeClaimRetentionPolicy = { whenScaled, whenDeleted };
      await stage.create(
        statefulSets,
        db({ volumeClaimTemplates: [claim], persistentVolumeClaimRetentionPolicy }),
      );
      await stage.look('made');
      await stage.merge(statefulSets, 'db', { spec: { replicas: 1 } });
      await stage.look('scaled');
      await stage.remove(statefulSets, 'db');
      await stage.look('deleted');
    },
  })),
  {
    name: 'a StatefulSet in parallel is rolled, and keeps one old revision',
    async play(stage) {
      await stage.create(statefulSets, db({ podManagementPolicy: 'Parallel', revisionHistoryLimit: 1 }));
      for (const image of ['runs:b', 'runs:c']) {
        await stage.look(`before ${image}`);
        await stage.merge(statefulSets, 'db', imagePatch(image));
      }
      await stage.look('last');
    },
  },
  {
    name: 'a DaemonSet is rolled with a pod more that has to be ready for a while',
    async play(stage) {
      await stage.create(daemonSets, agent({ ...daemonStrategy(1, 0), minReadySeconds: 1 }));
      await stage.look('made');
      await stage.later();
      await stage.merge(daemonSets, 'agent', imagePatch('runs:b'));
      await stage.look('rolled');
    },
  },
  {
    name: 'a DaemonSet is rolled',
    async play(stage) {
      await stage.create(daemonSets, agent(daemonStrategy(0, 1)));
      await stage.look('made');
      await stage.merge(daemonSets, 'agent', imagePatch('starts:b'));
      await stage.look('held');
      stage.turn('starts:b', 'runs');
      await stage.look('rolled');
      await stage.merge(daemonSets, 'agent', {
        spec: { template: { spec: { nodeSelector: { no: 'where' } } } },
      });
      await stage.look('nowhere');
    },
  },
  {
    name: 'a DaemonSet is rolled with a pod more',
    async play(stage) {
      await stage.create(daemonSets, agent(daemonStrategy(1, 0)));
      await stage.look('made');
      // Of two pods on a node the older one counts.
      await stage.later();
      await stage.merge(daemonSets, 'agent', imagePatch('starts:b'));
      await stage.look('held');
      stage.turn('starts:b', 'runs');
      await stage.look('rolled');
      await stage.remove(daemonSets, 'agent', 'Orphan');
      await stage.look('orphans');
    },
  },
  {
    name: 'a DaemonSet is changed as pods are deleted',
    async play(stage) {
      await stage.create(daemonSets, agent({ updateStrategy: { type: 'OnDelete' }, minReadySeconds: 1 }));
      await stage.look('made');
      await stage.merge(daemonSets, 'agent', imagePatch('runs:b'));
      await stage.look('changed');
    },
  },
];
