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

const behindService = ['10.96.0.1:80'];

test.each<[string, EndpointSlice[], string[]]>([
  [
    'endpoints of the own pool are used',
    [slice('osaka', { '10.1.0.1': {}, '10.1.0.2': {} }), slice('kyoto', { '10.2.0.1': {} })],
    ['10.1.0.1:8080', '10.1.0.2:8080'],
  ],
  [
    'where none is ready those that end',
    [slice('osaka', { '10.1.0.1': { ready: false, terminating: true } })],
    ['10.1.0.1:8080'],
  ],
  ['endpoints of no pool are used', [slice(undefined, { '192.0.2.1': {} })], ['192.0.2.1:8080']],
  [
    'what is elsewhere the machine leads to',
    [slice('osaka', { '10.1.0.1': { ready: false } }), slice('kyoto', { '10.2.0.1': {} })],
    behindService,
  ],
  ['a Service without endpoints is asked itself', [], behindService],
])('%s', (_, slices, expected) => {
  expect(found(...slices)).toEqual(expected);
});

test.each([{ clusterIP: 'None' }, { internalTrafficPolicy: 'Local' }])(
  'a Service with %o leads nowhere by itself',
  (spec) => {
    const own = { ...service, spec: { ...service.spec, ...spec } };
    const directory = new EndpointDirectory({ service: () => own, slices: () => [] }, { pool: 'osaka' });
    expect(directory.find({ namespace: 'shop', name: 'web', port: 80 })?.targets).toEqual([]);
  },
);

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
  expect(directory.find(ref)?.isService).toBe(true);
  expect(directory.find({ ...ref, port: 81 })).toBeUndefined();
});
