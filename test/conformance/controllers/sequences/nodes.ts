import { resources } from '@skerry/client';
import type { Sequence } from '../sequence.ts';
import { makeNode, podOn, say } from './machines.ts';

const { nodes, pods } = resources;
const looksAt = [nodes];
const held = { finalizers: ['example.com/hold'] };
const zone = (name: string) => ({
  labels: { 'topology.kubernetes.io/region': '~r', 'topology.kubernetes.io/zone': name },
});
const noExecute = (key: string) => ({ key, effect: 'NoExecute', value: 'x' });
const slow = { terminationGracePeriodSeconds: 30 };

export const nodeSequences: readonly Sequence[] = [
  {
    name: 'a node is tainted for what it says',
    looksAt,
    async play(stage) {
      await makeNode(stage, 'a');
      await stage.look('ready');
      await say(stage, 'a', {
        Ready: 'True',
        MemoryPressure: 'True',
        DiskPressure: 'True',
        PIDPressure: 'True',
        NetworkUnavailable: 'True',
      });
      await stage.look('full');
      await say(stage, 'a', { Ready: 'True', MemoryPressure: 'Unknown', DiskPressure: 'False' });
      await stage.merge(nodes, '~a', { spec: { unschedulable: true } });
      await stage.look('cordoned');
      await stage.merge(nodes, '~a', { spec: { unschedulable: null } });
      await say(stage, 'a', { Ready: 'False' });
      await stage.look('not ready');
      await say(stage, 'a', { Ready: 'Unknown' });
      await stage.look('unknown');
      await say(stage, 'a', { Ready: 'True' });
      await stage.look('ready again');
      await stage.remove(nodes, '~a');
      await stage.look('gone');
    },
  },
  {
    name: 'a node that is not ready makes its pods not ready',
    looksAt,
    async play(stage) {
      await makeNode(stage, 'a');
      await stage.create(pods, podOn('a', 'one'));
      await stage.create(pods, podOn('a', 'done', { image: 'succeeds:a' }));
      await stage.look('running');
      stage.turn('runs:a', 'forgotten');
      await say(stage, 'a', { Ready: 'False' });
      await stage.look('not ready');
      await stage.merge(pods, 'one', { metadata: { labels: { touched: 'true' } } });
      await stage.look('touched');
    },
  },
  {
    name: 'a node that never says how it is',
    looksAt,
    async play(stage) {
      await makeNode(stage, 'a', { saysReady: false });
      await stage.create(pods, podOn('a', 'one', { image: 'forgotten:a' }));
      await stage.look('unknown');
    },
  },
  {
    name: 'pods leave a node for a taint, each as it tolerates it',
    looksAt,
    async play(stage) {
      await makeNode(stage, 'a');
      const tolerating = (tolerationSeconds?: number) => ({
        ...slow,
        tolerations: [
          {
            key: 'example.com/out',
            operator: 'Exists',
            effect: 'NoExecute',
            ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
          },
        ],
      });
      await stage.create(pods, podOn('a', 'plain', { spec: slow }));
      await stage.create(pods, podOn('a', 'brief', { spec: tolerating(2) }));
      await stage.create(pods, podOn('a', 'patient', { spec: tolerating(600) }));
      await stage.create(pods, podOn('a', 'tough', { spec: tolerating() }));
      await stage.create(pods, podOn('a', 'done', { image: 'succeeds:a', spec: slow }));
      await stage.create(pods, podOn('a', 'waiting', { image: 'forgotten:a', spec: slow }));
      await stage.look('running');
      stage.turn('runs:a', 'forgotten');
      await stage.merge(nodes, '~a', { spec: { taints: [noExecute('example.com/out')] } });
      await stage.look('tainted');
      await stage.merge(nodes, '~a', { spec: { taints: null } });
      await stage.look('free again');
    },
  },
  {
    name: 'pods of a node that has gone are removed',
    looksAt,
    async play(stage) {
      await stage.create(pods, podOn('nowhere', 'one', { image: 'forgotten:a' }));
      await stage.create(pods, podOn('nowhere', 'held', { image: 'forgotten:a', metadata: held }));
      await stage.create(pods, podOn('nowhere', 'done', { image: 'forgotten:a', metadata: held }));
      await stage.merge(pods, 'done', { status: { phase: 'Succeeded' } }, 'status');
      await stage.look('orphaned', { steadyMs: 75_000 });
    },
  },
  {
    name: 'pods of a node out of service are removed',
    looksAt,
    async play(stage) {
      await makeNode(stage, 'a');
      const spec = { tolerations: [{ operator: 'Exists' }], ...slow };
      const on = { metadata: held, spec };
      await stage.create(pods, podOn('a', 'leaving', on));
      await stage.create(pods, podOn('a', 'staying', on));
      await stage.create(pods, podOn('a', 'evicted', { metadata: held, spec: slow }));
      await stage.look('running');
      stage.turn('runs:a', 'forgotten');
      await say(stage, 'a', { Ready: 'False' });
      await stage.look('not ready');
      await stage.remove(pods, 'leaving');
      await stage.merge(nodes, '~a', {
        spec: { taints: [{ ...noExecute('node.kubernetes.io/out-of-service'), value: 'nodeshutdown' }] },
      });
      await stage.look('out of service', { steadyMs: 45_000 });
    },
  },
  {
    name: 'pods that leave and never had a node are removed',
    looksAt,
    async play(stage) {
      const { spec } = podOn('a', 'x', { image: 'forgotten:a' }) as { spec: object };
      const unbound = { ...spec, nodeName: undefined, schedulerName: 'nobody' };
      await stage.create(pods, { metadata: { name: 'one' }, spec: unbound } as never);
      await stage.create(pods, { metadata: { name: 'held', ...held }, spec: unbound } as never);
      await stage.remove(pods, 'one');
      await stage.remove(pods, 'held');
      await stage.look('leaving', { steadyMs: 30_000 });
    },
  },
  {
    name: 'of a zone most of which is silent no node is emptied, and of one all of which is silent one by one',
    looksAt,
    async play(stage) {
      await Promise.all(
        ['a1', 'a2', 'a3', 'a4']
          .map((name) => makeNode(stage, name, zone('most')))
          .concat(
            ['b1', 'b2'].map((name) => makeNode(stage, name, zone('all'))),
            ['c1', 'c2', 'c3', 'c4', 'c5'].map((name) => makeNode(stage, name, zone('few'))),
          ),
      );
      await say(stage, 'a1', { Ready: 'Unknown' });
      await stage.look('one of four');
      await Promise.all(['a2', 'a3'].map((name) => say(stage, name, { Ready: 'Unknown' })));
      await Promise.all(['b1', 'b2', 'c1', 'c2'].map((name) => say(stage, name, { Ready: 'Unknown' })));
      await stage.look('three of four, two of two, two of five', { steadyMs: 20_000 });
    },
  },
];
