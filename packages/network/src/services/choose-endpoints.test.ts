import type { Endpoint, EndpointSlice, Service } from '@skerry/api';
import { expect, test } from 'vitest';
import { chooseEndpoints, type NodeView } from '#services/choose-endpoints.ts';
import { endpointsOf, servicePortsOf } from '#services/service-ports.ts';
import { draining, notReady, service, slice } from '#testing/service-objects.ts';

const node: NodeView = {
  name: 'n1',
  pool: 'tokyo',
  zone: 'a',
  reachablePools: { has: (pool) => pool === 'osaka' },
};

function choose(
  slices: readonly EndpointSlice[],
  { of = service(), at = node }: { of?: Service; at?: NodeView } = {},
) {
  const [port] = servicePortsOf(of, at);
  if (!port) throw new Error('no port');
  const { cluster, local, hasAny } = chooseEndpoints(port, endpointsOf(port, slices), at);
  const last = (all: typeof cluster) => all.map(({ address }) => address.split('.').at(-1)).join(' ');
  return { cluster: last(cluster), local: last(local), hasAny };
}
const at = (number: number, endpoint: Partial<Endpoint> = {}) => ({
  addresses: [`10.0.0.${number}`],
  ...endpoint,
});
const tokyo = (...endpoints: Partial<Endpoint>[]) => slice(endpoints, { pool: 'tokyo' });
const zoned = (...zones: string[]) => ({ hints: { forZones: zones.map((name) => ({ name })) } });
const noded = (...names: string[]) => ({
  hints: { forNodes: names.map((name) => ({ name })), forZones: [{ name: 'a' }] },
});

test('ready endpoints are used, and those of this node where traffic must stay', () => {
  const found = choose([tokyo(at(1), at(2, { nodeName: 'n2' }), at(3, { conditions: notReady }))]);
  expect(found).toEqual({ cluster: '1 2', local: '1', hasAny: true });
});

test('endpoints that end but serve are used where none is ready, of all and of this node each for itself', () => {
  expect(choose([tokyo(at(1, { conditions: draining }), at(2, { nodeName: 'n2' }))])).toEqual({
    cluster: '2',
    local: '1',
    hasAny: true,
  });
  expect(choose([tokyo(at(1, { conditions: draining }), at(2, { conditions: notReady }))]).cluster).toBe('1');
});

test('endpoints without conditions are ready', () => {
  expect(choose([tokyo(at(1, { conditions: undefined }))]).cluster).toBe('1');
});

test('an endpoint in a pool that is not reached is as if it were not there', () => {
  const far = slice([at(7, { nodeName: 'k1' })], { pool: 'kyoto', name: 'k' });
  const near = slice([at(8, { nodeName: 'o1' })], { pool: 'osaka', name: 'o' });
  expect(choose([far])).toEqual({ cluster: '', local: '', hasAny: false });
  expect(choose([far, near]).cluster).toBe('8');
});

test('a pod on a node without a pool is reached from such nodes alone', () => {
  const poolless = slice([at(1, { nodeName: 'x' })]);
  expect(choose([poolless]).cluster).toBe('');
  expect(choose([poolless], { at: { ...node, pool: undefined } }).cluster).toBe('1');
});

test('endpoints that somebody wrote by hand are used from everywhere', () => {
  expect(
    choose([slice([at(1, { nodeName: undefined }), at(2, { nodeName: 'x' })], { byHand: true })]).cluster,
  ).toBe('1 2');
});

test.each([
  ['kubernetes.io/hostname', '1'],
  ['openyurt.io/nodepool', '1 2'],
  ['kubernetes.io/zone', '1 2'],
  ['something/else', '1 2 8'],
])('topology keys %s leave endpoints %s', (key, expected) => {
  const of = service({}, { annotations: { 'openyurt.io/topologyKeys': key } });
  const near = slice([at(8, { nodeName: 'o1' })], { pool: 'osaka', name: 'o' });
  expect(choose([tokyo(at(1), at(2, { nodeName: 'n2' })), near], { of }).cluster).toBe(expected);
});

test('hints for this zone are followed where every ready endpoint has some', () => {
  const a = at(1, zoned('a'));
  const b = at(2, zoned('b'));
  expect(choose([tokyo(a, b)]).cluster).toBe('1');
  expect(choose([tokyo(a, b, at(3))]).cluster).toBe('1 2 3');
  expect(choose([tokyo(b)]).cluster).toBe('2');
  expect(choose([tokyo(a, b)], { at: { ...node, zone: undefined } }).cluster).toBe('1 2');
});

test('hints for this node come before those for its zone, which come where the node has none', () => {
  expect(choose([tokyo(at(1, noded('n1')), at(2, noded('n2')))]).cluster).toBe('1');
  expect(choose([tokyo(at(2, noded('n2')), at(3, zoned('b')))]).cluster).toBe('2');
});

test('an address that two slices name counts once, ready where one says so', () => {
  const old = slice([at(1, { conditions: notReady })], { pool: 'tokyo', name: 'a' });
  expect(choose([old, slice([at(1)], { pool: 'tokyo', name: 'b' })]).cluster).toBe('1');
});
