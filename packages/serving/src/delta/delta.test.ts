import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeltaError, HeldObjects, plainLines } from '#delta/delta-decoder.ts';
import { deltaWatchType, frame, frameTypes, number } from '#delta/delta-frame.ts';
import { encodersFor } from '#encode/encoder-set.ts';
import { negotiate } from '#encode/negotiate.ts';
import { parseListOptions } from '#list/list-options.ts';
import { PodFeed, podKind } from '#testing/pod-feed.ts';
import { RecordingSink } from '#testing/recording-sink.ts';
import { watch } from '#watch/watch.ts';

type Step =
  | {
      readonly type: 'put' | 'delete';
      readonly place: string;
      readonly phase: string;
      readonly label: string;
    }
  | { readonly type: 'cut' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constantFrom('put' as const, 'put' as const, 'delete' as const),
      place: fc.constantFrom('a/1', 'a/2', 'b/1', 'ü/ß'),
      phase: fc.string({ maxLength: 40, unit: 'grapheme' }),
      label: fc.constantFrom('in', 'out'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('cut' as const) }) },
);

/** One way of following the feed, over as many streams as it takes. */
class Follower {
  readonly #feed: PodFeed;
  readonly #form: 'json' | 'delta';
  readonly #held = new HeldObjects();
  #lines = '';
  #sink = new RecordingSink();
  #gone = new AbortController();

  constructor(feed: PodFeed, form: 'json' | 'delta') {
    this.#feed = feed;
    this.#form = form;
  }

  async open(revision?: number): Promise<void> {
    const { cache, clock } = this.#feed;
    const from =
      revision === undefined
        ? 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
        : `resourceVersion=${revision}`;
    this.#sink = new RecordingSink();
    this.#gone = new AbortController();
    await watch({
      cache,
      clock,
      encoder: encodersFor(podKind, { clock })[this.#form]!,
      sink: this.#sink,
      scope: {},
      options: parseListOptions(new URLSearchParams(`watch=true&labelSelector=side%3Din&${from}`)),
      random: () => 0.5,
      fresh: () => this.#feed.revision,
      signal: this.#gone.signal,
    });
  }

  async cut(): Promise<void> {
    this.#gone.abort();
    if (this.#form === 'json') this.#lines += this.#sink.text;
    else
      for await (const line of plainLines(inPieces(this.#sink.chunks), this.#held))
        this.#lines += Buffer.from(line).toString();
  }

  get text(): string {
    return this.#lines;
  }
}

/** However the network cuts a stream. */
async function* inPieces(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  const all = Buffer.concat(chunks);
  for (let at = 0; at < all.length; at += 7) yield all.subarray(at, at + 7);
}

describe('a delta watch', () => {
  test('brings the very text of a plain one, whatever changes and whenever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const feed = new PodFeed();
        feed.put('a/1', { labels: { side: 'in' } });
        const followers = [new Follower(feed, 'json'), new Follower(feed, 'delta')];
        for (const follower of followers) await follower.open();
        for (const each of steps) {
          if (each.type === 'put') feed.put(each.place, { phase: each.phase, labels: { side: each.label } });
          else if (each.type === 'delete') feed.delete(each.place);
          else {
            const { revision } = feed;
            for (const follower of followers) {
              await follower.cut();
              await follower.open(revision);
            }
          }
        }
        for (const follower of followers) await follower.cut();
        expect(followers[1]!.text).toBe(followers[0]!.text);
      }),
      { numRuns: 200 },
    );
  });

  test('costs of a small change little more than its name', async () => {
    const feed = new PodFeed();
    const encoder = encodersFor(podKind, feed).delta!;
    feed.put('a/web', {
      labels: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`l${i}`, `v${i * 7919}`])),
    });
    const base = feed.cache.get('a', 'web')!;
    feed.put('a/web', { ...base.object.spec!, labels: base.object.metadata!.labels!, phase: 'Running' });
    const item = feed.cache.get('a', 'web')!;
    expect(item.json.length).toBeGreaterThan(1500);
    expect(encoder.event('MODIFIED', item, false, base).length).toBeLessThan(80);
  });

  test('says that something is missing when what it changes is not held', async () => {
    const feed = new PodFeed();
    const encoder = encodersFor(podKind, feed).delta!;
    feed.put('a/1');
    const base = feed.cache.get('a', '1')!;
    feed.put('a/1', { phase: 'Running' });
    const frames = [encoder.event('MODIFIED', feed.cache.get('a', '1')!, false, base)];
    await expect(collect(frames)).rejects.toThrow('a/1 changed since revision 101, and none is held');
    await expect(collect([encoder.event('DELETED', base, false)])).rejects.toThrow(DeltaError);
  });

  test.for([
    ['an unknown type', Buffer.from([9, 0])],
    ['an end inside a frame', frame(frameTypes.plain, [Buffer.from('{}')]).subarray(0, 3)],
    ['a length beyond all bounds', Buffer.concat([Buffer.from([1]), number(2 ** 40)])],
    ['a key beyond its frame', frame(frameTypes.gone, [number(200)])],
    ['a number without an end', frame(frameTypes.gone, [Buffer.from([0xff])])],
    ['no zstd', frame(frameTypes.added, [number(1), Buffer.from('a'), number(7), Buffer.from('nonsense')])],
  ] as const)('refuses %s', async ([, bytes]) => {
    await expect(collect([bytes])).rejects.toThrow(DeltaError);
  });

  test('is for watches alone, and for those who ask for it', () => {
    const set = encodersFor(podKind, new PodFeed());
    const accept = `${deltaWatchType}, application/json`;
    expect(negotiate(accept, set, { shape: 'watch' }).watchContentType).toBe(deltaWatchType);
    expect(negotiate(accept, set, { shape: 'list' }).contentType).toBe('application/json');
    expect(negotiate('*/*', set, { shape: 'watch' }).watchContentType).toBe('application/json');
  });
});

async function collect(frames: readonly Uint8Array[]): Promise<string> {
  let text = '';
  for await (const line of plainLines(inPieces(frames), new HeldObjects()))
    text += Buffer.from(line).toString();
  return text;
}
