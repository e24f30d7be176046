import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestServer } from '@skerry/apiserver/testing';
import { createClient, createHttpTransport } from '@skerry/client';
import { describe, expect, test } from 'vitest';
import { Catalogue, newestFirst } from '#components/catalogue.ts';
import { ClusterObjects } from '#components/cluster-objects.ts';

/** The catalogue that is shipped. */
const folder = join(import.meta.dirname, '../../../../components');

/** Values for components that can't do without. */
const samples: Readonly<Record<string, Record<string, unknown>>> = {
  'load-generator': {
    target: 'https://shop.example.com/search?q=a',
    startAt: '2026-01-31T12:00:00Z',
    pools: [{ name: 'osaka', pods: 3 }],
  },
  ingress: { pools: [{ name: 'osaka' }, { name: 'kyoto', replicas: 2 }] },
  prober: {
    probes: [{ name: 'page', type: 'http', target: 'https://shop.example.com/' }],
    pools: [{ name: 'osaka' }],
  },
  'http-cache': {
    origin: 'https://origin.example.com:8443',
    pools: [{ name: 'osaka' }, { name: 'kyoto', replicas: 3 }],
  },
};

describe('the catalogue', async () => {
  const catalogue = new Catalogue({ folder, builtIn: {}, registry: 'registry.example.com/mirror' });
  const releases = (await catalogue.list()).flatMap(({ name, versions }) =>
    versions.map((version) => ({ name, version })),
  );

  test.each(releases)('has $name $version, whose objects an API server takes', async ({ name, version }) => {
    const release = await catalogue.release(name, version);
    const values = release.valuesOf(samples[name] ?? {});
    const manifests = await release.manifests(values, 'osaka');
    const server = await startTestServer();
    const client = createClient({
      transport: createHttpTransport({ server: server.url }),
      userAgent: 'test',
    });
    const objects = new ClusterObjects(client);
    for (const manifest of manifests) await objects.apply(manifest);
    client.close();
    await server.close();
    const text = JSON.stringify(manifests);
    expect(text).not.toContain('{{');
    for (const [, image = ''] of text.matchAll(/"image":"([^"]+)"/g))
      expect(image).toMatch(/^registry\.example\.com\/mirror\/[a-z0-9/-]+:[\w.-]+(@sha256:[0-9a-f]{64})?$/);
  });

  test('puts a cache with its own replicas into each chosen pool', async () => {
    const release = await catalogue.release('http-cache');
    const manifests = await release.manifests(release.valuesOf(samples['http-cache'] ?? {}), 'osaka');
    expect(
      manifests
        .filter(({ kind }) => kind === 'Deployment')
        .map(({ metadata, spec }) => [metadata?.name, (spec as { replicas: number }).replicas]),
    ).toEqual([
      ['http-cache-osaka', 1],
      ['http-cache-kyoto', 3],
    ]);
  });

  test.each(['http://a;}evil', 'http://a b', 'ftp://a', 'http://a/../{'])(
    'takes no origin that would change the cache: %s',
    async (origin) => {
      const release = await catalogue.release('http-cache');
      expect(() => release.valuesOf({ ...samples['http-cache'], origin })).toThrow(/values\.origin/);
    },
  );

  test('says which versions there are when it is asked for another', async () => {
    await expect(catalogue.release('node-exporter', '0.1')).rejects.toThrow(
      /no node-exporter 0\.1; there is/,
    );
    await expect(catalogue.release('../etc')).rejects.toThrow(/the catalogue has no/);
  });
});

test('versions are ordered by number', () => {
  expect(['1.9.0', '1.10.0', '1.10.0-rc.1', '2.0'].sort(newestFirst)).toEqual([
    '2.0',
    '1.10.0-rc.1',
    '1.10.0',
    '1.9.0',
  ]);
});

test('an empty folder is an empty catalogue', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'skerry-catalogue-'));
  expect(await new Catalogue({ folder: empty, builtIn: {} }).list()).toEqual([]);
  rmSync(empty, { recursive: true });
});
