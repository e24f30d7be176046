import { expect, test } from 'vitest';
import type { Cluster } from '#clusters/cluster.ts';
import type { Component } from '#components/component.ts';
import { clusterFacts } from '#overview/cluster-directory.ts';

const component = (phase: string) =>
  ({
    metadata: { name: 'openkruise' },
    spec: { cluster: 'shops', component: 'openkruise', version: '1.9.0' },
    status: { phase },
  }) as unknown as Component;
const down = {
  type: 'Ready',
  status: 'False' as const,
  message: 'a certificate could not be renewed',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};

test.each<[string, Cluster['status'], readonly Component[], object]>([
  ['works', { phase: 'Running' }, [component('Installed')], { state: 'Running', tone: 'ok' }],
  [
    'has a component that failed',
    { phase: 'Running' },
    [component('Working'), component('Failed')],
    { state: 'Degraded', tone: 'warning', why: 'openkruise 1.9.0 has failed' },
  ],
  [
    'has a component that is being changed',
    { phase: 'Running' },
    [component('Working')],
    { state: 'Reconciling', tone: 'progressing', why: 'openkruise 1.9.0 is being changed' },
  ],
  [
    'has a process that is started again',
    { phase: 'Running', processes: { state: 'starting', restarts: 3, why: 'serve-api ended' } },
    [],
    { state: 'Degraded', tone: 'warning', why: 'serve-api ended' },
  ],
  [
    'says that something of it is not as it should be',
    { phase: 'Running', conditions: [down] },
    [],
    { state: 'Degraded', why: down.message, since: down.lastTransitionTime },
  ],
  [
    'does not answer',
    { phase: 'Unreachable', conditions: [down] },
    [component('Failed')],
    { state: 'Unreachable', tone: 'disconnected' },
  ],
])('a cluster that %s says so', (_, status, components, expected) => {
  const cluster = { metadata: { name: 'shops' }, spec: { type: 'hosted' }, status } as Cluster;
  expect(clusterFacts(cluster, components).state).toMatchObject(expected);
});
