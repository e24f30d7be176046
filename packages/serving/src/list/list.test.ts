import { isApiError } from '@skerry/api';
import type { ApiError, KubeList } from '@skerry/api';
import { describe, expect, test } from 'vitest';
import { encodersFor } from '#encode/encoder-set.ts';
import { decodeContinueToken } from '#list/continue-token.ts';
import { parseListOptions } from '#list/list-options.ts';
import { get, list } from '#list/list.ts';
import { PodFeed, podKind } from '#testing/pod-feed.ts';

async function read(
  feed: PodFeed,
  query: string,
  { namespace, oldest }: { namespace?: string; oldest?: number } = {},
): Promise<KubeList> {
  const { cache, clock } = feed;
  const answer = await list({
    cache,
    scope: { namespace },
    options: parseListOptions(new URLSearchParams(query)),
    encoder: encodersFor(podKind, { clock }).json,
    clock,
    fresh: () => feed.revision,
    ...(oldest === undefined ? {} : { oldest: () => oldest }),
  });
  const body = Buffer.concat([...answer.body]);
  expect(answer.headers['Content-Length']).toBe(String(body.length));
  return JSON.parse(body.toString()) as KubeList;
}

async function refusal(work: Promise<unknown>): Promise<ApiError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(isApiError(error)).toBe(true);
  return error as ApiError;
}

const names = ({ items }: KubeList) =>
  items.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`);

describe('a list', () => {
  test('is the objects in order of namespace and name, each with its own resourceVersion', async () => {
    const feed = new PodFeed();
    for (const place of ['b/1', 'a/2', 'a-b/1', 'a/1']) feed.put(place);
    const all = await read(feed, '');
    expect(names(all)).toEqual(['a-b/1', 'a/1', 'a/2', 'b/1']);
    expect(all).toMatchObject({ kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '104' } });
    expect(all.items.map((item) => item.metadata?.resourceVersion)).toEqual(['103', '104', '102', '101']);
    expect(names(await read(feed, '', { namespace: 'a' }))).toEqual(['a/1', 'a/2']);
  });

  test('of nothing has an empty array', async () => {
    expect(await read(new PodFeed(), '')).toEqual({
      kind: 'PodList',
      apiVersion: 'v1',
      metadata: { continue: '', resourceVersion: '100' },
      items: [],
    });
  });

  test('has the revision of the whole store, not of its own last change', async () => {
    const feed = new PodFeed();
    feed.put('a/1');
    feed.pass();
    expect((await read(feed, '')).metadata.resourceVersion).toBe('102');
  });

  test.for([
    ['fieldSelector=spec.nodeName%3Dn1', ['a/1', 'b/1']],
    ['fieldSelector=spec.nodeName%3Dn1,metadata.namespace%3Db', ['b/1']],
    ['fieldSelector=spec.nodeName!%3Dn1', ['a/2']],
    ['fieldSelector=metadata.name%3D1', ['a/1', 'b/1']],
    ['fieldSelector=status.phase%3DRunning', ['a/2']],
    ['fieldSelector=spec.nodeName%3Dnowhere', []],
    ['labelSelector=app%3Dweb', ['a/1', 'a/2']],
    ['labelSelector=app%3Dweb&fieldSelector=spec.nodeName%3Dn1', ['a/1']],
    ['labelSelector=!app', ['b/1']],
  ] as const)('with %s is what matches', async ([query, expected]) => {
    const feed = new PodFeed();
    feed.put('a/1', { node: 'n1', labels: { app: 'web' } });
    feed.put('a/2', { node: 'n0', labels: { app: 'web' }, phase: 'Running' });
    feed.put('b/1', { node: 'n0' });
    feed.put('b/1', { node: 'n1' });
    expect(names(await read(feed, query))).toEqual(expected);
  });

  test('without resourceVersion waits for what was written before it', async () => {
    const feed = new PodFeed();
    const { cache, clock } = feed;
    const options = parseListOptions(new URLSearchParams());
    const { json: encoder } = encodersFor(podKind, { clock });
    const answer = list({ cache, scope: {}, options, encoder, clock, fresh: () => 101 });
    feed.put('a/1');
    const body = JSON.parse(Buffer.concat([...(await answer).body]).toString()) as KubeList;
    expect(names(body)).toEqual(['a/1']);
  });

  test('at a revision that does not come is 504 with the cause that clients look for', async () => {
    const feed = new PodFeed();
    const waiting = refusal(read(feed, 'resourceVersion=105'));
    await feed.clock.advance(3000);
    expect((await waiting).status).toMatchObject({
      code: 504,
      reason: 'Timeout',
      message: 'Timeout: Too large resource version: 105, current: 100',
      details: { retryAfterSeconds: 1, causes: [{ reason: 'ResourceVersionTooLarge' }] },
    });
  });

  test('at exactly an older revision is the state of then', async () => {
    const feed = new PodFeed();
    feed.put('a/1', { node: 'n1' }); // 101
    feed.put('a/2', { node: 'n1' }); // 102
    feed.put('a/1', { node: 'n2' }); // 103
    feed.delete('a/2'); // 104
    feed.put('a/3', { node: 'n1' }); // 105
    const at = (revision: number, more = '') =>
      read(feed, `resourceVersion=${revision}&resourceVersionMatch=Exact${more}`);
    expect(names(await at(100))).toEqual([]);
    expect(names(await at(102))).toEqual(['a/1', 'a/2']);
    expect(names(await at(104))).toEqual(['a/1']);
    expect(names(await at(103, '&fieldSelector=spec.nodeName%3Dn1'))).toEqual(['a/2']);
    expect((await at(103)).metadata.resourceVersion).toBe('103');
    expect((await at(103)).items.map((item) => item.metadata?.resourceVersion)).toEqual(['103', '102']);
    // At least, not exactly.
    expect(names(await read(feed, 'resourceVersion=102'))).toEqual(['a/1', 'a/3']);
  });

  test('at a revision before its history is 410 Expired', async () => {
    const feed = new PodFeed();
    feed.put('a/1');
    const error = await refusal(read(feed, 'resourceVersion=99&resourceVersionMatch=Exact'));
    expect(error.status).toMatchObject({ code: 410, reason: 'Expired' });
  });
});

describe('pages', () => {
  async function pages(feed: PodFeed, query: string, between: (page: number) => void, namespace?: string) {
    const seen: KubeList[] = [];
    let token: string | undefined;
    do {
      const page = await read(feed, `${query}${token ? `&continue=${token}` : ''}`, { namespace });
      seen.push(page);
      token = page.metadata.continue;
      between(seen.length);
    } while (token);
    return seen;
  }
  const filled = (count: number) => {
    const feed = new PodFeed();
    for (let i = 0; i < count; i++) feed.put(`a/${String(i).padStart(2, '0')}`);
    return feed;
  };

  test('are together the list as it was at the first page, whatever changes between them', async () => {
    const feed = filled(10);
    const before = names(await read(feed, ''));
    const seen = await pages(feed, 'limit=3', (page) => {
      feed.delete(`a/0${page}`);
      feed.delete(`a/0${page + 5}`);
      feed.put(`a/0${page}x`);
      feed.put('a/99');
    });
    expect(seen.flatMap(names)).toEqual(before);
    expect(seen.map(({ metadata }) => metadata.remainingItemCount)).toEqual([7, 4, 1, undefined]);
    expect(new Set(seen.map(({ metadata }) => metadata.resourceVersion))).toEqual(new Set(['110']));
  });

  test('of a namespace count what remains in it', async () => {
    const feed = filled(5);
    feed.put('b/1');
    const seen = await pages(feed, 'limit=2', () => undefined, 'a');
    expect(seen.map(({ metadata }) => metadata.remainingItemCount)).toEqual([3, 1, undefined]);
  });

  test('under a selector do not count what remains', async () => {
    const feed = filled(5);
    const page = await read(feed, 'limit=2&fieldSelector=metadata.namespace%3Da');
    expect(page.metadata.continue).toBeDefined();
    expect(page.metadata.remainingItemCount).toBeUndefined();
  });

  test('end without a token when the last page is exactly full', async () => {
    const page = await read(filled(3), 'limit=3');
    expect(page.metadata).toEqual({ continue: '', resourceVersion: '103' });
  });

  test('that come too late are 410 with a token that goes on with the newest state', async () => {
    const feed = new PodFeed({ historyMax: 10 });
    for (let i = 0; i < 6; i++) feed.put(`a/${i}`);
    const first = await read(feed, 'limit=2');
    for (let i = 0; i < 40; i++) feed.put(`a/${i % 6}`);
    const error = await refusal(read(feed, `limit=10&continue=${first.metadata.continue}`));
    expect(error.status).toMatchObject({ code: 410, reason: 'Expired' });
    expect(error.message).toContain('results in an inconsistent list');
    const onward = error.status.metadata.continue ?? '';
    expect(decodeContinueToken(onward).revision).toBe(-1);
    const rest = await read(feed, `limit=10&continue=${onward}`);
    expect(names(rest)).toEqual(['a/2', 'a/3', 'a/4', 'a/5']);
    expect(rest.metadata.resourceVersion).toBe('146');
  });

  test('of a state that the source has forgotten are 410, though the cache may know it yet', async () => {
    const feed = filled(5);
    const { metadata } = await read(feed, 'limit=2');
    feed.put('a/6');
    const query = `limit=2&continue=${metadata.continue}`;
    expect(names(await read(feed, query, { oldest: 105 }))).toHaveLength(2);
    const error = await refusal(read(feed, query, { oldest: 106 }));
    expect(error.status).toMatchObject({ code: 410, reason: 'Expired' });
    expect(decodeContinueToken(error.status.metadata.continue ?? '').revision).toBe(-1);
  });

  test.for(['garbage', Buffer.from('{"v":"meta.k8s.io/v1","rv":0,"start":"a"}').toString('base64url')])(
    'refuse the token %s',
    async (token) => {
      expect((await refusal(read(filled(1), `continue=${token}`))).code).toBe(400);
    },
  );

  test('refuse a resourceVersion beside a token', async () => {
    const feed = filled(3);
    const { metadata } = await read(feed, 'limit=1');
    const error = await refusal(read(feed, `resourceVersion=101&continue=${metadata.continue}`));
    expect(error.message).toBe('specifying resource version is not allowed when using continue');
  });
});

describe('a get', () => {
  const answer = async (feed: PodFeed, name: string) => {
    const { cache, clock } = feed;
    const encoder = encodersFor(podKind, { clock }).json;
    const { body } = await get({
      cache,
      scope: { namespace: 'a', name },
      encoder,
      clock,
      fresh: () => feed.revision,
    });
    return Buffer.concat([...body]);
  };

  test('is the same bytes as in a list', async () => {
    const feed = new PodFeed();
    feed.put('a/1', { labels: { app: 'web' } });
    const one = (await answer(feed, '1')).toString();
    expect(JSON.stringify((await read(feed, '')).items[0])).toBe(one.trim());
  });

  test('of what is not there is 404', async () => {
    expect((await refusal(answer(new PodFeed(), 'x'))).message).toBe('pods "x" not found');
  });
});
