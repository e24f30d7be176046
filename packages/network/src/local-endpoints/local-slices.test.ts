import { beforeEach, afterEach, describe, expect, test } from 'vitest';
import type { Endpoint, EndpointSlice, Service } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { ObjectStore, type InformerHandler } from '@skerry/client';
import { slice } from '#testing/service-objects.ts';
import type { PodWord } from './local-knowledge.ts';
import { LocalSlices, type SliceSource } from './local-slices.ts';

let clock: FakeClock;
let told: ToldSlices;
let words: Map<string, PodWord>;
let silent: Set<string>;
let isCut: boolean;
let isPublishedUnready: boolean;
let tell: (node?: string) => void;
let local: LocalSlices;
let changes: number;
let stop: () => Promise<void>;

beforeEach(() => {
  clock = new FakeClock();
  told = new ToldSlices();
  words = new Map();
  silent = new Set();
  isCut = false;
  isPublishedUnready = false;
  changes = 0;
  local = new LocalSlices({
    slices: told,
    services: {
      get: () => ({ spec: { publishNotReadyAddresses: isPublishedUnready } }) as Service,
    },
    knowledge: {
      isCut: () => isCut,
      podOn: (node, uid) => words.get(`${node}/${uid}`),
      isSilent: (node) => silent.has(node),
      onChange(listener) {
        tell = listener;
        return () => undefined;
      },
    },
    clock,
    log: silentLogger,
  });
  local.addHandler({ onAdd: () => changes++, onUpdate: () => changes++, onDelete: () => changes++ });
  const end = new AbortController();
  const running = local.run(end.signal);
  stop = async () => {
    end.abort();
    await clock.advance(0);
    await running;
  };
});
afterEach(() => stop());

const pod = (name: string, address: string, node = 'n1'): Partial<Endpoint> => ({
  addresses: [address],
  nodeName: node,
  targetRef: { kind: 'Pod', name, uid: name, namespace: 'default' },
});
const word = (uid: string, address: string | undefined, change: Partial<PodWord> = {}): PodWord => ({
  uid,
  addresses: address === undefined ? [] : [address],
  isReady: true,
  isTerminating: false,
  hasEnded: false,
  ...change,
});
function say(node: string, ...said: readonly PodWord[]): void {
  for (const one of said) words.set(`${node}/${one.uid}`, one);
  tell(node);
}
function setCut(cut: boolean): void {
  isCut = cut;
  tell();
}
const shown = () =>
  local
    .list()
    .flatMap(({ endpoints }) =>
      (endpoints ?? []).map(({ addresses, conditions }) => [addresses[0], conditions?.ready]),
    );

describe('endpoints on a machine that is cut off', () => {
  test('have the addresses and the readiness that their own machines say', () => {
    told.set(slice([pod('a', '10.0.0.1'), pod('b', '10.0.1.1', 'n2'), pod('c', '10.0.1.2', 'n2')]));
    setCut(true);
    say('n1', word('a', '10.0.0.9'));
    say('n2', word('b', '10.0.1.9'), word('c', '10.0.1.2', { isReady: false }));
    expect(shown()).toEqual([
      ['10.0.0.9', true],
      ['10.0.1.9', true],
      ['10.0.1.2', false],
    ]);
  });

  test('are found by the indexes under what is so now', () => {
    local.addIndex('address', ({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
    told.set(slice([pod('a', '10.0.0.1')]));
    setCut(true);
    say('n1', word('a', '10.0.0.9'));
    expect(local.byIndex('address', '10.0.0.9')).toHaveLength(1);
    expect(local.byIndex('address', '10.0.0.1')).toEqual([]);
  });

  const cases: readonly (readonly [string, PodWord, unknown[]])[] = [
    ['a pod that has ended is none', word('a', '10.0.0.1', { hasEnded: true }), []],
    ['a pod without an address is not ready', word('a', undefined), [['10.0.0.1', false]]],
    ['a pod that ends is not ready', word('a', '10.0.0.1', { isTerminating: true }), [['10.0.0.1', false]]],
    ['an address of the other family is none', word('a', 'fd00::1'), [['10.0.0.1', false]]],
  ];
  test.each(cases)('%s', (_, said, expected) => {
    told.set(slice([pod('a', '10.0.0.1')]));
    setCut(true);
    say('n1', said);
    expect(shown()).toEqual(expected);
  });

  test('are ready all the same where the Service publishes those that are not', () => {
    isPublishedUnready = true;
    told.set(slice([pod('a', '10.0.0.1')]));
    setCut(true);
    say('n1', word('a', '10.0.0.9', { isReady: false }));
    expect(shown()).toEqual([['10.0.0.9', true]]);
  });

  test('are not ready on a machine that has fallen silent', () => {
    told.set(slice([pod('a', '10.0.0.1'), pod('b', '10.0.1.1', 'n2')]));
    setCut(true);
    silent.add('n2');
    tell('n2');
    expect(shown()).toEqual([
      ['10.0.0.1', true],
      ['10.0.1.1', false],
    ]);
  });

  test('stay as they are where somebody wrote them by hand, and where another pod has the name', () => {
    told.set(slice([pod('a', '10.0.0.1')], { byHand: true, name: 'by-hand' }));
    told.set(slice([pod('b', '10.0.0.2')], { name: 'of-another' }));
    setCut(true);
    say('n1', word('a', '10.0.0.9'), word('another', '10.0.0.9'));
    expect(shown()).toEqual([
      ['10.0.0.1', true],
      ['10.0.0.2', true],
    ]);
  });
});

describe('endpoints on a machine that has a link', () => {
  test('are the center’s, whatever machines say', () => {
    told.set(slice([pod('a', '10.0.0.1')]));
    say('n1', word('a', '10.0.0.9'));
    silent.add('n1');
    tell('n1');
    expect(shown()).toEqual([['10.0.0.1', true]]);
  });

  test('do not flap on return: what the center learned late is not shown', async () => {
    told.set(slice([pod('a', '10.0.0.1')]));
    setCut(true);
    say('n1', word('a', '10.0.0.9'));
    setCut(false);
    const before = changes;
    // The center took the pod for unready, and tells of it first.
    told.set(slice([{ ...pod('a', '10.0.0.1'), conditions: { ready: false, serving: false } }]));
    await clock.advance(40_000);
    told.set(slice([pod('a', '10.0.0.9')]));
    await clock.advance(40_000);
    expect(shown()).toEqual([['10.0.0.9', true]]);
    expect(changes).toBe(before);
    // Both agree: from now on the center is right.
    told.set(slice([pod('a', '10.0.0.7')]));
    expect(shown()).toEqual([['10.0.0.7', true]]);
  });

  test('are the center’s again five minutes after the return, also where it says otherwise', async () => {
    told.set(slice([pod('a', '10.0.0.1')]));
    setCut(true);
    say('n1', word('a', '10.0.0.9'));
    setCut(false);
    await clock.advance(200_000);
    expect(shown()).toEqual([['10.0.0.9', true]]);
    await clock.advance(120_000);
    expect(shown()).toEqual([['10.0.0.1', true]]);
  });

  test('end when the center ends them, also just after the return', () => {
    told.set(slice([pod('a', '10.0.0.1'), pod('b', '10.0.0.2')]));
    setCut(true);
    say('n1', word('a', '10.0.0.9'), word('b', '10.0.0.8'));
    setCut(false);
    told.set(
      slice([{ ...pod('a', '10.0.0.1'), conditions: { ready: false, serving: true, terminating: true } }]),
    );
    expect(shown()).toEqual([['10.0.0.1', false]]);
    told.remove('default/web-1');
    expect(shown()).toEqual([]);
  });
});

/** What the center says. */
class ToldSlices implements SliceSource {
  readonly #objects = new ObjectStore<EndpointSlice>();
  readonly #handlers: InformerHandler<EndpointSlice>[] = [];
  readonly isKnown = () => true;
  readonly known = async () => undefined;
  readonly addIndex = this.#objects.addIndex.bind(this.#objects);
  readonly byIndex = this.#objects.byIndex.bind(this.#objects);
  readonly list = () => this.#objects.all();

  get(namespace: string | undefined, name: string): EndpointSlice | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  addHandler(handler: InformerHandler<EndpointSlice>): () => void {
    this.#handlers.push(handler);
    return () => undefined;
  }

  set(next: EndpointSlice): void {
    const old = this.#objects.set(next);
    for (const handler of this.#handlers) {
      if (old) handler.onUpdate?.(next, old);
      else handler.onAdd?.(next);
    }
  }

  remove(key: string): void {
    const old = this.#objects.delete(key);
    for (const handler of this.#handlers) if (old) handler.onDelete?.(old);
  }
}
