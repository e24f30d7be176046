import { decodeProtobuf } from '@skerry/api';
import { describe, expect, test } from 'vitest';
import { answerItem, listAnswer } from '#answer.ts';
import { encodersFor } from '#encode/encoder-set.ts';
import { negotiate } from '#encode/negotiate.ts';
import { PodFeed, podKind } from '#testing/pod-feed.ts';

const feed = new PodFeed();
const set = encodersFor(podKind, { clock: feed.clock, protobuf: true });
const encoder = negotiate('application/vnd.kubernetes.protobuf,application/json', set);
feed.put('a/1');
feed.put('a/2', { node: 'n' });
const items = feed.cache.list({});
const bodyOf = ({ body }: { body: Iterable<Uint8Array> }) => decodeProtobuf(Buffer.concat([...body]));

describe('as protobuf', () => {
  test('an object is what its JSON is', () => {
    const answer = answerItem(encoder, items[1]!);
    expect(answer.headers['Content-Type']).toBe('application/vnd.kubernetes.protobuf');
    // An empty struct is not told apart from none.
    expect({ ...bodyOf(answer), status: {} }).toEqual(JSON.parse(Buffer.from(items[1]!.json).toString()));
  });

  test('a list has its metadata and all objects', () => {
    expect(bodyOf(listAnswer(encoder, items, { resourceVersion: '9', remainingItemCount: 0 }))).toMatchObject(
      {
        kind: 'PodList',
        metadata: { resourceVersion: '9', remainingItemCount: 0 },
        items: [{ metadata: { name: '1' } }, { metadata: { name: '2' }, spec: { nodeName: 'n' } }],
      },
    );
  });

  test.for([
    ['event', encoder.event('ADDED', items[0]!, false), { kind: 'Pod', metadata: { name: '1' } }],
    [
      'bookmark',
      encoder.bookmark(7, { initialEventsEnd: true }),
      {
        kind: 'Pod',
        metadata: { resourceVersion: '7', annotations: { 'k8s.io/initial-events-end': 'true' } },
      },
    ],
    [
      'error',
      encoder.error({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'too old',
        reason: 'Expired',
        code: 410,
      }),
      { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' },
    ],
  ] as const)('a frame of a watch holds a whole %s', ([, frame, expected]) => {
    const bytes = Buffer.from(frame);
    expect(bytes.readUInt32BE(0)).toBe(bytes.length - 4);
    expect(decodeProtobuf(bytes.subarray(bytes.indexOf('k8s\0')))).toMatchObject(expected);
  });
});

test('a kind that is not built in has no protobuf form', () => {
  expect(encodersFor(podKind, { clock: feed.clock }).protobuf).toBeUndefined();
  const custom = { ...podKind, group: 'example.com', kind: 'Thing' };
  expect(encodersFor(custom, { clock: feed.clock, protobuf: true }).protobuf).toBeUndefined();
});
