import type { PoolCrossing, PoolNetwork } from '@skerry/api';
import { expect, test } from 'vitest';
import { crossingRights } from './crossing-rights.ts';

const network = (pool: string, members: string[], crossings: Partial<PoolCrossing>[]): PoolNetwork => ({
  metadata: { name: pool },
  status: {
    provider: 'skerry',
    routing: 'auto',
    clusterCIDRs: [],
    members: members.map((node) => ({ node, addresses: [], podCIDRs: [] })),
    crossings: crossings.map((crossing) => ({
      pool: '',
      ranges: [],
      gateways: [],
      peerGateways: [],
      ...crossing,
    })),
  },
});
const peers = (...nodes: string[]) => nodes.map((node) => ({ node, publicKey: '' }));
const rightsOf = (...networks: PoolNetwork[]) =>
  Object.fromEntries([...crossingRights(networks)].map(([node, others]) => [node, [...others]]));

test('gateways of two pools that cross may send to each other, and nobody else', () => {
  expect(
    rightsOf(
      network('a', ['a1', 'a2'], [{ gateways: ['a1'], peerGateways: peers('b1', 'b2') }]),
      network('b', ['b1', 'b2'], [{ gateways: ['b1', 'b2'], peerGateways: peers('a1') }]),
      network('c', ['c1'], []),
    ),
  ).toEqual({ a1: ['b1', 'b2'], b1: ['a1'], b2: ['a1'] });
});

test('one side alone opens nothing, and a pool can name no machine of another as its gateway', () => {
  expect(rightsOf(network('a', ['a1'], [{ gateways: ['a1'], peerGateways: peers('b1') }]))).toEqual({});
  expect(
    rightsOf(
      network('a', ['a1'], [{ gateways: ['c1'], peerGateways: peers('b1') }]),
      network('b', ['b1'], [{ gateways: ['b1'], peerGateways: peers('c1') }]),
    ),
  ).toEqual({});
});
