import type { Secret } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { kubeconfigText, resources } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { expect, test } from 'vitest';
import { type Cluster, type ClusterSpec, ownClusterLabel } from '#clusters/cluster.ts';
import { ClusterController } from '#clusters/cluster-controller.ts';
import { AddressRules } from '#clusters/import/address-rules.ts';
import { guardedDial } from '#clusters/import/guarded-dial.ts';
import { kubeconfigSecret } from '#clusters/import/kubeconfig-secret.ts';
import { centerResources } from '#management/resources.ts';
import type { Task } from '#tasks/task.ts';
import { TaskRunner } from '#tasks/task-runner.ts';
import { FakeHost } from '#testing/fake-host.ts';

async function harness() {
  const clock = new FakeClock();
  const client = new FakeApiClient({ clock });
  const host = new FakeHost(clock);
  const clusters = client.resource<Cluster>(centerResources.clusters);
  const stop = new AbortController();
  const start = () => {
    const controller = new ClusterController({
      client,
      host,
      dial: guardedDial(new AddressRules([])),
      clock,
      log: silentLogger,
      onTask: () => tasks.wake(),
    });
    const tasks = new TaskRunner({ client, clock, log: silentLogger, kinds: controller.taskKinds });
    void controller.run(stop.signal).catch(() => undefined);
    void tasks.run(stop.signal).catch(() => undefined);
  };
  await clusters.create({
    metadata: { name: 'default', labels: { [ownClusterLabel]: 'true' } },
    spec: { type: 'hosted', podCIDR: '10.12.0.0/16', serviceCIDR: '10.96.0.0/16' },
  });
  start();
  return {
    clock,
    host,
    client,
    clusters,
    create: (name: string, spec: Partial<ClusterSpec> = {}) =>
      clusters.create({ metadata: { name }, spec: { type: 'hosted', ...spec } }),
    get: (name: string) => clusters.get(name),
    tasks: async () => (await client.resource<Task>(centerResources.tasks).list()).items,
    stop: () => stop.abort(new Error('stopped')),
  };
}

test('a new Cluster gets ranges and a port of its own, runs, and its task tells how it came to be', async () => {
  const h = await harness();
  h.host.takenPorts.add(6444);
  await h.create('osaka');
  await h.clock.advance(5_000);
  const osaka = await h.get('osaka');
  expect(osaka.spec).toMatchObject({ podCIDR: '10.13.0.0/16', serviceCIDR: '10.97.0.0/16', port: 6445 });
  expect(osaka.status).toMatchObject({
    phase: 'Running',
    endpoint: 'https://127.0.0.1:6445',
    version: 'v1.36.3',
  });
  expect(osaka.status?.processes).toMatchObject({ state: 'running', restarts: 0 });
  expect(h.host.running).toEqual(['osaka']);
  expect((await h.tasks()).map(({ spec, status }) => [spec.kind, status?.state])).toEqual([
    ['create-cluster', 'succeeded'],
  ]);
  h.stop();
});

test.each([
  [{ podCIDR: '10.12.64.0/20' }, /10\.12\.64\.0\/20 overlaps 10\.12\.0\.0\/16, pods of cluster default/],
  [
    { podCIDR: '10.60.0.0/16,fd00:10:12:8::/61' },
    /fd00:10:12:8::\/61 overlaps fd00:10:12::\/56, the center's own cluster/,
  ],
  [{ serviceCIDR: '192.168.0.0/16' }, /overlaps 192\.168\.7\.4\/32, an address of this machine/],
  [
    { podCIDR: '10.50.0.0/16', serviceCIDR: '10.50.0.0/24' },
    /serviceCIDR 10\.50\.0\.0\/24 overlaps 10\.50\.0\.0\/16, its own pods/,
  ],
  [{ version: '1.30' }, /version 1\.30 can't be had; this center has 1\.36/],
  [{ port: 7000 }, /port 7000 is in use on this machine/],
])('what can not be had is refused with the reason: %o', async (spec, why) => {
  const h = await harness();
  h.host.takenPorts.add(7000);
  await h.create('osaka', spec);
  await h.clock.advance(5_000);
  const osaka = await h.get('osaka');
  expect(osaka.status?.phase).toBe('Failed');
  expect(osaka.status?.conditions?.[0]?.message).toMatch(why);
  expect(h.host.running).toEqual([]);
  expect(h.host.folders.has('osaka')).toBe(false);
  h.stop();
});

test('a cluster whose processes do not start has failed, with the reason', async () => {
  const h = await harness();
  h.host.broken.add('osaka');
  await h.create('osaka');
  await h.clock.advance(130_000);
  const osaka = await h.get('osaka');
  expect(osaka.status?.phase).toBe('Failed');
  expect(osaka.status?.conditions?.find(({ type }) => type === 'Ready')?.message).toMatch(/it is broken/);
  h.stop();
});

test('a deleted Cluster is stopped, its folder goes, then its object', async () => {
  const h = await harness();
  await h.create('osaka');
  await h.clock.advance(5_000);
  await h.clusters.delete('osaka');
  await h.clock.advance(5_000);
  await expect(h.get('osaka')).rejects.toThrow(/not found/);
  expect(h.host.folders.has('osaka')).toBe(false);
  expect(h.host.running).toEqual([]);
  h.stop();
});

test('an imported cluster that leads to this machine is refused, and its credentials go with it', async () => {
  const h = await harness();
  const kubeconfig = kubeconfigText({
    cluster: 'near',
    user: 'me',
    server: 'https://127.0.0.1:6443',
    token: 'abc',
  });
  await h.client.resource<Secret>(resources.secrets).create(kubeconfigSecret('near', kubeconfig));
  await h.create('near', { type: 'imported' });
  await h.clock.advance(5_000);
  await eventually(async () => {
    await h.clock.advance(1_000);
    const { status } = await h.get('near');
    expect(status?.phase).toBe('Failed');
    expect(status?.conditions?.[0]?.message).toMatch(/127\.0\.0\.1 is a loopback address/);
  });
  await h.clusters.delete('near');
  await h.clock.advance(5_000);
  expect((await h.client.resource(resources.secrets).list()).items).toEqual([]);
  await expect(h.get('near')).rejects.toThrow(/not found/);
  h.stop();
});

test('an imported cluster without a kubeconfig fails with the reason', async () => {
  const h = await harness();
  await h.create('near', { type: 'imported' });
  await h.clock.advance(5_000);
  expect((await h.get('near')).status?.conditions?.[0]?.message).toMatch(/no Secret kubeconfig-near/);
  h.stop();
});
