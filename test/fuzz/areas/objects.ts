/**
 * Objects of every kind, in order or nearly so, through every way of writing one. What was stored must come back the same
 * as JSON, protobuf and Table, and putting it again must change nothing.
 */
import { isDeepStrictEqual } from 'node:util';
import { type AnyObject, builtinKinds, decodeProtobuf, type KindInfo } from '@skerry/api';
import * as fc from 'fast-check';
import type { Answer } from '../client.ts';
import { format, mediaTypes, written, type Format } from '../documents.ts';
import { expectHonest } from '../expectations.ts';
import { jsonText, mutated, mutation, type Mutation } from '../hostile-values.ts';
import { probe, type Probe } from '../probe.ts';
import { Random } from '../random.ts';
import { samples } from '../samples.ts';
import { objectOf } from '../schema-objects.ts';
import type { Target } from '../target.ts';

const namespace = 'default';
const writable = builtinKinds.filter(({ verbs }) => verbs.includes('create'));

/** Kinds whose status the server writes by itself: they change while they are looked at. */
const restless = new Set([
  'FlowSchema',
  'PriorityLevelConfiguration',
  'APIService',
  'CustomResourceDefinition',
]);

const patchTypes = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;
type PatchName = keyof typeof patchTypes;

interface Input {
  readonly kind: string;
  /** How the object is made: the kind's sample, or after its schema from this seed. */
  readonly from: 'sample' | number;
  readonly mutations: readonly Mutation[];
  readonly format: Format;
  readonly query: string;
  readonly patch: { readonly type: PatchName; readonly mutations: readonly Mutation[] };
}

const input: fc.Arbitrary<Input> = fc.record({
  kind: fc.constantFrom(...writable.map(keyOf)),
  from: fc.oneof(
    { weight: 3, arbitrary: fc.constant('sample' as const) },
    { weight: 2, arbitrary: fc.nat() },
  ),
  mutations: fc.array(mutation, { maxLength: 4 }),
  format,
  query: fc.constantFrom('', '', '', '?dryRun=All', '?fieldValidation=Strict', '?fieldValidation=Ignore'),
  patch: fc.record({
    type: fc.constantFrom<PatchName>('merge', 'strategic', 'json', 'apply'),
    mutations: fc.array(mutation, { minLength: 1, maxLength: 3 }),
  }),
});

export const objects: readonly Probe[] = [
  probe('an object of any kind, from its creation to its end', input, live),
];

function keyOf({ group, version, kind }: KindInfo): string {
  return `${group}/${version}/${kind}`;
}

function kindOf(key: string): KindInfo {
  return writable.find((kind) => keyOf(kind) === key)!;
}

/** Where the objects of a kind are written. */
export function collectionOf({ group, version, resource, namespaced }: KindInfo): string {
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
  return namespaced ? `${root}/namespaces/${namespace}/${resource}` : `${root}/${resource}`;
}

/** A document of the kind, in order. The name is new each time: one whose deletion a finalizer holds up stays. */
export function documentOf(kind: KindInfo, from: Input['from']): Record<string, unknown> {
  const random = new Random(from === 'sample' ? 0 : from);
  const made = from === 'sample' ? structuredClone(samples[kind.kind]) : objectOf(kind, random);
  const metadata = from === 'sample' ? { labels: { app: 'x' } } : (made?.['metadata'] as object | undefined);
  return {
    apiVersion: kind.group ? `${kind.group}/${kind.version}` : kind.version,
    kind: kind.kind,
    ...made,
    metadata: {
      ...metadata,
      name: `x${++documents}`,
      namespace: undefined,
      resourceVersion: undefined,
      uid: undefined,
    },
  };
}
let documents = 0;

async function live(
  target: Target,
  { kind: key, from, mutations, format: wanted, query, patch }: Input,
): Promise<void> {
  const kind = kindOf(key);
  const path = collectionOf(kind);
  const { body, contentType } = written(mutated(documentOf(kind, from), mutations), wanted);
  const created = await target.client.call({
    method: 'POST',
    path: path + query,
    headers: { 'content-type': contentType },
    body,
  });
  expectHonest(created);
  if (created.status !== 201 || query.includes('dryRun') || !kind.verbs.includes('get')) return;
  const object = jsonOf(created);
  const at = `${path}/${encodeURIComponent(object.metadata?.name ?? '')}`;
  try {
    if (!restless.has(kind.kind)) {
      await expectKept(target, at, object);
      if (kind.verbs.includes('update')) await expectSettled(target, at);
    }
    await patched(target, at, object, patch);
    if (!restless.has(kind.kind)) await expectReadable(target, at);
  } finally {
    const gone = await target.client.call({ method: 'DELETE', path: `${at}?gracePeriodSeconds=0` });
    expectHonest(gone);
  }
}

function jsonOf({ bytes }: Answer): AnyObject {
  return JSON.parse(bytes.toString()) as AnyObject;
}

async function read(target: Target, path: string, accept = 'application/json'): Promise<Answer> {
  const answer = await target.client.call({ path, headers: { accept } });
  expectHonest(answer);
  if (answer.status !== 200)
    throw new Error(`what is there is read with ${answer.status}: ${answer.bytes.toString().slice(0, 300)}`);
  return answer;
}

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

async function expectKept(target: Target, at: string, object: AnyObject): Promise<void> {
  const json = jsonOf(await read(target, at));
  if (!isDeepStrictEqual(json, object)) throw differs('what is read is not what was answered', object, json);
  await expectReadable(target, at);
}

async function expectReadable(target: Target, at: string): Promise<void> {
  const json = jsonOf(await read(target, at));
  const binary = await read(target, at, `${mediaTypes.protobuf},application/json`);
  if (binary.headers['content-type'] === mediaTypes.protobuf) {
    const decoded = decodeProtobuf(binary.bytes);
    if (!isDeepStrictEqual(withoutEmpty(decoded), withoutEmpty(json)))
      throw differs('protobuf says something else than JSON', json, decoded);
  }
  const shown = jsonOf(await read(target, at, table)) as { rows?: { cells?: unknown[] }[] };
  if (shown.rows?.length !== 1) throw new Error('a Table of one object has one row');
}

/** Putting what was read changes nothing, in either form. */
async function expectSettled(target: Target, at: string): Promise<void> {
  const held = await read(target, at);
  const binary = await read(target, at, `${mediaTypes.protobuf},application/json`);
  const before = jsonOf(held);
  for (const { headers, bytes } of [held, binary]) {
    const contentType = String(headers['content-type']);
    // Protobuf has no word for an empty list or map: putting it may take them away, and that is a change.
    if (contentType === mediaTypes.protobuf && !isDeepStrictEqual(withoutEmpty(before), before)) continue;
    const put = await target.client.call({
      method: 'PUT',
      path: at,
      headers: { 'content-type': contentType },
      body: bytes,
    });
    expectHonest(put);
    if (put.status !== 200)
      throw new Error(`what was read can't be put: ${put.status} ${put.bytes.toString().slice(0, 500)}`);
    const after = jsonOf(put);
    if (!isDeepStrictEqual(after, before))
      throw differs(`putting the same as ${contentType} changed it`, before, after);
  }
}

async function patched(
  target: Target,
  at: string,
  object: AnyObject,
  { type, mutations }: Input['patch'],
): Promise<void> {
  const change = mutated(structuredClone(object), mutations);
  const body =
    type === 'json' ? `[{"op":"replace","path":"","value":${jsonText(change)}}]` : jsonText(change);
  const query = type === 'apply' ? '?fieldManager=fuzz&force=true' : '';
  const headers = { 'content-type': patchTypes[type] };
  expectHonest(await target.client.call({ method: 'PATCH', path: at + query, headers, body }));
}

/** An empty object and an absent one are one on the wire, which has no types of objects inside others either. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const inner: object = isTyped(value) ? { ...value, apiVersion: undefined, kind: undefined } : value;
  const kept = Object.entries(inner)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => [key, withoutEmpty(item)] as const)
    .filter(
      ([, item]) =>
        item !== '' && item !== null && (typeof item !== 'object' || Object.keys(item).length > 0),
    );
  return Object.fromEntries(kept);
}

/** An object of its own inside another: a claim of a StatefulSet. */
function isTyped(value: object): boolean {
  return 'kind' in value && value.kind === 'PersistentVolumeClaim';
}

function differs(what: string, before: unknown, after: unknown): Error {
  return new Error(`${what}:\n${differences(before, after, '').slice(0, 10).join('\n')}`);
}

function differences(before: unknown, after: unknown, path: string): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isMap(before) || !isMap(after))
    return [`${path}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`.slice(0, 300)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
    differences(before[key], after[key], `${path}.${key}`),
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
