import type {
  CustomResourceDefinition,
  KubeObject,
  OwnerReference,
  Pod,
  PodDisruptionBudget,
} from '@skerry/api';
import { startTestServer } from '@skerry/apiserver/testing';
import type { TestServer } from '@skerry/apiserver/testing';
import { systemClock } from '@skerry/base';
import { eventually, recordingLogger } from '@skerry/base/testing';
import { createClient, createHttpTransport, resources } from '@skerry/client';
import type { ApiClient } from '@skerry/client';
import { createCertificateAuthority } from '@skerry/pki';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runControllers } from '#manager.ts';

let server: TestServer;
let client: ApiClient;
let stop: AbortController;
let running: Promise<void>;
const log = recordingLogger();

beforeEach(async () => {
  server = await startTestServer();
  client = createClient({
    transport: createHttpTransport({ server: server.url }),
    userAgent: 'test',
    clock: systemClock,
  });
  await client
    .resource(resources.namespaces)
    .create({ metadata: { name: 'default' } } as KubeObject)
    .catch(() => undefined);
  stop = new AbortController();
  running = runControllers({
    client,
    clock: systemClock,
    log,
    random: Math.random,
    signal: stop.signal,
    clusterCidr: '10.244.0.0/16',
    authority: await createCertificateAuthority({ commonName: 'test', clock: systemClock }),
    names: ['disruption-controller'],
  });
});

afterEach(async () => {
  stop.abort();
  await running;
  client.close();
  await server.close();
  expect(log.lines.splice(0).filter(({ level }) => level === 'error')).toEqual([]);
});

const at = { namespace: 'default', name: 'web' };
const fleetRef = {
  group: 'example.com',
  version: 'v1',
  resource: 'fleets',
  kind: 'Fleet',
  namespaced: true,
} as const;

async function createPods(count: number, owner?: OwnerReference): Promise<void> {
  const pods = client.resource<Pod>(resources.pods);
  for (let index = 0; index < count; index++) {
    const pod = await pods.create({
      metadata: {
        namespace: 'default',
        name: `web-${index}`,
        labels: { app: 'web' },
        ...(owner ? { ownerReferences: [owner] } : {}),
      },
      spec: { containers: [{ name: 'c', image: 'x' }] },
    });
    const conditions = [{ type: 'Ready', status: 'True' }];
    await pods.update({ ...pod, status: { phase: 'Running', conditions } }, { subresource: 'status' });
  }
}

const create = (spec: PodDisruptionBudget['spec']) =>
  client
    .resource<PodDisruptionBudget>(resources.podDisruptionBudgets)
    .create({ metadata: { ...at }, spec: { selector: { matchLabels: { app: 'web' } }, ...spec } });
const status = async () =>
  (await client.resource<PodDisruptionBudget>(resources.podDisruptionBudgets).get('web', at)).status;
const eventsOf = async () =>
  (await client.resource(resources.events).list({ namespace: 'default' })).items.map(
    (event) => `${(event as { reason?: string }).reason}: ${(event as { message?: string }).message}`,
  );

function fleetDefinition(scale: boolean): CustomResourceDefinition {
  const paths = { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' };
  return {
    metadata: { name: 'fleets.example.com' },
    spec: {
      group: 'example.com',
      names: { plural: 'fleets', kind: 'Fleet' },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as never,
          },
          ...(scale ? { subresources: { scale: paths } } : {}),
        },
      ],
    },
  };
}

async function createFleet(size: number, scale = true): Promise<OwnerReference> {
  const definitions = client.resource<CustomResourceDefinition>(resources.customResourceDefinitions);
  await definitions.create(fleetDefinition(scale));
  const fleet = await eventually(() =>
    client.resource(fleetRef).create({ metadata: { ...at }, spec: { size } } as KubeObject),
  );
  const uid = fleet.metadata?.uid ?? '';
  return { apiVersion: 'example.com/v1', kind: 'Fleet', name: 'web', uid, controller: true };
}

test('a share is one of what a custom resource asks for in its scale', async () => {
  await createPods(3, await createFleet(4));
  await create({ maxUnavailable: '50%' });
  await eventually(async () =>
    expect(await status()).toMatchObject({
      expectedPods: 4,
      desiredHealthy: 2,
      currentHealthy: 3,
      disruptionsAllowed: 1,
    }),
  );
});

test('a kind without a scale is told of, and nothing is allowed', async () => {
  await createPods(1, await createFleet(1, false));
  await create({ maxUnavailable: 1 });
  await eventually(async () =>
    expect((await eventsOf()).join('\n')).toContain(
      'CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: fleets.example.com does not implement the scale subresource',
    ),
  );
  expect(await status()).toMatchObject({ disruptionsAllowed: 0, conditions: [{ reason: 'SyncFailed' }] });
});

test('pods of nobody are told of, and left out of a share', async () => {
  await createPods(2);
  await create({ maxUnavailable: '50%' });
  await eventually(async () =>
    expect((await eventsOf()).join('\n')).toMatch(
      /UnmanagedPods: Pods selected by this PodDisruptionBudget \(selector: &LabelSelector\{MatchLabels:map\[string\]string\{app: web,\},MatchExpressions:\[\]LabelSelectorRequirement\{\},\}\) were found to be unmanaged/,
    ),
  );
  expect(await status()).toMatchObject({ expectedPods: 0, disruptionsAllowed: 0 });
});

test('pods of nobody count for a plain number', async () => {
  await createPods(2);
  await create({ minAvailable: 1 });
  await eventually(async () => expect(await status()).toMatchObject({ disruptionsAllowed: 1 }));
});
