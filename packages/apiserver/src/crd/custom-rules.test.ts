/**
 * Holds what is said about custom resources to kube-apiserver 1.36: its answers to objects of one definition with rules of
 * all sorts, recorded once, are in `testing/custom-resource-answers.json`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Caller, callerOf } from '#testing/caller.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

interface Answers {
  readonly definition: { readonly metadata: { readonly name: string } };
  readonly created: readonly {
    readonly given: unknown;
    /** The spec as it is stored. */
    readonly stored?: unknown;
    readonly faults?: readonly string[];
  }[];
  readonly changed: readonly {
    readonly name: string;
    readonly before: unknown;
    readonly patch: object;
    readonly subresource: string;
    readonly faults: readonly string[];
  }[];
}

const { definition, created, changed } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../testing/custom-resource-answers.json'), 'utf8'),
) as Answers;
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const things = '/apis/t.example.com/v1/namespaces/default/things';
const contentType = 'application/merge-patch+json';

let server: TestServer;
let call: Caller;

beforeAll(async () => {
  server = await startTestServer();
  call = callerOf(server.url);
  await define(definition);
});
afterAll(() => server.close());

async function define(body: object): Promise<void> {
  expect((await call('POST', definitions, body)).status).toBe(201);
  await eventually(async () => {
    expect((await call('GET', things)).status).toBe(200);
  });
}

function thing(name: string, spec: unknown): object {
  return { apiVersion: 't.example.com/v1', kind: 'Thing', metadata: { name }, spec };
}

type Answer = Awaited<ReturnType<Caller>>;

function faultsOf({ body }: Answer): string[] {
  const { details } = body as { details?: { causes?: { reason: string; field: string; message: string }[] } };
  return (details?.causes ?? []).map(({ reason, field, message }) => `${reason} ${field}: ${message}`).sort();
}

describe('what is created', () => {
  test.for(created)('$given', async ({ given, stored, faults = [] }) => {
    const answer = await call('POST', `${things}?dryRun=All&fieldValidation=Ignore`, thing('new', given));
    expect(faultsOf(answer)).toEqual(faults);
    if (faults.length === 0) expect((answer.body as { spec?: unknown }).spec).toEqual(stored);
  });
});

describe('what is changed', () => {
  test.for(changed)('$name', async ({ before, patch, subresource, faults }) => {
    await call('DELETE', `${things}/changed`);
    expect((await call('POST', things, thing('changed', before))).status).toBe(201);
    const answer = await call('PATCH', `${things}/changed${subresource}`, patch, { contentType });
    expect(faultsOf(answer)).toEqual(faults);
  });
});

test('what is as it was is let pass with a warning when its rule came later, and judged when it changes', async () => {
  const schemaOf = (a: object, b: object): object => ({
    openAPIV3Schema: {
      type: 'object',
      properties: { spec: { type: 'object', properties: { a, b, c: { type: 'string' } } } },
    },
  });
  const named = (schema: object): object => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'parts.t.example.com' },
    spec: {
      group: 't.example.com',
      scope: 'Cluster',
      names: { plural: 'parts', kind: 'Part' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  });
  const parts = '/apis/t.example.com/v1/parts';
  const text = { type: 'string' };
  await call('POST', definitions, named(schemaOf(text, text)));
  await eventually(async () => {
    expect((await call('GET', parts)).status).toBe(200);
  });
  await call('POST', parts, {
    apiVersion: 't.example.com/v1',
    kind: 'Part',
    metadata: { name: 'p' },
    spec: { a: 'too long', b: 'x' },
  });
  const rules = [{ rule: "self == 'y'", message: 'must be y' }];
  const strict = schemaOf(
    { ...text, maxLength: 1 },
    { ...text, maxLength: 9, 'x-kubernetes-validations': rules },
  );
  await call(
    'PATCH',
    `${definitions}/parts.t.example.com`,
    { spec: { versions: [{ name: 'v1', served: true, storage: true, schema: strict }] } },
    { contentType },
  );
  const change = (spec: object): Promise<Answer> => call('PATCH', `${parts}/p`, { spec }, { contentType });
  await eventually(async () => {
    expect(faultsOf(await change({ a: 'longer still' }))).toHaveLength(2);
  });
  const kept = await change({ c: 'new' });
  expect([kept.status, kept.headers.get('warning')]).toEqual([
    200,
    '299 - "spec.b: Invalid value: \\"x\\": must be y"',
  ]);
  expect(faultsOf(await change({ b: 'z' }))).toEqual([
    'FieldValueInvalid spec.b: Invalid value: "z": must be y',
  ]);
});
