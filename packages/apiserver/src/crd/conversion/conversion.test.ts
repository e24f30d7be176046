import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AnyObject } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { callerOf, type Caller } from '#testing/caller.ts';
import { dialLoopback, startExtensionServer, type ExtensionServer } from '#testing/extension-server.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

interface Review {
  readonly apiVersion: string;
  readonly kind: string;
  readonly request: {
    readonly uid: string;
    readonly desiredAPIVersion: string;
    readonly objects: AnyObject[];
  };
}

let hook: ExtensionServer;
let server: TestServer;
let call: Caller;
/** Turns one object into the wanted version. */
let convert: (object: AnyObject, apiVersion: string) => unknown;
let respond: ((review: Review) => object) | undefined;

beforeEach(async () => {
  convert = splitOrJoin;
  respond = undefined;
  hook = await startExtensionServer({
    reply: ({ body }) => {
      const review = body as Review;
      const { uid, objects, desiredAPIVersion } = review.request;
      const { apiVersion, kind } = review;
      const convertedObjects = objects.map((object) => convert(object, desiredAPIVersion));
      const response = { uid, convertedObjects, result: { status: 'Success' }, ...respond?.(review) };
      return { apiVersion, kind, response };
    },
  });
  server = await startTestServer({ dial: dialLoopback });
  call = callerOf(server.url);
});

afterEach(async () => {
  await server.close();
  await hook.close();
});

/** v1 has `host` and `port`, v2 has `address`. */
function splitOrJoin(object: AnyObject, apiVersion: string): AnyObject {
  const { host, port, address, ...rest } = object;
  if (apiVersion === 'example.com/v1') {
    const [newHost, newPort] = String(address).split(':');
    return { ...rest, apiVersion, host: newHost, port: newPort };
  }
  return { ...rest, apiVersion, address: `${String(host)}:${String(port)}` };
}

const text = { type: 'string' };

async function define(storage: 'v1' | 'v2', conversionReviewVersions = ['v1']): Promise<void> {
  const version = (name: string, properties: object) => ({
    name,
    served: true,
    storage: name === storage,
    schema: { openAPIV3Schema: { type: 'object', properties } },
    subresources: { status: {} },
    selectableFields: [{ jsonPath: name === 'v1' ? '.host' : '.address' }],
    additionalPrinterColumns: [
      { name: 'Where', type: 'string', jsonPath: name === 'v1' ? '.host' : '.address' },
    ],
  });
  const definition = {
    metadata: { name: 'toys.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'toys', kind: 'Toy' },
      versions: [
        version('v1', { host: text, port: text, colour: { type: 'string', default: 'red' } }),
        version('v2', { address: text }),
      ],
      conversion: {
        strategy: 'Webhook',
        webhook: {
          clientConfig: { url: `https://127.0.0.1:${hook.port}/convert`, caBundle: hook.caBundle },
          conversionReviewVersions,
        },
      },
    },
  };
  const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const known = await call('GET', `${crds}/toys.example.com`);
  if (known.status === 404) {
    const { status, body } = await call('POST', crds, definition);
    if (status !== 201) throw new Error(JSON.stringify(body));
  } else {
    await call('PATCH', `${crds}/toys.example.com`, { spec: definition.spec }, merge);
  }
  await eventually(async () => {
    const { body } = await call('GET', '/apis/example.com/v2');
    const { body: served } = await call('GET', `${crds}/toys.example.com`);
    expect(JSON.stringify(body)).toContain('toys');
    expect((served.status as { storedVersions: string[] }).storedVersions).toContain(storage);
  });
}

const merge = { contentType: 'application/merge-patch+json' };
const v1 = '/apis/example.com/v1/namespaces/default/toys';
const v2 = '/apis/example.com/v2/namespaces/default/toys';
const table = { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } };

function toy(name: string): AnyObject {
  return { apiVersion: 'example.com/v1', kind: 'Toy', metadata: { name }, host: 'h', port: '80' };
}

async function create(name: string): Promise<AnyObject> {
  const { status, body } = await call('POST', v1, toy(name));
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body;
}

describe('a custom resource that its webhook converts', () => {
  beforeEach(() => define('v1'));

  test('is read in the version that is asked for', async () => {
    const { metadata } = await create('a');
    const { status, body } = await call('GET', `${v2}/a`);
    expect(status).toBe(200);
    expect(body).toEqual({
      apiVersion: 'example.com/v2',
      kind: 'Toy',
      metadata: { ...metadata, resourceVersion: metadata?.resourceVersion },
      address: 'h:80',
    });
  });

  test('is asked for as reviews of Kubernetes have it', async () => {
    await create('a');
    await call('GET', `${v2}/a`);
    expect(hook.requests).toMatchObject([
      {
        url: '/convert',
        body: {
          kind: 'ConversionReview',
          apiVersion: 'apiextensions.k8s.io/v1',
          request: {
            uid: expect.any(String),
            desiredAPIVersion: 'example.com/v2',
            objects: [{ apiVersion: 'example.com/v1', metadata: { name: 'a' }, host: 'h' }],
          },
        },
      },
    ]);
  });

  test('is converted once for each revision, whatever reads it', async () => {
    await create('a');
    await create('b');
    await Promise.all([call('GET', v2), call('GET', `${v2}/a`), call('GET', v2, undefined, table)]);
    await call('GET', v2);
    const sent = hook.requests.flatMap(({ body }) => (body as Review).request.objects);
    expect(new Set(sent.map(({ metadata }) => metadata?.name))).toEqual(new Set(['a', 'b']));
    expect(sent).toHaveLength(2);
    await call('PATCH', `${v1}/a`, { host: 'other' }, merge);
    expect((await call('GET', `${v2}/a`)).body.address).toBe('other:80');
    expect((await call('GET', `${v2}/b`)).body.address).toBe('h:80');
    expect(hook.requests.flatMap(({ body }) => (body as Review).request.objects)).toHaveLength(3);
  });

  test('is listed by one request to the webhook', async () => {
    for (const name of ['a', 'b', 'c']) await create(name);
    const { body } = await call('GET', v2);
    expect(body.items?.map(({ address }) => address)).toEqual(['h:80', 'h:80', 'h:80']);
    expect(hook.requests).toHaveLength(1);
  });

  test('has the columns of the version', async () => {
    await create('a');
    const { body } = await call('GET', v2, undefined, table);
    expect((body as unknown as { rows: { cells: unknown[] }[] }).rows[0]!.cells).toEqual(['a', 'h:80']);
  });

  test('is written in either version', async () => {
    await call('POST', v2, {
      apiVersion: 'example.com/v2',
      kind: 'Toy',
      metadata: { name: 'n' },
      address: 'x:1',
    });
    expect((await call('GET', `${v1}/n`)).body).toMatchObject({ host: 'x', port: '1', colour: 'red' });
    const { status, body } = await call('PATCH', `${v2}/n`, { address: 'y:2' }, merge);
    expect(status).toBe(200);
    expect(body).toMatchObject({ apiVersion: 'example.com/v2', address: 'y:2' });
    expect((await call('GET', `${v1}/n`)).body).toMatchObject({ host: 'y', port: '2' });
  });

  test('is watched in the version that is asked for, in order', async () => {
    await create('a');
    const aborter = new AbortController();
    const events = watchEvents(`${server.url}${v2}?watch=1`, aborter.signal);
    expect(await events.next()).toMatchObject({ value: { type: 'ADDED', object: { address: 'h:80' } } });
    await call('PATCH', `${v1}/a`, { host: 'i' }, merge);
    await create('b');
    await call('DELETE', `${v1}/a`);
    const seen = [];
    for (let count = 0; count < 3; count++) seen.push((await events.next()).value);
    expect(seen).toMatchObject([
      {
        type: 'MODIFIED',
        object: { apiVersion: 'example.com/v2', metadata: { name: 'a' }, address: 'i:80' },
      },
      { type: 'ADDED', object: { metadata: { name: 'b' }, address: 'h:80' } },
      { type: 'DELETED', object: { metadata: { name: 'a' }, address: 'i:80' } },
    ]);
    aborter.abort();
  });

  test('is selected by what it is in the version that is asked for', async () => {
    // Labels of one version only: a conversion may change them.
    convert = (object, apiVersion) => {
      const next = splitOrJoin(object, apiVersion);
      const address = typeof next['address'] === 'string' ? next['address'].split(':')[0] : '';
      const labels = apiVersion === 'example.com/v2' ? { at: address } : undefined;
      return { ...next, metadata: { ...next.metadata, labels } };
    };
    await call('POST', v1, { ...toy('a'), host: 'x', port: '1' });
    await call('POST', v1, { ...toy('b'), host: 'y', port: '2' });
    const names = async (path: string) => {
      const { status, body } = await call('GET', path);
      expect(status).toBe(200);
      return (body.items as AnyObject[]).map(({ metadata }) => metadata?.name);
    };
    expect(await names(`${v2}?fieldSelector=address%3Dx:1`)).toEqual(['a']);
    expect(await names(`${v2}?labelSelector=at%3Dy`)).toEqual(['b']);
    expect(await names(`${v2}?labelSelector=at%3Dy&fieldSelector=metadata.name%3Da`)).toEqual([]);
    expect(await names(`${v1}?fieldSelector=host%3Dy`)).toEqual(['b']);
    expect(await names(`${v1}?labelSelector=at%3Dy`)).toEqual([]);
    expect(await names(`${v2}?labelSelector=at&limit=1`)).toEqual(['a']);

    const told: string[] = [];
    const stop = new AbortController();
    const answer = await fetch(`${server.url}${v2}?watch=true&labelSelector=at%3Dx`, { signal: stop.signal });
    const reading = (async () => {
      let text = '';
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
        text += Buffer.from(chunk).toString();
        const lines = text.split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) {
          const { type, object } = JSON.parse(line) as { type: string; object: AnyObject };
          told.push(`${type} ${object.metadata?.name} ${String(object['address'])}`);
        }
      }
    })().catch(() => undefined);
    const move = (name: string, host: string) => call('PATCH', `${v1}/${name}`, { host }, merge);
    await move('b', 'x');
    await move('b', 'z');
    await move('a', 'w');
    await move('b', 'x');
    await call('PATCH', `${v1}/b`, { port: '3' }, merge);
    await call('DELETE', `${v1}/b`);
    const expected = [
      'ADDED a x:1',
      'ADDED b x:2',
      'DELETED b x:2',
      'DELETED a x:1',
      'ADDED b x:2',
      'MODIFIED b x:3',
      'DELETED b x:3',
    ];
    await eventually(() => expect(told).toEqual(expected));
    stop.abort();
    await reading;

    await call('DELETE', `${v2}?labelSelector=at%3Dnobody`);
    expect(await names(v2)).toEqual(['a']);
    await call('DELETE', `${v2}?labelSelector=at%3Dw`);
    expect(await names(v2)).toEqual([]);
  });

  test('keeps its metadata but for labels and annotations', async () => {
    const { metadata } = await create('a');
    convert = (object, apiVersion) => ({
      ...splitOrJoin(object, apiVersion),
      metadata: {
        ...object.metadata,
        labels: { converted: 'yes' },
        generation: 99,
        finalizers: ['example.com/forged'],
        creationTimestamp: '2000-01-01T00:00:00Z',
      },
    });
    expect((await call('GET', `${v2}/a`)).body.metadata).toEqual({
      ...metadata,
      labels: { converted: 'yes' },
    });
  });

  test('loses what the version does not know', async () => {
    await create('a');
    convert = (object, apiVersion) => ({ ...splitOrJoin(object, apiVersion), unknown: 1 });
    expect((await call('GET', `${v2}/a`)).body).not.toHaveProperty('unknown');
  });

  const who = 'conversion webhook for example.com/v1, Kind=Toy';
  test.each([
    ['no', () => ({ result: { status: 'Failure', message: 'it broke' } }), `${who} failed: it broke`],
    [
      'nothing',
      () => ({ result: { status: 'Failure' } }),
      `${who} failed: response.result.status was 'Failure', not 'Success'`,
    ],
    ['too little', () => ({ convertedObjects: [] }), `${who} returned 0 objects, expected 1`],
  ])('is not shown when the webhook answers %s', async (_what, answer, message) => {
    await create('a');
    respond = answer;
    const { status, body } = await call('GET', `${v2}/a`);
    expect([status, body.message]).toEqual([500, message]);
    expect(body.reason).toBeUndefined();
    expect((await call('GET', v2)).status).toBe(500);
    respond = undefined;
    expect((await call('GET', `${v2}/a`)).status).toBe(200);
  });

  test.each([
    [
      'another version',
      (object: AnyObject) => object,
      `${who} returned invalid object at index 0: invalid groupVersion (expected example.com/v2, received example.com/v1)`,
    ],
    [
      'another name',
      (object: AnyObject) => ({
        ...object,
        apiVersion: 'example.com/v2',
        metadata: { ...object.metadata, name: 'z' },
      }),
      `${who} returned invalid object: must have the same name: a != z`,
    ],
    [
      'another kind',
      (object: AnyObject) => ({ ...object, apiVersion: 'example.com/v2', kind: 'Tool' }),
      `${who} returned invalid object: must have the same kind: Toy != Tool`,
    ],
    [
      'no metadata',
      () => ({ apiVersion: 'example.com/v2', kind: 'Toy' }),
      `${who} returned invalid object: missing metadata in converted object`,
    ],
    [
      'labels that are none',
      (object: AnyObject) => ({
        ...object,
        apiVersion: 'example.com/v2',
        metadata: { ...object.metadata, labels: { a: 1 } },
      }),
      `${who} returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object`,
    ],
  ])('is not taken from the webhook with %s', async (_what, converted, message) => {
    await create('a');
    convert = converted;
    const { status, body } = await call('GET', `${v2}/a`);
    expect([status, body.message]).toEqual([500, message]);
  });

  test('ends a watch with an error when it can not be converted', async () => {
    await create('a');
    respond = () => ({ result: { status: 'Failure', message: 'it broke' } });
    const events = watchEvents(`${server.url}${v2}?watch=1`, AbortSignal.timeout(10_000));
    expect(await events.next()).toMatchObject({
      value: { type: 'ERROR', object: { code: 500, message: `${who} failed: it broke` } },
    });
    expect(await events.next()).toMatchObject({ done: true });
  });

  test('is converted from what it was stored as before the stored version changed', async () => {
    await create('a');
    await define('v2');
    expect((await call('GET', `${v1}/a`)).body).toMatchObject({ apiVersion: 'example.com/v1', host: 'h' });
    expect(hook.requests).toHaveLength(0);
    expect((await call('GET', `${v2}/a`)).body).toMatchObject({
      apiVersion: 'example.com/v2',
      address: 'h:80',
    });
    // A write stores it anew, in the version of now.
    await call('PATCH', `${v2}/a`, { metadata: { labels: { x: 'y' } } }, merge);
    hook.requests.length = 0;
    expect((await call('GET', `${v2}/a`)).body).toMatchObject({ address: 'h:80' });
    expect(hook.requests).toHaveLength(0);
  });
});

test('a webhook that knows only v1beta1 is asked so', async () => {
  await define('v1', ['v1beta1']);
  await create('a');
  expect((await call('GET', `${v2}/a`)).body.address).toBe('h:80');
  expect(hook.requests[0]!.body).toMatchObject({ apiVersion: 'apiextensions.k8s.io/v1beta1' });
});

async function* watchEvents(
  url: string,
  signal: AbortSignal,
): AsyncGenerator<{ type: string; object: AnyObject }> {
  const response = await fetch(url, { signal });
  let rest = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as { type: string; object: AnyObject };
  }
}
