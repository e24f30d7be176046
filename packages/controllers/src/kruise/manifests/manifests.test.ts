import type { CustomResourceDefinition, KubeObject } from '@skerry/api';
import { startTestServer } from '@skerry/apiserver/testing';
import type { TestServer } from '@skerry/apiserver/testing';
import { systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { createClient, createHttpTransport, resources } from '@skerry/client';
import type { ApiClient } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { kruiseDefinitions, openKruiseManifests } from '#kruise/manifests/manifests.ts';
import { applyManifests } from '#kruise/testing/apply-manifests.ts';

let server: TestServer;
let client: ApiClient;

beforeEach(async () => {
  server = await startTestServer();
  client = createClient({
    transport: createHttpTransport({ server: server.url }),
    userAgent: 'test',
    clock: systemClock,
  });
});

afterEach(async () => {
  client.close();
  await server.close();
});

const definition = (name: string) =>
  client.resource<CustomResourceDefinition>(resources.customResourceDefinitions).get(name);

test('a server takes every manifest as it is, and serves the kinds', async () => {
  await applyManifests(client, openKruiseManifests());
  for (const { metadata } of kruiseDefinitions) {
    await eventually(async () => {
      const { status } = await definition(metadata.name ?? '');
      const conditions = Object.fromEntries(
        (status?.conditions ?? []).map(({ type, status: is }) => [type, is]),
      );
      expect(conditions).toMatchObject({ NamesAccepted: 'True', Established: 'True' });
      expect(conditions).not.toHaveProperty('NonStructuralSchema', 'True');
    });
  }
  const { resources: served } = await client.request<{
    resources: { name: string; shortNames?: string[] }[];
  }>('GET', '/apis/apps.kruise.io/v1alpha1');
  expect(served.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'daemonsets',
      'daemonsets/status',
      'broadcastjobs',
      'imagepulljobs',
      'imagelistpulljobs',
      'nodeimages',
    ]),
  );
  expect(served.find(({ name }) => name === 'daemonsets')?.shortNames).toEqual(['daemon', 'ads']);
});

test('manifests can be applied twice, and say whose they are', async () => {
  const manifests = openKruiseManifests({ featureGates: 'PreDownloadImageForDaemonSetUpdate=true' });
  await applyManifests(client, manifests);
  await applyManifests(client, manifests);
  const labels = manifests.map(({ metadata }: KubeObject) => metadata?.labels?.['component.skerry.io/name']);
  expect(new Set(labels)).toEqual(new Set(['openkruise']));
});
