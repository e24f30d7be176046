import { isApiError } from '@skerry/api';
import { FakeClock } from '@skerry/base/testing';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { answerObject, compress, pretty } from '#answer.ts';
import { encodersFor } from '#encode/encoder-set.ts';
import { itemOf } from '#cache/cached-entry.ts';
import { negotiate, negotiateStatus } from '#encode/negotiate.ts';
import { podKind } from '#testing/pod-feed.ts';

const plain = encodersFor(podKind, { clock: new FakeClock() });
const set = {
  ...plain,
  goType: 'core.Pod',
  protobuf: { ...plain.json, contentType: 'application/vnd.kubernetes.protobuf' },
};
const kubectl =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';

describe('the answer to', () => {
  test.for([
    [undefined, set.json],
    ['', set.json],
    ['*/*', set.json],
    ['application/json', set.json],
    ['application/json;stream=watch', set.json],
    [kubectl, set.table('v1', 'Metadata')],
    ['application/json;as=Table;v=v1beta1;g=meta.k8s.io', set.table('v1beta1', 'Metadata')],
    ['application/json;as=Table;v=v9;g=meta.k8s.io, application/json', set.json],
    ['application/json;as=Chair;v=v1;g=meta.k8s.io, application/json', set.json],
    ['application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io', set.partial('v1')],
    ['application/vnd.kubernetes.protobuf,application/json', set.protobuf],
    ['application/json;q=0.5,application/vnd.kubernetes.protobuf', set.protobuf],
    ['application/cbor, */*;q=0.1', set.json],
    ['text/html, application/json;q=0', set.json],
    ['application/json;as=Chair;v=v1;g=meta.k8s.io', 406],
    ['application/yaml', set.yaml],
    ['application/yaml, application/json', set.yaml],
    ['application/json;g=meta.k8s.io', 406],
    ['application/json;sv=2', 406],
    ['application/json;stream=watch', set.json],
    ['application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io', 406],
    [
      'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
      set.partialProtobuf('v1'),
    ],
  ] as const)('Accept: %s', ([accept, expected]) => {
    if (typeof expected !== 'number') {
      expect(negotiate(accept, set)).toBe(expected);
      return;
    }
    const asked = !accept.startsWith('text') && !accept.startsWith('application/cbor');
    expect(() => negotiate(accept, set)).toThrow(
      asked ? 'only the following media types are accepted: application/json' : '406: Not Acceptable',
    );
  });

  test('a list may be had as its metadata, a custom resource as anything', () => {
    const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json';
    expect(negotiate(accept, set, { shape: 'list' })).toBe(set.partial('v1'));
    expect(negotiate('application/*', plain)).toBe(plain.json);
  });

  test('protobuf only, for a kind without it, is 406', () => {
    let error: unknown;
    try {
      negotiate('application/vnd.kubernetes.protobuf', plain);
    } catch (thrown) {
      error = thrown;
    }
    expect(isApiError(error, 'NotAcceptable') && error.code).toBe(406);
  });

  test.for([
    ['application/cbor', 'object', 'application/vnd.kubernetes.protobuf'],
    ['application/*', 'object', 'application/vnd.kubernetes.protobuf'],
    ['text/html', 'watch', 'application/vnd.kubernetes.protobuf;stream=watch'],
  ] as const)('of a built-in kind, %s for %s is refused by the list of types', ([accept, shape, last]) => {
    expect(() => negotiate(accept, set, { shape })).toThrow(
      /^406: Not Acceptable\n\nAvailable representations: application\/json, application\/yaml, /,
    );
    expect(() => negotiate(accept, set, { shape })).toThrow(new RegExp(`${last.replaceAll('.', '\\.')}$`));
  });

  test('a watch can not be had in YAML', () => {
    expect(() => negotiate('application/yaml', set, { shape: 'watch' })).toThrow(
      'only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
    );
  });

  test('the metadata of a list is no metadata of an object, and the other way about', () => {
    const item = itemOf({ kind: 'Pod', metadata: { name: 'x' } });
    const one = negotiate('application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io', set, {
      shape: 'list',
    });
    const many = negotiate('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', set);
    expect(() => one.list([item], {})).toThrow(
      'you requested PartialObjectMetadata, but the requested object is a list (*core.PodList)',
    );
    expect(() => many.object(item)).toThrow(
      'you requested PartialObjectMetadataList, but the requested object is not a list (*core.Pod)',
    );
  });

  test('the form of an error is what the client reads', () => {
    const forms = ['application/json', 'application/yaml', kubectl, 'text/html', undefined].map(
      negotiateStatus,
    );
    expect(forms).toEqual(['json', 'yaml', 'json', undefined, 'json']);
    expect(negotiateStatus('application/vnd.kubernetes.protobuf,application/json')).toBe('protobuf');
    expect(negotiateStatus('application/json;as=Table;v=v1;g=meta.k8s.io')).toBeUndefined();
  });

  test('an unknown includeObject is refused', () => {
    expect(() => negotiate(kubectl, set, { includeObject: 'Everything' })).toThrow(
      `Unable to convert to Table as requested: includeObject: Invalid value: "Everything": must be 'Metadata', 'Object', 'None', or empty`,
    );
    expect(negotiate(kubectl, set, { includeObject: 'Object' })).toBe(set.table('v1', 'Object'));
    expect(negotiate(kubectl, set, { includeObject: null })).toBe(set.table('v1', 'Metadata'));
  });
});

describe('an object', () => {
  const pod = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'x', namespace: 'a', resourceVersion: '5', creationTimestamp: '2025-12-31T23:59:58Z' },
    spec: { nodeName: 'n1' },
  };
  const json = (value: object) => Buffer.from(JSON.stringify(value));
  const body = (answer: { body: Iterable<Uint8Array> }) => Buffer.concat([...answer.body]).toString();
  const parsed = (accept: string, includeObject?: string) =>
    JSON.parse(body(answerObject(negotiate(accept, set, { includeObject }), pod))) as unknown;

  test('as a table is a table of one row', () => {
    expect(parsed(kubectl)).toEqual({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: '5' },
      columnDefinitions: [
        { name: 'Name', type: 'string', format: 'name', description: '', priority: 0 },
        { name: 'Age', type: 'string', format: '', description: '', priority: 0 },
      ],
      rows: [
        {
          cells: ['x', '2s'],
          object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: pod.metadata },
        },
      ],
    });
  });

  test('in a row is what was asked for', () => {
    expect(parsed(kubectl, 'Object')).toMatchObject({ rows: [{ object: pod }] });
    expect(parsed(kubectl, 'None')).toMatchObject({ rows: [{ object: null }] });
  });

  test('as metadata is its metadata', () => {
    expect(parsed('application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io')).toEqual({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: pod.metadata,
    });
  });

  test('in another version is converted, in every form', () => {
    const kind = { ...podKind, version: 'v2' };
    const convert = (object: object) => ({ ...object, apiVersion: 'v2' });
    const v2 = encodersFor(kind, { convert, clock: new FakeClock() });
    expect(JSON.parse(body(answerObject(v2.json, pod)))).toEqual({ ...pod, apiVersion: 'v2' });
    expect(body(answerObject(v2.table('v1', 'Object'), pod))).toContain('"apiVersion":"v2"');
  });

  test('as YAML is the same object', () => {
    const { yaml = set.json } = set;
    expect(parse(body(answerObject(yaml, pod)))).toEqual(pod);
    const item = { key: 'a/x', namespace: 'a', name: 'x', revision: 5, object: pod, json: json(pod) };
    const list = Buffer.concat([...yaml.list([item, item], { resourceVersion: '5' })]).toString();
    expect(parse(list)).toEqual({
      kind: 'PodList',
      apiVersion: 'v1',
      metadata: { continue: '', resourceVersion: '5' },
      items: [pod, pod],
    });
  });

  test('is indented for people', () => {
    expect(body(pretty(answerObject(set.json, pod)))).toBe(`${JSON.stringify(pod, null, 2)}\n`);
  });
});

describe('a body', () => {
  const large = answerObject(plain.json, { kind: 'Pod', data: 'x'.repeat(200_000) });
  const small = answerObject(plain.json, { kind: 'Pod' });

  test.for([
    ['gzip', true],
    ['deflate, gzip;q=0.5', true],
    ['gzip;q=0', false],
    ['identity', false],
    [undefined, false],
  ] as const)('of 200 kB under Accept-Encoding: %s', async ([accept, zipped]) => {
    const answer = await compress(large, accept);
    expect(answer.headers['Content-Encoding']).toBe(zipped ? 'gzip' : undefined);
    const size = [...answer.body].reduce((sum, piece) => sum + piece.length, 0);
    expect(answer.headers['Content-Length']).toBe(String(size));
    expect(size < 10_000).toBe(zipped);
  });

  test('that is small stays as it is', async () => {
    expect(await compress(small, 'gzip')).toBe(small);
  });
});
