/** What changes cost on a link: a rollout per node, and one endpoint of 250, whole and as a delta. */
import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonSet, EndpointSlice } from '@skerry/api';
import { deltaWatchType } from '@skerry/serving';
import type { Cluster } from '../../test/support/cluster.ts';
import type { ApiSession } from '../api-session.ts';
import { until } from '../center.ts';
import type { Measurement } from '../figure.ts';

const endpoints = 250;
const rounds = 8;
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const daemonSets = '/apis/apps/v1/namespaces/default/daemonsets';
const merge = 'application/merge-patch+json';

export interface LinkUnderChange {
  readonly cluster: Cluster;
  readonly session: ApiSession;
  readonly idlePerSecond: number;
  readonly bytes: () => number;
}

/** Bytes beyond those of an idle link. */
async function costOf(link: LinkUnderChange, work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  const before = link.bytes();
  await work();
  const seconds = (performance.now() - startedMs) / 1000;
  return link.bytes() - before - link.idlePerSecond * seconds;
}

export async function endpointChange(link: LinkUnderChange): Promise<Measurement[]> {
  const { session, cluster } = link;
  const name = 'bench-endpoints';
  const all = Array.from({ length: endpoints }, (_, index) => ({
    addresses: [`10.200.${Math.floor(index / 200)}.${(index % 200) + 1}`],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: `bench-node-${index}`,
    targetRef: { kind: 'Pod', namespace: 'default', name: `bench-pod-${index}`, uid: `uid-${index}` },
  }));
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    endpoints: all,
  };
  await session.ok('POST', slices, slice);
  const query = `watch=true&fieldSelector=metadata.name%3D${name}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
  const whole = watchBytes(session, `${slices}?${query}`, 'application/json');
  const delta = watchBytes(session, `${slices}?${query}`, `${deltaWatchType}, application/json`);
  try {
    await delay(3000);
    const [wholeBefore, deltaBefore] = [whole.bytes, delta.bytes];
    const wire = await costOf(link, async () => {
      for (let round = 0; round < rounds; round++) {
        all[round]!.conditions.ready = false;
        await session.ok('PATCH', `${slices}/${name}`, { endpoints: all }, merge);
        await delay(1000);
      }
      await delay(2000);
    });
    return [
      {
        name: `a Service of ${endpoints} endpoints, one changes: as a plain watch event`,
        value: (whole.bytes - wholeBefore) / rounds,
        unit: 'bytes',
      },
      { name: 'the same as a delta', value: (delta.bytes - deltaBefore) / rounds, unit: 'bytes' },
      { name: 'the same on the link of a node, at IP level', value: wire / rounds, unit: 'bytes' },
    ];
  } finally {
    whole.end();
    delta.end();
    await cluster.kubectl(['delete', 'endpointslice', name]);
  }
}

function watchBytes(session: ApiSession, path: string, accept: string) {
  const stream = session.stream('GET', path, undefined, accept);
  const counted = { bytes: 0, end: () => stream.close() };
  stream.on('data', (chunk: Buffer) => (counted.bytes += chunk.length));
  stream.on('error', () => undefined);
  return counted;
}

/** A DaemonSet of one pod a node gets another template. */
export async function rollout(link: LinkUnderChange): Promise<Measurement> {
  const { session, cluster } = link;
  const name = 'bench-rollout';
  const labels = { app: name };
  const daemonSet: DaemonSet = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace: 'default' },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            { name: 'main', image: 'skerry.io/stand-in/busybox:1.35', command: ['sleep', '100000'] },
          ],
        },
      },
    },
  };
  await session.ok('POST', daemonSets, daemonSet);
  const isDone = async (revision: number) => {
    const { metadata, status } = await session.json<DaemonSet>(`${daemonSets}/${name}`);
    const wanted = status?.desiredNumberScheduled ?? 0;
    return (
      (metadata.generation ?? 0) >= revision &&
      status?.observedGeneration === metadata.generation &&
      wanted > 0 &&
      status?.updatedNumberScheduled === wanted &&
      status?.numberAvailable === wanted
    );
  };
  try {
    await until('the DaemonSet runs', 60_000, () => isDone(1));
    await delay(8000);
    const value = await costOf(link, async () => {
      const template = { metadata: { annotations: { round: '2' } } };
      await session.ok('PATCH', `${daemonSets}/${name}`, { spec: { template } }, merge);
      await until('the rollout is done', 120_000, () => isDone(2));
      await delay(8000);
    });
    return { name: 'a rollout of one pod, per node, both ways', value, unit: 'bytes' };
  } finally {
    await cluster.kubectl(['delete', 'daemonset', name, '--timeout=60s']);
  }
}
