import { expect, test } from 'vitest';
import { dropEmptyFields, DroppedFields } from '#empty-fields.ts';
import { builtinSchemas } from '#schemas.ts';

function check(name: string, object: object, expected: object): void {
  const given = structuredClone(object);
  dropEmptyFields(builtinSchemas, { ref: `io.k8s.api.${name}` }, given);
  expect(given).toEqual(expected);
}

test('empty maps, lists and plain values are left out', () => {
  check(
    'core.v1.Pod',
    {
      metadata: { name: 'a', labels: {}, annotations: {}, finalizers: [] },
      spec: {
        nodeSelector: {},
        tolerations: [],
        hostNetwork: false,
        nodeName: '',
        containers: [{ name: 'a', env: [], tty: false, command: [] }],
      },
    },
    { metadata: { name: 'a' }, spec: { containers: [{ name: 'a' }] } },
  );
});

test('pointers, required fields and structs stay, whatever they hold', () => {
  const pod = {
    metadata: {},
    spec: {
      activeDeadlineSeconds: 0,
      automountServiceAccountToken: false,
      securityContext: {},
      containers: [{ name: '', resources: {}, ports: [{ containerPort: 0 }] }],
      volumes: [{ name: 'v', emptyDir: {} }],
    },
  };
  check('core.v1.Pod', pod, pod);
  const slice = { metadata: {}, addressType: 'IPv4', endpoints: [], ports: [] };
  check('discovery.v1.EndpointSlice', slice, slice);
  const policy = { metadata: {}, spec: { podSelector: {}, policyTypes: ['Ingress'] } };
  check('networking.v1.NetworkPolicy', policy, policy);
});

test('fields of inlined structs count too', () => {
  check(
    'core.v1.Pod',
    {
      spec: {
        containers: [
          { name: 'a', livenessProbe: { httpGet: { port: 80, path: '' }, initialDelaySeconds: 0 } },
        ],
      },
    },
    { spec: { containers: [{ name: 'a', livenessProbe: { httpGet: { port: 80 } } }] } },
  );
});

test('bounds of zero in the schema of a definition stay', () => {
  const definition = {
    spec: {
      versions: [{ schema: { openAPIV3Schema: { minimum: 0, maxLength: 0, additionalProperties: false } } }],
    },
  };
  const given = structuredClone(definition);
  const ref = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition';
  dropEmptyFields(builtinSchemas, { ref }, given);
  expect(given).toEqual(definition);
});

test('rules are shown the lists and maps that were given empty, and nobody after them', () => {
  const metadata: { labels?: object } = { labels: {} };
  const pod = {
    metadata,
    spec: { nodeSelector: {}, hostNetwork: false, nodeName: '', containers: [{ name: 'a', env: [] }] },
  };
  const dropped = new DroppedFields();
  dropEmptyFields(builtinSchemas, { ref: 'io.k8s.api.core.v1.Pod' }, pod, { dropped });
  metadata.labels = { set: 'since' };
  expect(dropped.shownTo(() => structuredClone(pod))).toEqual({
    metadata: { labels: { set: 'since' } },
    spec: { nodeSelector: {}, containers: [{ name: 'a', env: [] }] },
  });
  expect(pod).toEqual({ metadata: { labels: { set: 'since' } }, spec: { containers: [{ name: 'a' }] } });
});
