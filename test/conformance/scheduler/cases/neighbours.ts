/** What depends on the pods that run: affinity and anti-affinity between pods, and spreading over topologies. */
import { type PodAffinityTerm, type TopologySpreadConstraint } from '@skerry/api';
import { resources } from '@skerry/client';
import type { SchedulingCase } from '../case.ts';
import { host, node, pod, type PodGiven, zone, zoneKey } from '../objects.ts';

const app = (name: string) => ({ matchLabels: { app: name } });
const term = (name: string, topologyKey = zoneKey, more: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({
  labelSelector: app(name),
  topologyKey,
  ...more,
});
const near = (...terms: PodAffinityTerm[]): PodGiven => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const away = (...terms: PodAffinityTerm[]): PodGiven => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const ofApp = (name: string, app: string, nodeName: string, more: PodGiven = {}) =>
  pod(name, { labels: { app }, nodeName, ...more });
const spread = (more: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint => ({
  maxSkew: 1,
  topologyKey: zoneKey,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: app('web'),
  ...more,
});
const spreading = (...topologySpreadConstraints: TopologySpreadConstraint[]) =>
  pod('p', { labels: { app: 'web' }, topologySpreadConstraints });

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'm', image: 'i' }] } };
const replicaSet = [
  resources.replicaSets,
  {
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas: 0, selector: app('web'), template },
  } as object,
] as const;

const three = [
  node('a', { labels: zone('east') }),
  node('b', { labels: zone('west') }),
  node('c', { labels: zone('west') }),
];
const webInWest = [ofApp('x', 'web', 'b'), ofApp('y', 'web', 'c')];

export const neighbourCases: readonly SchedulingCase[] = [
  {
    name: 'beside those it belongs to',
    nodes: three,
    running: [ofApp('x', 'db', 'b')],
    pod: pod('p', near(term('db', host))),
  },
  { name: 'nobody there whom it belongs to', nodes: three, pod: pod('p', near(term('db'))) },
  {
    name: 'the first of a group that belongs together',
    nodes: three.slice(0, 1),
    pod: pod('p', { labels: { app: 'web' }, ...near(term('web')) }),
  },
  {
    name: 'the first of a group on nodes without the key',
    nodes: [node('a')],
    pod: pod('p', { labels: { app: 'web' }, ...near(term('web')) }),
  },
  {
    name: 'two groups in one place',
    nodes: three,
    running: [ofApp('x', 'db', 'b'), ofApp('y', 'cache', 'a')],
    pod: pod('p', near(term('db'), term('cache'))),
  },
  {
    name: 'away from others',
    nodes: three,
    running: [ofApp('x', 'web', 'b')],
    pod: pod('p', { labels: { app: 'web' }, ...away(term('web')) }),
  },
  {
    name: 'away from others, who are everywhere',
    nodes: three,
    running: [ofApp('x', 'web', 'b'), ofApp('y', 'web', 'a')],
    pod: pod('p', { labels: { app: 'web' }, ...away(term('web')) }),
  },
  {
    name: 'others keep away from it',
    nodes: three,
    running: [ofApp('x', 'lonely', 'b', away(term('web'))), ofApp('y', 'lonely', 'a', away(term('web')))],
    pod: pod('p', { labels: { app: 'web' } }),
  },
  {
    name: 'affinity and anti-affinity refused on different nodes',
    nodes: three,
    running: [ofApp('x', 'db', 'b'), ofApp('y', 'web', 'c')],
    pod: pod('p', {
      affinity: {
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('db')] },
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('web')] },
      },
    }),
  },
  {
    name: 'pods of other namespaces do not count unless named',
    nodes: three,
    running: [ofApp('x', 'db', 'b', { namespace: 'other' })],
    pod: pod('p', near(term('db'))),
  },
  {
    name: 'pods of a namespace by name',
    nodes: three.slice(0, 2),
    running: [ofApp('x', 'db', 'b', { namespace: 'other' })],
    pod: pod('p', near(term('db', zoneKey, { namespaces: ['other'] }))),
  },
  {
    name: 'pods of namespaces by label',
    nodes: three.slice(0, 2),
    running: [ofApp('x', 'db', 'b', { namespace: 'other' })],
    pod: pod('p', near(term('db', zoneKey, { namespaceSelector: { matchLabels: { team: 'x' } } }))),
  },
  {
    name: 'pods of all namespaces',
    nodes: three.slice(0, 2),
    running: [ofApp('x', 'db', 'b', { namespace: 'other' })],
    pod: pod('p', near(term('db', zoneKey, { namespaceSelector: {} }))),
  },
  {
    name: 'keys of labels that must be the same, or must differ',
    nodes: three,
    running: [
      ofApp('x', 'web', 'a', { labels: { app: 'web', version: '1' } }),
      ofApp('y', 'web', 'b', { labels: { app: 'web', version: '2' } }),
    ],
    pod: pod('p', {
      labels: { app: 'web', version: '1' },
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            term('web', zoneKey, { mismatchLabelKeys: ['version'] }),
          ],
        },
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            term('web', zoneKey, { matchLabelKeys: ['version'] }),
          ],
        },
      },
    }),
  },
  {
    name: 'preferences of pods towards each other, both ways',
    nodes: [...three, node('d', { labels: zone('north') })],
    running: [
      ofApp('x', 'db', 'a'),
      ofApp('y', 'noisy', 'b'),
      pod('z', {
        nodeName: 'd',
        affinity: {
          podAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 40, podAffinityTerm: term('web') }],
          },
        },
      }),
      pod('w', {
        nodeName: 'c',
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 9, podAffinityTerm: term('web', host) },
            ],
          },
        },
      }),
    ],
    pod: pod('p', {
      labels: { app: 'web' },
      affinity: {
        podAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 60, podAffinityTerm: term('db') }],
        },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 33, podAffinityTerm: term('noisy') }],
        },
      },
    }),
  },
  {
    name: 'what running pods require of the newcomer counts a little',
    nodes: three,
    running: [ofApp('x', 'web', 'a'), ofApp('y', 'db', 'a', near(term('web')))],
    pod: pod('p', { labels: { app: 'web' } }),
  },
  { name: 'spread: where there are fewest', nodes: three, running: webInWest, pod: spreading(spread()) },
  {
    name: 'spread: the place with fewest can take no more',
    nodes: [node('a', { labels: zone('east'), unschedulable: true }), ...three.slice(1)],
    running: webInWest,
    pod: spreading(spread()),
  },
  {
    name: 'spread: nodes without the key',
    nodes: [node('a'), node('b', { labels: zone('west') })],
    running: [ofApp('x', 'web', 'b')],
    pod: spreading(spread({ minDomains: 2 })),
  },
  {
    name: 'spread: fewer places than there should be',
    nodes: three.slice(1),
    running: webInWest.slice(0, 1),
    pod: spreading(spread({ minDomains: 2 })),
  },
  {
    name: 'spread: over zones and hosts at once',
    nodes: [...three, node('d', { labels: zone('east') })],
    running: [ofApp('x', 'web', 'a'), ofApp('y', 'web', 'b')],
    pod: spreading(spread(), spread({ topologyKey: host })),
  },
  {
    name: 'spread: nodes that the pod can not go to count only if asked',
    nodes: [...three, node('d', { labels: { ...zone('north'), other: 'yes' } })],
    running: [ofApp('x', 'web', 'a'), ofApp('y', 'web', 'b')],
    pod: pod('p', {
      labels: { app: 'web' },
      topologySpreadConstraints: [spread({ nodeAffinityPolicy: 'Ignore' })],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'other', operator: 'DoesNotExist' }] }],
          },
        },
      },
    }),
  },
  {
    name: 'spread: tainted nodes count unless left out',
    nodes: [...three, node('d', { labels: zone('north'), taints: [{ key: 'x', effect: 'NoSchedule' }] })],
    running: [ofApp('x', 'web', 'a'), ofApp('y', 'web', 'b')],
    pod: spreading(spread()),
  },
  {
    name: 'spread: tainted nodes are left out',
    nodes: [...three, node('d', { labels: zone('north'), taints: [{ key: 'x', effect: 'NoSchedule' }] })],
    running: [ofApp('x', 'web', 'a'), ofApp('y', 'web', 'b')],
    pod: spreading(spread({ nodeTaintsPolicy: 'Honor' })),
  },
  {
    name: 'spread: by version of what is rolled',
    nodes: three.slice(0, 2),
    running: [ofApp('x', 'web', 'a', { labels: { app: 'web', version: '1' } }), ofApp('y', 'web', 'b')],
    pod: pod('p', {
      labels: { app: 'web', version: '1' },
      topologySpreadConstraints: [spread({ matchLabelKeys: ['version'] })],
    }),
  },
  {
    name: 'spread: a pod that does not count itself',
    nodes: three,
    running: [ofApp('x', 'web', 'b')],
    pod: pod('p', { labels: { app: 'other' }, topologySpreadConstraints: [spread()] }),
  },
  {
    name: 'spread: softly',
    nodes: [...three, node('d')],
    running: webInWest,
    pod: spreading(spread({ whenUnsatisfiable: 'ScheduleAnyway' })),
  },
  {
    name: 'spread: softly over two topologies, with room for skew',
    nodes: [...three, node('d', { labels: zone('east') })],
    running: [...webInWest, ofApp('z', 'web', 'c'), ofApp('w', 'web', 'd')],
    pod: spreading(
      spread({ whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 }),
      spread({ whenUnsatisfiable: 'ScheduleAnyway', topologyKey: host }),
    ),
  },
  {
    name: 'spread by default: pods of one ReplicaSet',
    nodes: three,
    objects: [replicaSet],
    running: ['b', 'c', 'b'].map((on, index) =>
      ofApp(`x${index}`, 'web', on, { owner: ['ReplicaSet', 'web'] }),
    ),
    pod: pod('p', { labels: { app: 'web' }, owner: ['ReplicaSet', 'web'] }),
  },
  {
    name: 'spread by default: pods on their way out do not count',
    nodes: three,
    running: ['b', 'c', 'b'].map((on, index) =>
      ofApp(`x${index}`, 'web', on, { owner: ['ReplicaSet', 'web'] }),
    ),
    objects: [replicaSet],
    leaving: ['x0', 'x2'],
    pod: pod('p', { labels: { app: 'web' }, owner: ['ReplicaSet', 'web'] }),
  },
  {
    name: 'spread: pods on their way out do not count',
    nodes: three.slice(0, 2),
    running: [ofApp('x', 'web', 'b'), ofApp('y', 'web', 'a')],
    leaving: ['x'],
    pod: spreading(spread()),
  },
  {
    name: 'away from others, who are on their way out',
    nodes: three.slice(0, 2),
    running: [ofApp('x', 'web', 'b'), ofApp('y', 'web', 'a')],
    leaving: ['x'],
    pod: pod('p', { labels: { app: 'web' }, ...away(term('web')) }),
  },
  {
    name: 'spread by default: pods of one Job are not',
    nodes: three,
    running: ['b', 'c', 'b'].map((on, index) => ofApp(`x${index}`, 'web', on, { owner: ['Job', 'web'] })),
    pod: pod('p', { labels: { app: 'web' }, owner: ['Job', 'web'] }),
  },
  {
    name: 'spread by default: pods of one Service without a controller',
    nodes: three,
    objects: [
      [
        resources.services,
        {
          metadata: { name: 'web', namespace: 'default' },
          spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
        } as object,
      ],
    ],
    running: [...webInWest, ofApp('z', 'web', 'b')],
    pod: pod('p', { labels: { app: 'web' } }),
  },
];
