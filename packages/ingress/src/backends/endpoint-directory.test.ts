import type { EndpointSlice, Service } from '@skerry/api';
import { expect, test } from 'vitest';
import { EndpointDirectory } from '#backends/endpoint-directory.ts';

interface Case {
  readonly ready?: boolean;
  readonly terminating?: boolean;
}

const service: Service = {
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.1',
    ports: [{ name: 'http', port: 80, targetPort: 'http' }],
  },
};

function slice(pool: string | undefined, endpoints: Readonly<Record<string, Case>>): EndpointSlice {
  return {
    metadata: {
      namespace: 'shop',
      name: `web-${pool}`,
      labels: {
        'kubernetes.io/service-name': 'web',
        ...(pool ? { 'apps.openyurt.io/nodepool': pool } : {}),
      },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints: Object.entries(endpoints).map(([address, { ready = true, terminating = false }]) => ({
      addresses: [address],
      conditions: { ready, serving: ready || terminating, terminating },
    })),
  };
}

function found(...slices: EndpointSlice[]): string[] {
  const directory = new EndpointDirectory(
    { service: () => service, slices: () => slices },
    { pool: 'osaka' },
  );
  const { targets = [] } = directory.find({ namespace: 'shop', name: 'web', port: 80 }) ?? {};
  return targets.map(({ address, port }) => `${address}:${port}`);
}

test('endpoints of the own pool come first, then those that are reached, then those that end', () => {
  const far = slice('kyoto', { '10.2.0.1': {} });
  expect(found(slice('osaka', { '10.1.0.1': {}, '10.1.0.2': {} }), far)).toEqual([
    '10.1.0.1:8080',
    '10.1.0.2:8080',
  ]);
  expect(found(slice('osaka', { '10.1.0.1': { ready: false, terminating: true } }), far)).toEqual([
    '10.2.0.1:8080',
  ]);
  expect(found(slice('osaka', { '10.1.0.1': { ready: false, terminating: true } }))).toEqual([
    '10.1.0.1:8080',
  ]);
  expect(found(slice('osaka', { '10.1.0.1': { ready: false } }))).toEqual([]);
  expect(found(slice(undefined, { '192.0.2.1': {} }), far)).toEqual(['192.0.2.1:8080']);
});

test('what was found is found again until it is forgotten', () => {
  let slices = [slice('osaka', { '10.1.0.1': {} })];
  const directory = new EndpointDirectory(
    { service: () => service, slices: () => slices },
    { pool: 'osaka' },
  );
  const ref = { namespace: 'shop', name: 'web', port: 'http' };
  const before = directory.find(ref);
  slices = [];
  expect(directory.find(ref)).toBe(before);
  directory.forget('shop', 'web');
  expect(directory.find(ref)?.targets).toEqual([]);
  expect(directory.find({ ...ref, port: 81 })).toBeUndefined();
});
