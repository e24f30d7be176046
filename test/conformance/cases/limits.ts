/** LimitRanges and PriorityClasses, rule by rule: what a pod or a claim is given, and in which words it is refused. */
import type { LimitRangeItem } from '@skerry/api';
import type { Case, Step } from '../case.ts';

const pods = '/api/v1/namespaces/{{ns}}/pods';
const claims = '/api/v1/namespaces/{{ns}}/persistentvolumeclaims';
const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';

type Amounts = Readonly<Record<string, string>>;

interface Asked {
  readonly requests?: Amounts;
  readonly limits?: Amounts;
}

const container = (name: string, resources: Asked = {}) => ({ name, image: 'i', resources });
const post = (path: string, body: unknown, more: Partial<Step> = {}): Step => ({
  method: 'POST',
  path,
  body,
  ...more,
});
const pod = (spec: object, name = 'p') => post(pods, { metadata: { name }, spec });
const one = (resources: Asked, name = 'p') => pod({ containers: [container('c', resources)] }, name);
const limitRange = (limits: readonly LimitRangeItem[], name = 'l') =>
  post('/api/v1/namespaces/{{ns}}/limitranges', { metadata: { name }, spec: { limits } }, { onlyCode: true });

const limited = (name: string, limits: readonly LimitRangeItem[], ...asked: Step[]): Case => ({
  area: 'limits',
  name,
  namespace: true,
  steps: [limitRange(limits), ...asked],
});
const ofContainer = (item: Partial<LimitRangeItem>): LimitRangeItem => ({ type: 'Container', ...item });
const ofPod = (item: Partial<LimitRangeItem>): LimitRangeItem => ({ type: 'Pod', ...item });
const claim = (storage: string, name = 'c') =>
  post(claims, {
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage } } },
  });

const limitCases: readonly Case[] = [
  limited(
    'what a container leaves open',
    [ofContainer({ default: { cpu: '2' }, defaultRequest: { cpu: '1' } })],
    one({}, 'none'),
    one({ limits: { cpu: '3' } }, 'limit'),
    one({ requests: { cpu: '500m' } }, 'request'),
    one({ requests: { cpu: '3' } }, 'above'),
    one({ requests: { memory: '1Gi' } }, 'other'),
  ),
  limited(
    'a default that is a request too',
    [ofContainer({ default: { cpu: '2' } })],
    one({}, 'none'),
    one({ requests: { cpu: '1' } }, 'request'),
  ),
  limited('a most that is a default too', [ofContainer({ max: { cpu: '2' } })], one({}, 'none')),
  limited('a least that is no default', [ofContainer({ min: { cpu: '1' } })], one({}, 'none')),
  limited(
    'several containers, and those that come first',
    [ofContainer({ default: { cpu: '2' }, defaultRequest: { cpu: '1' } })],
    pod({
      initContainers: [container('i'), { ...container('s'), restartPolicy: 'Always' }],
      containers: [container('c'), container('d', { limits: { cpu: '1' } })],
    }),
  ),
  limited(
    'the least of a container',
    [ofContainer({ min: { cpu: '100m' } })],
    one({ requests: { cpu: '50m' } }),
    one({ requests: { cpu: '0' } }),
    one({ limits: { cpu: '99m' } }),
    one({ requests: { cpu: '100m' }, limits: { cpu: '100m' } }),
  ),
  limited(
    'the most of a container',
    [ofContainer({ max: { memory: '1Gi' } })],
    one({ limits: { memory: '2Gi' } }),
    one({ requests: { memory: '2Gi' } }),
    one({ limits: { memory: '1073741825' } }),
    one({ limits: { memory: '1024Mi' } }),
  ),
  limited(
    'how far a limit may be from its request',
    [ofContainer({ maxLimitRequestRatio: { cpu: '2' } })],
    one({}),
    one({ requests: { cpu: '1' } }),
    one({ limits: { cpu: '1' } }, 'same'),
    one({ requests: { cpu: '1' }, limits: { cpu: '3' } }),
    one({ requests: { cpu: '300m' }, limits: { cpu: '1' } }),
    one({ requests: { cpu: '1' }, limits: { cpu: '2' } }, 'twice'),
  ),
  limited(
    'a share that is no whole number',
    [ofContainer({ maxLimitRequestRatio: { memory: '1500m' } })],
    one({ requests: { memory: '100Mi' }, limits: { memory: '200Mi' } }),
  ),
  limited(
    'the same fault twice',
    [ofContainer({ max: { cpu: '1' } })],
    pod({ containers: [container('c', { limits: { cpu: '2' } }), container('d', { limits: { cpu: '2' } })] }),
    pod({ containers: [container('c', { limits: { cpu: '2' } }), container('d', { limits: { cpu: '3' } })] }),
    pod({
      initContainers: [container('i', { limits: { cpu: '4' } })],
      containers: [container('c', { limits: { cpu: '2' } })],
    }),
  ),
  limited(
    'bounds of the whole pod',
    [ofPod({ max: { cpu: '3' }, min: { cpu: '1' } })],
    one({}),
    one({ requests: { cpu: '500m' }, limits: { cpu: '1' } }),
    pod({ containers: [container('c', { limits: { cpu: '2' } }), container('d', { limits: { cpu: '2' } })] }),
    pod({
      initContainers: [container('i', { limits: { cpu: '4' } })],
      containers: [container('c', { limits: { cpu: '2' } })],
    }),
    pod({
      initContainers: [{ ...container('s', { limits: { cpu: '2' } }), restartPolicy: 'Always' }],
      containers: [container('c', { limits: { cpu: '2' } })],
    }),
  ),
  limited(
    'how far the sums of a pod may be apart',
    [ofPod({ maxLimitRequestRatio: { cpu: '2' } })],
    pod({
      containers: [
        container('c', { requests: { cpu: '1' }, limits: { cpu: '4' } }),
        container('d', { requests: { cpu: '3' }, limits: { cpu: '3' } }),
      ],
    }),
    pod({
      containers: [
        container('c', { requests: { cpu: '1' }, limits: { cpu: '4' } }),
        container('d', { requests: { cpu: '500m' }, limits: { cpu: '1' } }),
      ],
    }),
  ),
  limited(
    'what a whole pod asks for itself',
    [ofPod({ max: { cpu: '3' } })],
    pod({ resources: { limits: { cpu: '4' } }, containers: [container('c')] }),
  ),
  limited(
    'containers and pod at once',
    [ofContainer({ max: { cpu: '1' } }), ofPod({ max: { cpu: '2' } })],
    one({ limits: { cpu: '3' } }),
  ),
  limited(
    'claims',
    [{ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } }],
    claim('500Mi'),
    claim('3Gi'),
    claim('2Gi'),
  ),
  {
    area: 'limits',
    name: 'several ranges of one namespace',
    namespace: true,
    steps: [
      limitRange([ofContainer({ default: { cpu: '2' }, defaultRequest: { cpu: '1' } })], 'a'),
      limitRange([ofContainer({ max: { memory: '1Gi' } })], 'b'),
      { path: '/api/v1/namespaces/{{ns}}/limitranges', onlyCode: true },
      one({ limits: { memory: '2Gi' } }),
    ],
  },
  limited(
    'a range that says what can not be',
    [ofContainer({ default: { cpu: '2' } })],
    ...(
      [
        ofContainer({ min: { cpu: '2' }, max: { cpu: '1' } }),
        ofContainer({ default: { cpu: '3' }, max: { cpu: '2' } }),
        ofContainer({ defaultRequest: { cpu: '1' }, min: { cpu: '2' } }),
        ofContainer({ defaultRequest: { cpu: '3' }, default: { cpu: '2' } }),
        ofContainer({ maxLimitRequestRatio: { cpu: '500m' } }),
        ofContainer({ maxLimitRequestRatio: { cpu: '4' }, min: { cpu: '1' }, max: { cpu: '2' } }),
        ofPod({ default: { cpu: '1' } }),
        ofPod({ defaultRequest: { cpu: '1' } }),
        { type: 'PersistentVolumeClaim' },
        { type: 'Nonsense' },
      ] satisfies LimitRangeItem[]
    ).map((item) =>
      post('/api/v1/namespaces/{{ns}}/limitranges', { metadata: { name: 'bad' }, spec: { limits: [item] } }),
    ),
    post('/api/v1/namespaces/{{ns}}/limitranges', {
      metadata: { name: 'bad' },
      spec: { limits: [ofPod({ max: { cpu: '1' } }), ofPod({ max: { cpu: '2' } })] },
    }),
  ),
];

const priorityClass = (name: string, value: number, more: object = {}) => ({
  metadata: { name },
  value,
  ...more,
});
const remove = (name: string): Step => ({ method: 'DELETE', path: `${classes}/${name}`, onlyCode: true });
const ranked = (name: string, spec: object, more: Partial<Step> = {}) =>
  post(pods, { metadata: { name }, spec: { containers: [container('c')], ...spec } }, more);

const priorityCases: readonly Case[] = [
  {
    area: 'limits',
    name: 'pods of a class',
    namespace: true,
    steps: [
      post(classes, priorityClass('{{ns}}', 1_000)),
      // Admission knows of a class a moment later.
      ranked('first', { priorityClassName: '{{ns}}' }, { until: 201 }),
      ranked('same', { priorityClassName: '{{ns}}', priority: 1_000 }),
      ranked('other', { priorityClassName: '{{ns}}', priority: 7 }),
      ranked('never', { priorityClassName: '{{ns}}', preemptionPolicy: 'Never' }),
      ranked('none', {}),
      ranked('number', { priority: 5 }),
      ranked('zero', { priority: 0 }),
      ranked('missing', { priorityClassName: 'no-such-class' }),
      ranked('node', { priorityClassName: 'system-node-critical' }),
      ranked('cluster', { priorityClassName: 'system-cluster-critical' }),
      remove('{{ns}}'),
    ],
  },
  {
    area: 'limits',
    name: 'pods of a class that waits its turn',
    namespace: true,
    steps: [
      post(classes, priorityClass('{{ns}}', -5, { preemptionPolicy: 'Never', description: 'patient' })),
      ranked('first', { priorityClassName: '{{ns}}' }, { until: 201 }),
      ranked('other', { priorityClassName: '{{ns}}', preemptionPolicy: 'PreemptLowerPriority' }),
      remove('{{ns}}'),
    ],
  },
  {
    area: 'limits',
    name: 'a class that is none',
    steps: [
      post(classes, priorityClass('system-mine', 5)),
      post(classes, priorityClass('too-high', 1_000_000_001)),
      post(classes, priorityClass('bad-policy', 1, { preemptionPolicy: 'Sometimes' })),
      post(classes, priorityClass('Bad_Name', 1)),
      post(classes, { metadata: { name: 'no-value-conformance' } }),
      remove('no-value-conformance'),
    ],
  },
  {
    area: 'limits',
    name: 'what of a class can not change',
    steps: [
      post(classes, priorityClass('fixed-conformance', 5), { onlyCode: true }),
      ...[
        { value: 6 },
        { preemptionPolicy: 'Never' },
        { description: 'new words' },
        { globalDefault: false, value: 7 },
      ].map((body): Step => ({
        method: 'PATCH',
        path: `${classes}/fixed-conformance`,
        type: 'application/merge-patch+json',
        body,
      })),
      remove('fixed-conformance'),
    ],
  },
  {
    area: 'limits',
    name: 'a class for all who name none',
    namespace: true,
    first: true,
    steps: [
      post(classes, priorityClass('usual-conformance', 50, { globalDefault: true })),
      post(classes, priorityClass('second-conformance', 5, { globalDefault: true }), { until: 403 }),
      ranked('probe', { priority: 50 }, { until: 201, onlyCode: true }),
      ranked('none', {}),
      ranked('number', { priority: 5 }),
      remove('usual-conformance'),
      remove('second-conformance'),
    ],
  },
];

export const limitsCases: readonly Case[] = [...limitCases, ...priorityCases];
