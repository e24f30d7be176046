/** What is asked of a kind that a definition brings. */
import type { Case, Step } from '../case.ts';

const group = '{{ns}}.example.com';
const things = `/apis/${group}/v1/namespaces/{{ns}}/things`;
const merge = 'application/merge-patch+json';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `things.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'things', singular: 'thing', kind: 'Thing', shortNames: ['th'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['size'],
                properties: {
                  size: { type: 'integer', minimum: 1, maximum: 9 },
                  color: { type: 'string', enum: ['red', 'blue'], default: 'red' },
                  tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
                  replicas: { type: 'integer' },
                },
              },
              status: {
                type: 'object',
                properties: { replicas: { type: 'integer' }, phase: { type: 'string' } },
              },
            },
          },
        },
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'Color', type: 'string', jsonPath: '.spec.color', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      },
    ],
  },
};

const thing = (name: string, spec: object = { size: 1 }) => ({
  apiVersion: `${group}/v1`,
  kind: 'Thing',
  metadata: { name },
  spec,
});

/** The kind is served a moment after its definition is there: asked until then. */
const defined: readonly Step[] = [
  {
    method: 'POST',
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    body: definition,
    onlyCode: true,
  },
  { path: things, until: 200, onlyCode: true },
];
const removed: Step = {
  method: 'DELETE',
  path: `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.${group}`,
  onlyCode: true,
};

const about = (name: string, steps: readonly Step[]): Case => ({
  area: 'crd',
  name,
  namespace: true,
  steps: [...defined, ...steps, removed],
});

const post = (body: unknown, query = ''): Step => ({ method: 'POST', path: `${things}${query}`, body });
const patch = (type: string, body: unknown, query = '', part = ''): Step => ({
  method: 'PATCH',
  path: `${things}/a${part}${query}`,
  type,
  body,
});

const applied = (spec: object | null, manager = 'one'): Step =>
  patch('application/apply-patch+yaml', { ...thing('a'), spec }, `?fieldManager=${manager}`);

export const customCases: readonly Case[] = [
  about('discovery', [
    { path: `/apis/${group}` },
    { path: `/apis/${group}/v1` },
    { path: `/apis/${group}/v2` },
  ]),
  about('created, read and listed', [
    post(thing('a')),
    { path: `${things}/a` },
    { path: things },
    { path: things, accept: table },
    { path: `${things}/a`, accept: table },
    { path: `${things}/a`, accept: 'application/vnd.kubernetes.protobuf' },
    { path: `${things}/a`, accept: 'application/yaml' },
    { path: `${things}/nothing` },
    { path: `${things}?fieldSelector=spec.size=1` },
  ]),
  about('refused by its schema', [
    post(thing('a', {})),
    post(thing('a', { size: 0 })),
    post(thing('a', { size: 'x' })),
    post(thing('a', { size: 1, color: 'green' })),
    post(thing('a', { size: 1, tags: ['x', 'x'] })),
    post({ ...thing('a'), spec: null }),
    post({ ...thing('a'), kind: 'Other' }),
    post({ ...thing('a'), apiVersion: 'v1' }),
    post({ metadata: { name: 'a' }, spec: { size: 1 } }),
    post(thing('Not_A_Name')),
  ]),
  about(
    'unknown fields',
    ['Strict', 'Warn', 'Ignore'].map((mode) =>
      post(
        JSON.stringify({ ...thing('a'), nope: 1 }).replace('"size":1', '"size":1,"size":2,"what":3'),
        `?dryRun=All&fieldValidation=${mode}`,
      ),
    ),
  ),
  about('changed', [
    post(thing('a')),
    { method: 'PUT', path: `${things}/a`, body: thing('a', { size: 2 }) },
    {
      method: 'PUT',
      path: `${things}/a`,
      body: {
        ...thing('a', { size: 2 }),
        metadata: { name: 'a', resourceVersion: '{{2.metadata.resourceVersion}}' },
      },
    },
    patch(merge, { spec: { size: 3 } }),
    patch(merge, { spec: { size: 30 } }),
    patch(merge, { status: { phase: 'x' } }),
    patch(
      merge,
      { status: { phase: 'x' }, spec: { size: 4 }, metadata: { labels: { a: 'b' } } },
      '',
      '/status',
    ),
    patch('application/json-patch+json', [{ op: 'replace', path: '/spec/size', value: 5 }]),
    patch('application/strategic-merge-patch+json', { spec: { size: 6 } }),
    patch(merge, { metadata: { resourceVersion: '1' } }),
  ]),
  about('applied', [
    patch('application/apply-patch+yaml', thing('a', { size: 1, tags: ['x'] }), '?fieldManager=one'),
    patch('application/apply-patch+yaml', thing('a', { size: 2, tags: ['y'] }), '?fieldManager=two'),
    patch(
      'application/apply-patch+yaml',
      thing('a', { size: 2, tags: ['y'] }),
      '?fieldManager=two&force=true',
    ),
    patch('application/apply-patch+yaml', thing('a', { size: 2 }), '?fieldManager=one'),
    patch('application/apply-patch+yaml', thing('a', { size: 2, nope: 1 }), '?fieldManager=one'),
  ]),
  about('emptied', [
    post(thing('a', { size: 1, tags: ['x'] })),
    patch(merge, { spec: { tags: [] } }),
    patch(merge, { spec: { tags: null } }),
    patch(merge, { metadata: { labels: {}, annotations: {}, finalizers: [], ownerReferences: [] } }),
    patch(merge, { metadata: { labels: { a: 'b' } } }),
    patch('application/json-patch+json', [{ op: 'remove', path: '/metadata/labels/a' }]),
    patch(merge, { status: {} }, '', '/status'),
    patch(merge, { status: null }, '', '/status'),
    post({ ...thing('b'), metadata: { name: 'b', labels: {}, annotations: null } }),
  ]),
  about('applied empty', [
    ...(['tags', 'color'] as const).flatMap((field) => [
      applied({ size: 1, tags: ['x'], color: 'blue' }),
      applied({ size: 1, [field]: field === 'tags' ? [] : '' }),
      applied({ size: 1, [field]: null }),
      applied({ size: 1 }),
      applied({}),
      applied(null),
      { method: 'DELETE', path: `${things}/a`, onlyCode: true },
    ]),
    applied({ size: 1, tags: [] }),
    applied({ size: 1, tags: ['x'] }, 'two'),
    applied({ size: 1, tags: [] }),
    applied({ size: 1 }, 'two'),
  ]),
  about('scaled and deleted', [
    post(thing('a', { size: 1, replicas: 2 })),
    { path: `${things}/a/scale` },
    patch(merge, { spec: { replicas: 3 } }, '', '/scale'),
    { method: 'DELETE', path: `${things}/a?dryRun=All` },
    { method: 'DELETE', path: `${things}/a` },
    { method: 'DELETE', path: `${things}/a` },
    post(thing('b')),
    { method: 'DELETE', path: things },
  ]),
  about('seen by others', [
    { path: things, as: 'alice' },
    { path: things, as: 'bob' },
    { method: 'POST', path: things, body: thing('a'), as: 'alice' },
    { path: `/apis/${group}/v1`, as: 'alice' },
  ]),
];
