/** What people get wrong in claims of devices, and in what is offered to them. */
import type { Case, Step } from '../../case.ts';
import { changed, inGroup, judged } from './asking.ts';

const group = 'resource.k8s.io/v1';
const claims = `${inGroup(group)}/resourceclaims`;
const templates = `${inGroup(group)}/resourceclaimtemplates`;
const merge = 'application/merge-patch+json';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

const claim = (spec: object | undefined, name = 'c') => ({ metadata: { name }, spec });
const dev = (devices: object) => ({ devices });
const ex = (more: object, name = 'r') => ({ name, exactly: { deviceClassName: 'gpu.example.com', ...more } });
const device = (more: object, name = 'd') => ({ name, ...more });
const long = (length: number) => 'a'.repeat(length);
const several = (count: number, of: (index: number) => unknown) =>
  Array.from({ length: count }, (_, index) => of(index));
const byNumber = (count: number, prefix: string, of: (index: number) => unknown) =>
  Object.fromEntries(several(count, (index) => [`${prefix}${index}`, of(index)]) as [string, unknown][]);

const slice = (spec: object) => ({
  metadata: { name: '{{ns}}-s' },
  spec: {
    driver: 'gpu.example.com',
    pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
    nodeName: 'n1',
    ...spec,
  },
});

const claimSpecs: readonly object[] = [
  {},
  dev({}),
  dev({ requests: [] }),
  dev({ requests: [{ name: 'r' }] }),
  dev({ requests: [{ exactly: { deviceClassName: 'x' } }] }),
  dev({ requests: [ex({}, 'Bad_Name')] }),
  dev({ requests: [ex({}), ex({})] }),
  dev({
    requests: [
      { name: 'r', exactly: { deviceClassName: 'x' }, firstAvailable: [{ name: 's', deviceClassName: 'x' }] },
    ],
  }),
  dev({
    requests: [
      {
        name: 'r',
        firstAvailable: [
          { name: 's', deviceClassName: 'x' },
          { name: 's', deviceClassName: 'y' },
        ],
      },
    ],
  }),
  dev({
    requests: [{ name: 'r', firstAvailable: several(9, (i) => ({ name: `s${i}`, deviceClassName: 'x' })) }],
  }),
  dev({ requests: [{ name: 'r', firstAvailable: [] }] }),
  dev({ requests: [{ name: 'r', firstAvailable: [{}] }] }),
  dev({ requests: [ex({ deviceClassName: '' })] }),
  dev({ requests: [ex({ deviceClassName: 'Not Valid' })] }),
  dev({ requests: [ex({ allocationMode: 'All', count: 2 })] }),
  dev({ requests: [ex({ allocationMode: 'ExactCount', count: 0 })] }),
  dev({ requests: [ex({ count: -1 })] }),
  dev({ requests: [ex({ allocationMode: 'Some' })] }),
  dev({ requests: [ex({ allocationMode: 'All' })] }),
  dev({ requests: [ex({ adminAccess: true })] }),
  dev({ requests: [ex({ adminAccess: false })] }),
  dev({ requests: several(33, (i) => ex({}, `r${i}`)) }),
  dev({ requests: [ex({ selectors: [{ cel: { expression: 'device.driver ==' } }] })] }),
  dev({ requests: [ex({ selectors: [{ cel: { expression: '1' } }] })] }),
  dev({ requests: [ex({ selectors: [{}] })] }),
  dev({ requests: [ex({ selectors: [{ cel: { expression: '' } }] })] }),
  dev({ requests: [ex({ selectors: [{ cel: { expression: long(10241) } }] })] }),
  dev({ requests: [ex({ selectors: several(33, () => ({ cel: { expression: 'true' } })) })] }),
  dev({ requests: [ex({ selectors: [{ cel: { expression: 'device.attributes["x"].y == 1' } }] })] }),
  dev({
    requests: [
      ex({
        selectors: [
          {
            cel: {
              expression:
                'device.attributes["a.b"].all(k, device.attributes["a.b"].all(l, device.attributes["a.b"].all(m, device.attributes["a.b"].all(n, k == l))))',
            },
          },
        ],
      }),
    ],
  }),
  dev({
    requests: [ex({ tolerations: [{ key: 'a', operator: 'Equal', value: 'b', effect: 'NoSchedule' }] })],
  }),
  dev({ requests: [ex({ tolerations: [{ operator: 'Exists' }] })] }),
  dev({ requests: [ex({ tolerations: [{ key: 'a b', operator: 'Foo', value: 'b', effect: 'X' }] })] }),
  dev({ requests: [ex({ tolerations: [{ operator: 'Equal' }] })] }),
  dev({ requests: [ex({ tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] })] }),
  dev({
    requests: [
      ex({ tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule', tolerationSeconds: 3 }] }),
    ],
  }),
  dev({ requests: [ex({ tolerations: several(17, () => ({ operator: 'Exists' })) })] }),
  dev({ requests: [ex({ capacity: { requests: { memory: '1Gi' } } })] }),
  dev({ requests: [ex({ capacity: { requests: { 'Bad Name': '1' } } })] }),
  dev({ requests: [ex({ capacity: { requests: { memory: '-1' } } })] }),
  dev({ requests: [ex({})], constraints: [{}] }),
  dev({ requests: [ex({})], constraints: [{ matchAttribute: 'bad' }] }),
  dev({ requests: [ex({})], constraints: [{ requests: ['nope'], matchAttribute: 'a.b/c' }] }),
  dev({ requests: [ex({})], constraints: [{ requests: ['r', 'r'], matchAttribute: 'a.b/c' }] }),
  dev({ requests: [ex({})], constraints: [{ distinctAttribute: 'a.b/c' }] }),
  dev({ requests: [ex({})], constraints: [{ distinctAttribute: 'a.b/c', matchAttribute: 'a.b/c' }] }),
  dev({ requests: [ex({})], constraints: several(33, () => ({ matchAttribute: 'a.b/c' })) }),
  dev({
    requests: [{ name: 'r', firstAvailable: [{ name: 's', deviceClassName: 'x' }] }],
    constraints: [
      { requests: ['r/s'], matchAttribute: 'a.b/c' },
      { requests: ['r/t'], matchAttribute: 'a.b/c' },
      { requests: ['r/s/t'], matchAttribute: 'A.b/c-d' },
    ],
  }),
  dev({ requests: [ex({})], config: [{}] }),
  dev({ requests: [ex({})], config: [{ opaque: {} }] }),
  dev({ requests: [ex({})], config: [{ opaque: { driver: 'Bad Driver', parameters: {} } }] }),
  dev({ requests: [ex({})], config: [{ opaque: { driver: 'a.b', parameters: 'x' } }] }),
  dev({ requests: [ex({})], config: [{ opaque: { driver: 'a.b', parameters: [] } }] }),
  dev({ requests: [ex({})], config: [{ opaque: { driver: 'a.b', parameters: { x: long(11000) } } }] }),
  dev({
    requests: [ex({})],
    config: [{ requests: ['x', 'r', 'r'], opaque: { driver: 'a.b', parameters: { a: 1 } } }],
  }),
  dev({ requests: [ex({})], config: several(33, () => ({ opaque: { driver: 'a.b', parameters: {} } })) }),
  dev({ requests: [ex({})], config: [{ opaque: { driver: long(70), parameters: {} } }] }),
];

const sliceSpecs: readonly object[] = [
  {},
  { nodeName: undefined },
  { nodeName: 'n', allNodes: true },
  { allNodes: false, nodeName: undefined },
  { nodeName: '' },
  { nodeName: 'Bad Node' },
  { nodeName: undefined, nodeSelector: { nodeSelectorTerms: [] } },
  {
    nodeName: undefined,
    nodeSelector: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }, {}],
    },
  },
  {
    nodeName: undefined,
    nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a b', operator: 'Foo' }] }] },
  },
  { nodeName: undefined, perDeviceNodeSelection: true },
  {
    nodeName: undefined,
    perDeviceNodeSelection: true,
    devices: [
      device({ nodeName: 'x' }),
      device({ allNodes: true }, 'e'),
      device({}, 'f'),
      device({ nodeName: 'x', allNodes: true }, 'g'),
    ],
  },
  { devices: [device({ nodeName: 'x' })] },
  { driver: '' },
  { driver: 'Bad Driver' },
  { driver: long(64) },
  { pool: {} },
  { pool: { name: '', generation: -1, resourceSliceCount: 0 } },
  { pool: { name: 'a//b', generation: 0, resourceSliceCount: 1 } },
  { pool: { name: 'Bad/x', generation: 0, resourceSliceCount: 1 } },
  { pool: { name: long(254), generation: 0, resourceSliceCount: 1 } },
  { devices: [device({}), device({})] },
  { devices: [device({}, 'Bad_name')] },
  { devices: [{}] },
  { devices: several(129, (i) => device({}, `d${i}`)) },
  { devices: [device({ attributes: { model: { string: 'x', int: 1 } } })] },
  { devices: [device({ attributes: { model: {} } })] },
  { devices: [device({ attributes: { 'Bad Name': { int: 1 } } })] },
  { devices: [device({ attributes: { 'a.b/': { int: 1 } } })] },
  { devices: [device({ attributes: { 'a.b/c/d': { int: 1 } } })] },
  { devices: [device({ attributes: { '/c': { int: 1 } } })] },
  { devices: [device({ attributes: { '1x': { int: 1 } } })] },
  { devices: [device({ attributes: { a: { string: long(65) } } })] },
  { devices: [device({ attributes: { a: { version: '1' } } })] },
  { devices: [device({ attributes: { a: { version: `1.2.3-${long(80)}` } } })] },
  { devices: [device({ attributes: { a: { version: 'v1.2.3' } } })] },
  {
    devices: [
      device({ attributes: { a: { bool: true }, b: { int: 1 }, c: { string: '' }, [long(33)]: { int: 1 } } }),
    ],
  },
  { devices: [device({ attributes: byNumber(33, 'a', (int) => ({ int })) })] },
  {
    devices: [
      device({
        attributes: byNumber(20, 'a', (int) => ({ int })),
        capacity: byNumber(13, 'c', () => ({ value: '1' })),
      }),
    ],
  },
  { devices: [device({ attributes: { [`${long(64)}.b/c`]: { int: 1 } } })] },
  { devices: [device({ capacity: { 'Bad Name': { value: '1' } } })] },
  { devices: [device({ capacity: { a: {} } })] },
  { devices: [device({ capacity: { a: { value: 'x' } } })] },
  {
    devices: [
      device({ capacity: { a: { value: '1', requestPolicy: { default: '1', validValues: ['1', '2'] } } } }),
    ],
  },
  {
    devices: [
      device({
        allowMultipleAllocations: true,
        capacity: { a: { value: '4', requestPolicy: { default: '1', validValues: ['2', '1'] } } },
      }),
    ],
  },
  {
    devices: [
      device({
        allowMultipleAllocations: true,
        capacity: {
          a: { value: '4', requestPolicy: { default: '3', validRange: { min: '1', max: '2', step: '1' } } },
        },
      }),
    ],
  },
  {
    devices: [device({ allowMultipleAllocations: true, capacity: { a: { value: '4', requestPolicy: {} } } })],
  },
  {
    devices: [
      device({
        allowMultipleAllocations: true,
        capacity: { a: { value: '4', requestPolicy: { validRange: { min: '5' } } } },
      }),
    ],
  },
  { devices: [device({ taints: [{ key: 'a', effect: 'NoSchedule' }] })] },
  { devices: [device({ taints: [{ key: 'a', value: 'x y', effect: 'Foo' }] })] },
  { devices: [device({ taints: [{}] })] },
  { devices: [device({ taints: [{ key: 'a', effect: 'NoExecute', timeAdded: '2020-01-01T00:00:00Z' }] })] },
  { devices: [device({ taints: several(17, (i) => ({ key: `a${i}`, effect: 'NoSchedule' })) })] },
  { devices: [device({ taints: [{ key: 'a', effect: 'None' }] })] },
  {
    sharedCounters: [
      { name: 'c', counters: { m: { value: '1' } } },
      { name: 'c', counters: {} },
    ],
  },
  { sharedCounters: [{}] },
  { sharedCounters: [{ name: 'c', counters: { 'Bad Name': { value: '1' } } }] },
  { sharedCounters: several(9, (i) => ({ name: `c${i}`, counters: { m: { value: '1' } } })) },
  { sharedCounters: [{ name: 'c', counters: byNumber(33, 'm', () => ({ value: '1' })) }] },
  { devices: [device({ consumesCounters: [{ counterSet: 'c', counters: { m: { value: '1' } } }] })] },
  {
    devices: [
      device({
        consumesCounters: [
          { counterSet: '', counters: {} },
          { counterSet: 'c' },
          { counterSet: 'c', counters: { m: { value: '1' } } },
        ],
      }),
    ],
  },
  { devices: [device({})], sharedCounters: [{ name: 'c', counters: { m: { value: '1' } } }] },
  { devices: [device({ bindsToNode: true })] },
  { devices: [device({ bindsToNode: true, bindingConditions: ['a'], bindingFailureConditions: ['b'] })] },
  { devices: [device({ bindingConditions: ['a', 'a', 'Bad Cond!'], bindingFailureConditions: ['a'] })] },
  { devices: [device({ bindingConditions: several(5, (i) => `c${i}`), bindingFailureConditions: ['x'] })] },
];

const statuses: readonly object[] = [
  { allocation: {} },
  {
    allocation: {
      devices: { results: [{ request: 'r', driver: 'gpu.example.com', pool: 'p', device: 'd' }] },
    },
  },
  {
    allocation: { devices: { results: [{ request: 'x', driver: 'Bad Driver', pool: '', device: 'Bad_' }] } },
  },
  { allocation: { devices: { results: [{}] } } },
  {
    allocation: {
      devices: { results: several(33, (i) => ({ request: 'r', driver: 'a.b', pool: 'p', device: `d${i}` })) },
    },
  },
  { allocation: { devices: { config: [{}], results: [] } } },
  {
    allocation: {
      devices: {
        config: [
          { source: 'FromClaim', opaque: { driver: 'a.b', parameters: {} } },
          { source: 'X', requests: ['y'], opaque: { driver: 'a.b' } },
        ],
      },
    },
  },
  { allocation: { nodeSelector: { nodeSelectorTerms: [] } } },
  {
    allocation: {
      nodeSelector: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }],
      },
    },
  },
  { allocation: { nodeSelector: { nodeSelectorTerms: [{}, {}] } } },
  { reservedFor: [{ resource: 'pods', name: 'p', uid: 'u' }] },
  {
    allocation: {},
    reservedFor: [
      { resource: 'pods', name: 'p', uid: 'u' },
      { resource: 'pods', name: 'q', uid: 'u' },
    ],
  },
  { allocation: {}, reservedFor: [{}] },
  { allocation: {}, reservedFor: several(257, (i) => ({ resource: 'pods', name: `p${i}`, uid: `u${i}` })) },
  { allocation: {}, reservedFor: [{ apiGroup: 'Bad Group', resource: 'pods', name: 'p', uid: 'u' }] },
  { devices: [{ driver: 'a.b', pool: 'p', device: 'd' }] },
  {
    allocation: { devices: { results: [{ request: 'r', driver: 'a.b', pool: 'p', device: 'd' }] } },
    devices: [
      {
        driver: 'a.b',
        pool: 'p',
        device: 'd',
        data: { a: 1 },
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            reason: 'R',
            message: '',
            lastTransitionTime: '2020-01-01T00:00:00Z',
          },
        ],
        networkData: {
          interfaceName: 'eth0',
          ips: ['10.0.0.1/24', 'fd00::1/64'],
          hardwareAddress: 'aa:bb:cc:dd:ee:ff',
        },
      },
    ],
  },
  {
    allocation: { devices: { results: [{ request: 'r', driver: 'a.b', pool: 'p', device: 'd' }] } },
    devices: [
      {
        driver: 'a.b',
        pool: 'p',
        device: 'd',
        networkData: {
          interfaceName: long(300),
          ips: ['10.0.0.1', '10.0.0.1/24', '10.0.0.1/24', 'FD00::1/64'],
          hardwareAddress: long(130),
        },
      },
      { driver: 'a.b', pool: 'p', device: 'd' },
    ],
  },
  {
    allocation: { devices: { results: [{ request: 'r', driver: 'a.b', pool: 'p', device: 'd' }] } },
    devices: [
      {
        driver: 'a.b',
        pool: 'p',
        device: 'd',
        data: 'x',
        conditions: several(9, (i) => ({
          type: `T${i}`,
          status: 'Maybe',
          reason: '',
          message: '',
          lastTransitionTime: '2020-01-01T00:00:00Z',
        })),
      },
    ],
  },
];

const classes: readonly object[] = [
  {},
  { selectors: [{}] },
  { selectors: [{ cel: { expression: 'x' } }] },
  { config: [{}] },
  { config: [{ opaque: { driver: 'a.b', parameters: { a: 1 } } }] },
  { extendedResourceName: 'bad name' },
  { extendedResourceName: 'cpu' },
  { extendedResourceName: 'example.com/gpu' },
  { extendedResourceName: 'kubernetes.io/gpu' },
  { extendedResourceName: 'requests.example.com/x' },
  { selectors: several(33, () => ({ cel: { expression: 'true' } })) },
  { config: several(33, () => ({ opaque: { driver: 'a.b', parameters: {} } })) },
];

const base = claim(dev({ requests: [ex({})] }));
const toStatus = (status: unknown): Step => ({
  method: 'PATCH',
  path: `${claims}/c/status`,
  type: merge,
  body: { status },
});
const made: Step = { method: 'POST', path: claims, body: base, onlyCode: true };
const allocated = (driver: string) => ({
  devices: { results: [{ request: 'r', driver, pool: 'p', device: 'd' }] },
});
const reserved = [{ resource: 'pods', name: 'p', uid: 'u' }];

export const deviceCases: readonly Case[] = [
  judged(
    'claims of devices',
    claims,
    claimSpecs.map((spec) => claim(spec)),
  ),
  judged(
    'templates of claims',
    templates,
    claimSpecs.map((spec) => claim({ spec })),
  ),
  judged('slices of devices', `/apis/${group}/resourceslices`, sliceSpecs.map(slice)),
  judged(
    'classes of devices',
    `/apis/${group}/deviceclasses`,
    classes.map((spec) => ({ metadata: { name: '{{ns}}' }, spec })),
  ),
  changed('a claim of devices that is changed', claims, base, [dev({ requests: [ex({}, 'z')] }), {}]),
  {
    area: 'judged',
    name: 'what is said of claims of devices',
    namespace: true,
    steps: statuses.flatMap((status) => [
      made,
      toStatus(status),
      { method: 'DELETE', path: `${claims}/c`, onlyCode: true },
    ]),
  },
  {
    area: 'judged',
    name: 'a claim of devices from its allocation to its end',
    namespace: true,
    steps: [
      made,
      toStatus({ allocation: allocated('gpu.example.com') }),
      toStatus({ reservedFor: reserved }),
      { path: claims, accept: table },
      toStatus({ allocation: null }),
      toStatus({ allocation: allocated('other.example.com') }),
      toStatus({ reservedFor: null }),
      toStatus({ allocation: null }),
      { path: `${claims}/c` },
    ],
  },
];
