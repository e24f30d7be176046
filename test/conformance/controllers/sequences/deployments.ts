import { resources } from '@skerry/client';
import type { Sequence } from '../sequence.ts';
import { imagePatch, object, selecting, template } from './objects.ts';

const { deployments, replicaSets, replicationControllers, pods, resourceQuotas } = resources;
const web = (spec: object = {}, image = 'runs:a') =>
  object('web', { replicas: 2, ...selecting('web', image), ...spec });
const surge = (maxSurge: number, maxUnavailable: number) => ({
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
});

export const deploymentSequences: readonly Sequence[] = [
  {
    name: 'a Deployment is rolled, and back',
    known: {
      'the new pod starts: deployments[0].status.conditions[1]':
        'stock controllers tell of the new set or of its progress, whichever comes last',
    },
    async play(stage) {
      await stage.create(deployments, web(surge(1, 0)));
      await stage.look('made');
      await stage.merge(deployments, 'web', imagePatch('starts:b'));
      await stage.look('the new pod starts');
      stage.turn('starts:b', 'runs');
      await stage.look('rolled');
      await stage.merge(deployments, 'web', imagePatch('runs:a'));
      await stage.look('back');
      await stage.merge(deployments, 'web', { spec: { replicas: 0 } });
      await stage.look('none');
    },
  },
  {
    name: 'a Deployment is recreated',
    async play(stage) {
      await stage.create(deployments, web({ strategy: { type: 'Recreate', rollingUpdate: null } }));
      await stage.look('made');
      await stage.merge(deployments, 'web', imagePatch('runs:b'));
      await stage.look('recreated');
    },
  },
  {
    name: 'a Deployment is paused',
    async play(stage) {
      await stage.create(deployments, web(surge(1, 0)));
      await stage.look('made');
      await stage.merge(deployments, 'web', { spec: { paused: true } });
      await stage.merge(deployments, 'web', imagePatch('runs:b'));
      await stage.look('paused');
      await stage.merge(deployments, 'web', { spec: { replicas: 3 } });
      await stage.look('scaled');
      await stage.merge(deployments, 'web', { spec: { paused: false, replicas: 1 } });
      await stage.look('resumed');
    },
  },
  {
    name: 'a Deployment does not progress',
    async play(stage) {
      await stage.create(deployments, web({ ...surge(1, 0), progressDeadlineSeconds: 2 }));
      await stage.look('made');
      await stage.merge(deployments, 'web', imagePatch('starts:b'));
      await stage.look('late');
      stage.turn('starts:b', 'runs');
      await stage.look('at last');
    },
  },
  {
    name: 'a Deployment is scaled in the middle of a rollout',
    async play(stage) {
      await stage.create(deployments, web({ ...surge(3, 2), replicas: 10 }));
      await stage.look('made');
      await stage.merge(deployments, 'web', imagePatch('starts:b'));
      await stage.look('held');
      await stage.merge(deployments, 'web', { spec: { replicas: 15 } });
      await stage.look('more');
      await stage.merge(deployments, 'web', { spec: { replicas: 5 } });
      await stage.look('fewer');
    },
  },
  {
    name: 'a Deployment keeps one revision',
    async play(stage) {
      await stage.create(deployments, web({ replicas: 1, revisionHistoryLimit: 1 }));
      for (const image of ['runs:b', 'runs:c']) {
        await stage.look(`before ${image}`);
        await stage.merge(deployments, 'web', imagePatch(image));
      }
      await stage.look('last');
    },
  },
  {
    name: 'a quota is reached, and raised',
    async play(stage) {
      await stage.create(
        resourceQuotas,
        object('few', { hard: { pods: '1', 'count/deployments.apps': '2' } }),
      );
      await stage.look('quota');
      await stage.create(deployments, web());
      await stage.look('reached');
      await stage.merge(resourceQuotas, 'few', { spec: { hard: { pods: '5' } } });
      await stage.merge(deployments, 'web', { spec: { replicas: 3 } });
      await stage.look('raised');
    },
  },
  {
    name: 'a quota is reached in the middle of a rollout',
    async play(stage) {
      await stage.create(resourceQuotas, object('two', { hard: { pods: '2' } }));
      await stage.create(deployments, web(surge(1, 0)));
      await stage.look('made');
      await stage.merge(deployments, 'web', imagePatch('runs:b'));
      await stage.look('held');
      // Room for pods that are gone and not yet counted out, too.
      await stage.merge(resourceQuotas, 'two', { spec: { hard: { pods: '10' } } });
      await stage.merge(deployments, 'web', { spec: { replicas: 3 } });
      await stage.look('rolled');
    },
  },
  {
    name: 'a Deployment is deleted in the middle of a rollout',
    async play(stage) {
      await stage.create(deployments, web(surge(1, 0)));
      await stage.look('made');
      await stage.merge(deployments, 'web', imagePatch('starts:b'));
      await stage.look('held');
      await stage.remove(deployments, 'web', 'Foreground');
      await stage.look('deleted');
    },
  },
  ...(['Foreground', 'Orphan', 'Background'] as const).map((propagation) => ({
    name: `a Deployment is deleted: ${propagation}`,
    async play(stage: Parameters<Sequence['play']>[0]) {
      await stage.create(deployments, web());
      await stage.look('made');
      await stage.remove(deployments, 'web', propagation);
      await stage.look('deleted');
    },
  })),
  {
    name: 'a ReplicaSet adopts, releases and counts',
    async play(stage) {
      await stage.create(pods, {
        metadata: { name: 'orphan', labels: { app: 'set' } },
        spec: template('set', 'runs:a').spec,
      } as never);
      await stage.create(
        replicaSets,
        object('set', { replicas: 2, minReadySeconds: 1, ...selecting('set', 'runs:a') }),
      );
      await stage.look('adopted');
      await stage.merge(pods, 'orphan', { metadata: { labels: { app: 'free' } } });
      await stage.look('released');
      await stage.merge(replicaSets, 'set', { spec: { replicas: 0 } });
      await stage.look('none');
    },
  },
  {
    name: 'a ReplicaSet leaves the pods of another one alone',
    async play(stage) {
      await stage.create(replicaSets, object('set', { replicas: 2, ...selecting('set', 'runs:a') }));
      await stage.look('one');
      await stage.create(replicaSets, object('other', { replicas: 1, ...selecting('set', 'runs:b') }));
      await stage.look('both');
    },
  },
  {
    name: 'a ReplicationController',
    async play(stage) {
      const spec = { replicas: 2, selector: { app: 'rc' }, template: template('rc', 'runs:a') };
      await stage.create(replicationControllers, object('rc', spec));
      await stage.look('made');
      await stage.merge(replicationControllers, 'rc', { spec: { replicas: 1 } });
      await stage.look('scaled');
    },
  },
];
