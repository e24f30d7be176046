/** The components of our own, in pods on real containers in two regions. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, Cluster, entry, run } from '../support/cluster.ts';

interface Listed<T> {
  readonly items: T[];
}

// The image is made of the bundle.
describe.skipIf(!canRunContainers() || !entry().endsWith('.mjs'))('components in two regions', () => {
  const regions = ['beijing', 'shanghai'];
  const folder = mkdtempSync(join(tmpdir(), 'skerry-components-'));
  let cluster: Cluster;
  const component = (...args: string[]) =>
    cluster.skerry(['component', ...args, '--data-dir', cluster.dataDirectory]);
  const patient = { timeoutMs: 120_000, everyMs: 500 };

  beforeAll(async () => {
    cluster = await Cluster.start({ runtime: 'containerd', regions });
    const image = join(folder, 'skerry.tar');
    expect((await cluster.skerry(['image', '--output', image])).errors).toBe('');
    for (const region of regions) {
      const socket = join(cluster.dataDirectory, `machines/${region}-1/containerd/containerd.sock`);
      const imported = await run(
        'ctr',
        [
          '--address',
          socket,
          '--namespace',
          'k8s.io',
          'images',
          'import',
          '--snapshotter',
          'overlayfs',
          image,
        ],
        { timeoutMs: 120_000 },
      );
      expect(imported.errors).toBe('');
    }
  });

  afterAll(async () => {
    await cluster?.stop();
    rmSync(folder, { recursive: true });
  });

  test('a load begins everywhere at the agreed instant, is told by region, and leaves nothing', async () => {
    // A target that every pod has, whatever its region: a port of its own that nothing listens on.
    const startAt = new Date(Date.now() + 20_000).toISOString();
    const values = [
      'target=http://127.0.0.1:1/',
      `startAt=${startAt}`,
      'durationSeconds=3',
      'rate=20',
      'pools=[{name: beijing}, {name: shanghai, pods: 2}]',
    ];
    const set = values.flatMap((value) => ['--set', value]);
    const installed = await component('install', 'load-generator', ...set);
    expect(installed.errors).toBe('');
    await eventually(async () => {
      const { output } = await component('report', 'load-generator');
      expect(output).toMatch(/^beijing +1 +\d+ ms +60 +0 +100\.00 %/m);
      expect(output).toMatch(/^shanghai +2 +\d+ ms +120 +0 +100\.00 %/m);
      expect(output).toMatch(/^all +3 +\d+ ms/m);
    }, patient);
    expect((await component('remove', 'load-generator')).errors).toBe('');
    await eventually(async () => {
      const { items } = await cluster.json<Listed<Pod>>('get', 'pods', '--all-namespaces');
      expect(items).toEqual([]);
      const namespaces = await cluster.kubectlOk('get', 'namespaces');
      expect(namespaces).not.toContain('load-generator');
    }, patient);
  });

  test('a prober tells by region what is well and what is not', async () => {
    const probes = [
      { name: 'itself', type: 'http', target: 'http://127.0.0.1:9115/healthz', intervalSeconds: 5 },
      { name: 'nothing', type: 'tcp', target: '127.0.0.1:1', intervalSeconds: 5 },
    ];
    const pools = 'pools=[{name: beijing}, {name: shanghai}]';
    const set = ['--set', `probes=${JSON.stringify(probes)}`, '--set', pools];
    const installed = await component('install', 'prober', ...set);
    expect(installed.errors).toBe('');
    await eventually(async () => {
      const { output } = await component('report', 'prober');
      for (const region of regions) {
        expect(output).toMatch(new RegExp(`^${region} +itself +100\\.000 % .* well$`, 'm'));
        expect(output).toMatch(new RegExp(`^${region} +nothing +0\\.000 % .*ECONNREFUSED`, 'm'));
      }
    }, patient);
    expect((await component('remove', 'prober')).errors).toBe('');
  });
});
