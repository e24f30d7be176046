import { expect, test } from 'vitest';
import type { ConfigMap, Container, Secret, Service } from '@skerry/api';
import { environment, serviceVariables } from '#pods/environment.ts';
import { testContainer, testPod } from '#testing/pods.ts';

const configMaps: Record<string, ConfigMap> = {
  settings: { metadata: { name: 'settings' }, data: { color: 'blue', 'bad=name': 'x' } },
};
const secrets: Record<string, Secret> = {
  keys: { metadata: { name: 'keys' }, data: { token: Buffer.from('s3').toString('base64') } },
};
const service: Service = {
  metadata: { name: 'my-db', namespace: 'default' },
  spec: { clusterIP: '10.1.0.5', ports: [{ port: 5432, name: 'sql' }] },
};

async function values(container: Partial<Container>): Promise<Record<string, string>> {
  const variables = await environment(testContainer('main', container), {
    facts: { pod: testPod(), hostAddresses: ['192.168.0.1'], podAddresses: ['10.0.0.2'] },
    allocatable: { milliCpu: 4000, memoryBytes: 1024, ephemeralStorageBytes: 0 },
    configMap: async (name) => configMaps[name],
    secret: async (name) => secrets[name],
    services: () => [service],
  });
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]));
}

test('values refer to those before them, to services, and to whole imports', async () => {
  const found = await values({
    envFrom: [{ prefix: 'P_', configMapRef: { name: 'settings' } }, { secretRef: { name: 'keys' } }],
    env: [
      { name: 'A', value: 'one' },
      { name: 'B', value: '$(A) $(P_color) $(MY_DB_SERVICE_HOST) $(LATER)' },
      { name: 'LATER', value: 'x' },
      { name: 'token', value: 'mine' },
    ],
  });
  expect(found).toMatchObject({ A: 'one', B: 'one blue 10.1.0.5 $(LATER)', P_color: 'blue', token: 'mine' });
  expect(found).not.toHaveProperty('P_bad=name');
});

test('values come from keys, fields and resources', async () => {
  const found = await values({
    resources: { limits: { cpu: '1500m' } },
    env: [
      { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } },
      { name: 'NONE', valueFrom: { configMapKeyRef: { name: 'no', key: 'no', optional: true } } },
    ],
  });
  expect(found).toMatchObject({ COLOR: 'blue', TOKEN: 's3', IP: '10.0.0.2', CPU: '2', MEMORY: '1024' });
  expect(found).not.toHaveProperty('NONE');
});

test.each<[Partial<Container>, string]>([
  [{ envFrom: [{ configMapRef: { name: 'no' } }] }, 'configmap "no" not found'],
  [{ env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'no', key: 'k' } } }] }, 'secret "no" not found'],
  [
    { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'settings', key: 'no' } } }] },
    "couldn't find key no in ConfigMap default/settings",
  ],
])('what is missing is named: %j', async (container, message) => {
  await expect(values(container)).rejects.toThrow(message);
});

test('variables of services follow the older scheme, of the own namespace and of the API', () => {
  const api: Service = {
    metadata: { name: 'kubernetes', namespace: 'default' },
    spec: { clusterIP: '10.1.0.1', ports: [{ port: 443, name: 'https' }] },
  };
  const other = { ...service, metadata: { name: 'far', namespace: 'other' } };
  const headless = {
    metadata: { name: 'none', namespace: 'default' },
    spec: { clusterIP: 'None', ports: [{ port: 1 }] },
  };
  const found = Object.fromEntries(serviceVariables(testPod(), [api, service, other, headless]));
  expect(found).toEqual({
    KUBERNETES_SERVICE_HOST: '10.1.0.1',
    KUBERNETES_SERVICE_PORT: '443',
    KUBERNETES_SERVICE_PORT_HTTPS: '443',
    KUBERNETES_PORT: 'tcp://10.1.0.1:443',
    KUBERNETES_PORT_443_TCP: 'tcp://10.1.0.1:443',
    KUBERNETES_PORT_443_TCP_PROTO: 'tcp',
    KUBERNETES_PORT_443_TCP_PORT: '443',
    KUBERNETES_PORT_443_TCP_ADDR: '10.1.0.1',
    MY_DB_SERVICE_HOST: '10.1.0.5',
    MY_DB_SERVICE_PORT: '5432',
    MY_DB_SERVICE_PORT_SQL: '5432',
    MY_DB_PORT: 'tcp://10.1.0.5:5432',
    MY_DB_PORT_5432_TCP: 'tcp://10.1.0.5:5432',
    MY_DB_PORT_5432_TCP_PROTO: 'tcp',
    MY_DB_PORT_5432_TCP_PORT: '5432',
    MY_DB_PORT_5432_TCP_ADDR: '10.1.0.5',
  });
  const alone = serviceVariables(testPod({ enableServiceLinks: false }), [api, service]);
  expect([...alone.keys()].some((name) => name.startsWith('MY_DB'))).toBe(false);
});
