import type { Case, Step } from '../case.ts';
import type { Example } from '../examples/example.ts';
import { collectionOf, createStep, forEveryKind, nameOf, objectOf, pathOf } from './kind-cases.ts';

const merge = 'application/merge-patch+json';
const json = 'application/json-patch+json';
const strategic = 'application/strategic-merge-patch+json';
const apply = 'application/apply-patch+yaml';

const made = (kind: Example, metadata?: object): Step =>
  createStep(kind, 'minimal', { onlyCode: true, ...(metadata ? { metadata } : {}) });

function patch(kind: Example, type: string, body: unknown, query = ''): Step {
  return { method: 'PATCH', path: `${pathOf(kind)}${query}`, type, body };
}

/** The example with its change, as a whole object. */
function changed(kind: Example): Record<string, unknown> {
  return mergeInto(objectOf(kind, 'minimal'), kind.change) as Record<string, unknown>;
}

function mergeInto(base: unknown, change: unknown): unknown {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return change;
  const result: Record<string, unknown> =
    typeof base === 'object' && base !== null && !Array.isArray(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(change)) result[key] = mergeInto(result[key], value);
  return result;
}

function withMeta(object: object, metadata: object): object {
  const { metadata: own } = object as { metadata?: object };
  return { ...object, metadata: { ...own, ...metadata } };
}

export const writingCases: readonly Case[] = [
  ...forEveryKind('update', 'changed, unchanged and outdated', (kind) => [
    made(kind),
    {
      method: 'PUT',
      path: pathOf(kind),
      body: withMeta(changed(kind), {
        labels: { a: 'b' },
        resourceVersion: '{{0.metadata.resourceVersion}}',
      }),
    },
    { method: 'PUT', path: pathOf(kind), body: withMeta(changed(kind), { labels: { a: 'b' } }) },
    {
      method: 'PUT',
      path: pathOf(kind),
      body: withMeta(changed(kind), { resourceVersion: '{{0.metadata.resourceVersion}}' }),
    },
    { method: 'PUT', path: pathOf(kind), body: withMeta(changed(kind), { uid: 'no-such-uid' }) },
    { method: 'PUT', path: pathOf(kind), body: withMeta(changed(kind), { name: 'other' }) },
  ]),
  ...forEveryKind('update', 'of nothing', (kind) => [
    { method: 'PUT', path: pathOf(kind), body: objectOf(kind, 'minimal') },
  ]),
  ...forEveryKind('patch-merge', 'a change', (kind) => [
    made(kind),
    patch(kind, merge, kind.change),
    patch(kind, merge, { metadata: { labels: { a: 'b', c: 'd' } } }),
    patch(kind, merge, { metadata: { labels: { a: null } } }),
    patch(kind, merge, { metadata: { resourceVersion: '1' } }),
  ]),
  ...forEveryKind('patch-json', 'a change', (kind) => [
    made(kind),
    patch(kind, json, [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }]),
    patch(kind, json, [
      { op: 'test', path: '/metadata/labels/a', value: 'b' },
      { op: 'replace', path: '/metadata/labels/a', value: 'c' },
    ]),
    patch(kind, json, [{ op: 'test', path: '/metadata/labels/a', value: 'x' }]),
    patch(kind, json, [{ op: 'remove', path: '/metadata/labels/nothing' }]),
  ]),
  ...forEveryKind('patch-strategic', 'a change', (kind) => [
    made(kind),
    patch(kind, strategic, kind.change),
    patch(kind, strategic, {
      metadata: { finalizers: ['example.com/a'], '$setElementOrder/finalizers': ['example.com/a'] },
    }),
    patch(kind, strategic, { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] } }),
  ]),
  ...forEveryKind('apply', 'made, conflicting, forced, given up', (kind) => [
    patch(kind, apply, changed(kind), '?fieldManager=one'),
    patch(kind, apply, withMeta(changed(kind), { labels: { x: 'two' } }), '?fieldManager=two'),
    patch(kind, apply, withMeta(objectOf(kind, 'minimal'), { labels: { x: 'one' } }), '?fieldManager=one'),
    patch(
      kind,
      apply,
      withMeta(objectOf(kind, 'minimal'), { labels: { x: 'one' } }),
      '?fieldManager=one&force=true',
    ),
    patch(kind, apply, objectOf(kind, 'minimal'), '?fieldManager=two'),
    patch(kind, apply, objectOf(kind, 'minimal'), '?fieldManager=one'),
  ]),
  ...forEveryKind('dry-run', 'nothing is kept', (kind) => [
    { ...createStep(kind, 'minimal'), path: `${collectionOf(kind)}?dryRun=All` },
    { path: pathOf(kind) },
    made(kind),
    patch(kind, merge, kind.change, '?dryRun=All'),
    { method: 'DELETE', path: `${pathOf(kind)}?dryRun=All` },
    { path: pathOf(kind) },
  ]),
  ...forEveryKind('field-validation', 'unknown and double fields', (kind) => {
    const text = JSON.stringify({ ...objectOf(kind, 'minimal'), noSuchField: 1 }).replace(
      '"metadata":{',
      '"metadata":{"labels":{"a":"b"},"labels":{"a":"c"},"nope":2,',
    );
    return ['Strict', 'Warn', 'Ignore'].map((mode): Step => ({
      method: 'POST',
      path: `${collectionOf(kind)}?dryRun=All&fieldValidation=${mode}`,
      body: text,
    }));
  }),
  ...forEveryKind('delete', 'at once', (kind) => [
    made(kind),
    { method: 'DELETE', path: pathOf(kind) },
    { method: 'DELETE', path: pathOf(kind) },
  ]),
  ...forEveryKind('delete', 'with a finalizer', (kind) => [
    made(kind, { finalizers: ['example.com/wait'] }),
    { method: 'DELETE', path: pathOf(kind), body: { gracePeriodSeconds: 0 } },
    { method: 'DELETE', path: pathOf(kind), body: { preconditions: { uid: 'no-such-uid' } } },
    patch(kind, merge, { metadata: { finalizers: ['example.com/wait', 'example.com/more'] } }),
    patch(kind, merge, { metadata: { finalizers: null } }),
    { path: pathOf(kind) },
  ]),
  ...forEveryKind('delete', 'several', (kind) =>
    kind.resource === 'namespaces'
      ? []
      : [
          made(kind, { labels: { of: '{{ns}}' } }),
          { method: 'DELETE', path: `${collectionOf(kind)}?labelSelector=of={{ns}}&gracePeriodSeconds=0` },
          { path: `${collectionOf(kind)}?labelSelector=of={{ns}}` },
        ],
  ),
  ...forEveryKind('delete', 'waiting for dependents', (kind) => [
    made(kind),
    { method: 'DELETE', path: `${pathOf(kind)}?propagationPolicy=Foreground` },
    patch(kind, merge, { metadata: { finalizers: null } }),
  ]),
  ...forEveryKind('status', 'by its own door and by others', (kind) =>
    kind.status === undefined
      ? []
      : [
          made(kind),
          { method: 'PUT', path: pathOf(kind), body: { ...objectOf(kind, 'minimal'), status: kind.status } },
          {
            method: 'PATCH',
            path: `${pathOf(kind)}/status`,
            type: merge,
            body: { status: kind.status, ...kind.change },
          },
          { path: `${pathOf(kind)}/status` },
          patch(kind, merge, { status: null }),
          {
            method: 'PUT',
            path: `${pathOf(kind)}/status`,
            body: withMeta(objectOf(kind, 'minimal'), {
              labels: { by: 'status' },
              annotations: { by: 'status' },
            }),
          },
          {
            method: 'PATCH',
            path: `${pathOf(kind)}/status?fieldManager=s`,
            type: apply,
            body: {
              apiVersion: kind.apiVersion,
              kind: kind.kind,
              metadata: { name: nameOf(kind) },
              status: kind.status,
            },
          },
        ],
  ),
  ...forEveryKind('errors', 'bodies and names that do not fit', (kind) => {
    const post = (body: unknown): Step => ({ method: 'POST', path: collectionOf(kind), body });
    return [
      post({}),
      post({ ...objectOf(kind, 'minimal'), kind: 'Nonsense' }),
      post({ ...objectOf(kind, 'minimal'), apiVersion: 'nonsense/v9' }),
      post({ ...objectOf(kind, 'minimal'), metadata: {} }),
      post({ ...objectOf(kind, 'minimal'), metadata: { name: 'Not_A_{{ns}}' } }),
      post({ ...objectOf(kind, 'minimal'), metadata: { name: 5 } }),
      post('not json'),
      { ...patch(kind, 'text/plain', 'x') },
      { path: pathOf(kind), accept: 'text/csv' },
      { method: 'POST', path: pathOf(kind), body: {} },
      { method: 'PUT', path: collectionOf(kind), body: {} },
    ];
  }),
];
