import { builtinKinds, builtinSchemas, type KindInfo, type SchemaSet } from '@skerry/api';
import { expect, test } from 'vitest';
import { buildOpenApiV2, buildOpenApiV3, type KindSource } from '#openapi/document.ts';
import { encodeOpenApiV2 } from '#openapi/v2-protobuf.ts';

type Json = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- documents are read by path here.

const sourcesOf = (group: string, version: string): KindSource[] =>
  builtinKinds
    .filter((info) => info.group === group && info.version === version)
    .map((info) => ({ info, schemas: builtinSchemas }));

const groups = [...new Set(builtinKinds.map(({ group, version }) => `${group} ${version}`))];

/** Every `$ref` anywhere in a document. */
function references(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) references(item, found);
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) {
      if (key === '$ref' && typeof item === 'string') found.add(item);
      references(item, found);
    }
  return found;
}

test.each(groups)('the document of "%s" refers only to what it contains', (name) => {
  const [group = '', version = ''] = name.split(' ');
  const document = buildOpenApiV3(sourcesOf(group, version)) as Json;
  const names = new Set(
    Object.keys(document['components'].schemas).map((key) => `#/components/schemas/${key}`),
  );
  expect([...references(document)].filter((reference) => !names.has(reference))).toEqual([]);
});

test('kubectl finds the kind, its patch types and fieldValidation at the PATCH operation', () => {
  const document = buildOpenApiV3(sourcesOf('apps', 'v1')) as Json;
  const { patch } = document['paths']['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'];
  expect(patch['x-kubernetes-group-version-kind']).toEqual({
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
  });
  expect(patch['x-kubernetes-action']).toBe('patch');
  expect(Object.keys(patch.requestBody.content)).toContain('application/strategic-merge-patch+json');
  const parameters = patch.parameters.map(({ name }: Json) => name as string);
  expect(parameters).toEqual(expect.arrayContaining(['fieldValidation', 'fieldManager', 'force', 'dryRun']));
});

test('kubectl explain finds the kind at the GET of its collection', () => {
  const core = buildOpenApiV3(sourcesOf('', 'v1')) as Json;
  expect(
    core['paths']['/api/v1/namespaces/{namespace}/pods'].get['x-kubernetes-group-version-kind'].kind,
  ).toBe('Pod');
  expect(core['paths']['/api/v1/nodes'].get['x-kubernetes-group-version-kind'].kind).toBe('Node');
  expect(core['components'].schemas['io.k8s.api.core.v1.Pod']['x-kubernetes-group-version-kind']).toEqual([
    { group: '', version: 'v1', kind: 'Pod' },
  ]);
});

test('schemas carry merge keys, list types and descriptions', () => {
  const words = {
    'io.k8s.api.core.v1.PodSpec': { '': 'What a pod is made of.', containers: 'Its containers.' },
  };
  const document = buildOpenApiV3(sourcesOf('', 'v1'), words) as Json;
  const spec = document['components'].schemas['io.k8s.api.core.v1.PodSpec'];
  expect(spec.description).toBe('What a pod is made of.');
  expect(spec.properties.containers).toEqual({
    description: 'Its containers.',
    type: 'array',
    items: { default: {}, allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.Container' }] },
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-patch-merge-key': 'name',
  });
});

const custom: KindInfo = {
  group: 'example.com',
  version: 'v1',
  kind: 'Crab',
  resource: 'crabs',
  singular: 'crab',
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ['create', 'get', 'list', 'patch'],
  subresources: [
    { name: 'scale', verbs: ['get'], body: { group: 'autoscaling', version: 'v1', kind: 'Scale' } },
  ],
  hasGeneration: true,
  schema: 'com.example.v1.Crab',
  columns: [],
  selectableFields: [],
  strategy: {},
};
const customSchemas: SchemaSet = {
  schemas: {
    'com.example.v1.Crab': {
      type: 'object',
      properties: {
        metadata: { ref: 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
        spec: { type: 'object', description: 'Legs and all.', properties: { legs: { intOrString: true } } },
      },
    },
  },
};

test('a custom kind is described without strategic merge patch, with its scale', () => {
  const document = buildOpenApiV3([{ info: custom, schemas: customSchemas, custom: true }]) as Json;
  const path = '/apis/example.com/v1/namespaces/{namespace}/crabs/{name}';
  expect(Object.keys(document['paths'][path].patch.requestBody.content)).not.toContain(
    'application/strategic-merge-patch+json',
  );
  expect(
    document['paths'][`${path}/scale`].get.responses['200'].content['application/json'].schema.$ref,
  ).toBe('#/components/schemas/io.k8s.api.autoscaling.v1.Scale');
  expect(document['components'].schemas['com.example.v1.Crab'].properties.spec.description).toBe(
    'Legs and all.',
  );
});

test('the v2 document holds all kinds and refers only to what it contains', () => {
  const sources = [
    ...builtinKinds.map((info) => ({ info, schemas: builtinSchemas })),
    { info: custom, schemas: customSchemas, custom: true },
  ];
  const document = buildOpenApiV2(sources, 'v1.36.3') as Json;
  const names = new Set(Object.keys(document['definitions']).map((key) => `#/definitions/${key}`));
  expect([...references(document)].filter((reference) => !names.has(reference))).toEqual([]);
  expect(document['paths']['/apis/example.com/v1/crabs'].get['x-kubernetes-action']).toBe('list');
});

test('the v2 document is written in protobuf as kubectl reads it', () => {
  const document = buildOpenApiV2(
    [{ info: custom, schemas: customSchemas, custom: true }],
    'v1.36.3',
  ) as Json;
  const bytes = Buffer.from(encodeOpenApiV2(document));
  // Field 1, three bytes long: `swagger`.
  expect(bytes.subarray(0, 5)).toEqual(Buffer.from([0x0a, 3, ...Buffer.from('2.0')]));
  for (const text of [
    'com.example.v1.Crab',
    '/apis/example.com/v1/crabs',
    'x-kubernetes-group-version-kind',
    'Legs and all.',
  ])
    expect(bytes.includes(text)).toBe(true);
});
