import { systemClock } from '@skerry/base';
import { startTestServer, type TestServer } from '@skerry/apiserver/testing';
import { type ApiClient, createClient, createHttpTransport } from '@skerry/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterDefinition, restoredFrom } from '#clusters/cluster.ts';
import { installDefinitions } from '#management/install.ts';
import { installPolicies, requestedBy } from '#management/policies.ts';
import { centerResources } from '#management/resources.ts';
import { type Task, taskDefinition } from '#tasks/task.ts';

let server: TestServer;
/** Everyone is `admin` to the test server, who may do everything that no policy forbids. */
let client: ApiClient;

beforeAll(async () => {
  server = await startTestServer();
  client = createClient({
    transport: createHttpTransport({ server: server.url }),
    userAgent: 'test',
    clock: systemClock,
  });
  await installDefinitions(client, [clusterDefinition, taskDefinition], { clock: systemClock });
  await installPolicies(client);
  await installPolicies(client);
});
afterAll(async () => {
  client.close();
  await server.close();
});

const clusters = () => client.resource<Cluster>(centerResources.clusters);
const cluster = (name: string, { annotations = {}, labels = {}, spec = {} } = {}): Cluster => ({
  metadata: { name, annotations, labels },
  spec: { type: 'hosted', ...spec },
});

describe('the management API', () => {
  test('keeps a protected cluster from being deleted until it is no longer protected', async () => {
    await clusters().create(cluster('safe', { spec: { deletionProtection: true } }));
    await expect(clusters().delete('safe')).rejects.toThrow(/protected from deletion/);
    await clusters().patch('safe', { spec: { deletionProtection: false } }, { type: 'merge' });
    await clusters().delete('safe');
  });

  test("keeps the center's own cluster", async () => {
    await clusters().create(cluster('own', { labels: { 'center.skerry.io/own': 'true' } }));
    await expect(clusters().delete('own')).rejects.toThrow(/goes only with the center/);
  });

  test('writes down who asked, whatever the request says', async () => {
    await clusters().create(cluster('mine', { annotations: { [requestedBy]: 'somebody-else' } }));
    expect((await clusters().get('mine')).metadata?.annotations?.[requestedBy]).toBe('admin');
  });

  test("takes files of the center's machine from nobody but its local administrator", async () => {
    const restored = cluster('thief', { annotations: { [restoredFrom]: '/etc/shadow' } });
    await expect(clusters().create(restored)).rejects.toThrow(/only the local administrator/);
  });

  test('takes no task in the name of somebody else', async () => {
    const tasks = client.resource<Task>(centerResources.tasks);
    const task = (user: string): Task => ({
      metadata: { name: 't' },
      spec: { kind: 'backup', title: 't', user },
    });
    await expect(tasks.create(task('ann'))).rejects.toThrow(/can only name whoever makes the task/);
    await tasks.create(task('admin'));
  });

  test.each([
    ['podCIDR', { podCIDR: '10.1.0.0/16' }, { podCIDR: '10.2.0.0/16' }],
    ['port', { port: 6450 }, { port: 6451 }],
    ['type', {}, { type: 'imported' }],
  ])('lets %s be set once', async (field, first, second) => {
    const name = `fixed-${field.toLowerCase()}`;
    await clusters().create(cluster(name));
    await clusters().patch(name, { spec: first }, { type: 'merge' });
    await expect(clusters().patch(name, { spec: second }, { type: 'merge' })).rejects.toThrow(
      /can't be changed/,
    );
  });
});
