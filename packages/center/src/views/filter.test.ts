import { expect, test } from 'vitest';
import { Interner } from '#cache/interner.ts';
import { ItemMaker } from '#cache/item-maker.ts';
import { FakeClock } from '@skerry/base/testing';
import type { AnyObject } from '@skerry/api';
import { syntheticPod } from '#testing/synthetic-objects.ts';
import { builtinViews } from '#views/builtin-views.ts';
import { parseFilter } from '#views/filter.ts';
import type { ViewContext } from '#views/view-kind.ts';

const clock = new FakeClock(Date.UTC(2026, 0, 1, 2));
const view = builtinViews.get('pods')!;
const maker = new ItemMaker(view, { interner: new Interner(), clock });
/** A pod that crashes and one that does not: web-0 in team-0, and web-1 in team-1. */
const [crashing, running] = [500, 101].map((index) =>
  maker.make(syntheticPod(index, { nodes: 3 }) as unknown as AnyObject),
);
const context: ViewContext = {
  nowMs: clock.now(),
  placeOf: (item) =>
    item === crashing ? { region: 'osaka', pool: 'osaka-1' } : { region: 'tokyo', pool: 'tokyo-2' },
  stateOf: (item) => (item === running ? { state: 'Disconnected', tone: 'disconnected' } : item.state),
  loadOf: () => undefined,
  spreadOf: () => [],
};

test.each<[string, boolean, boolean]>([
  ['', true, true],
  ['web-5', true, false],
  ['WEB', true, true],
  ['crash', true, false],
  ['-crash', false, true],
  ['osaka', true, false],
  ['status:CrashLoopBackOff', true, false],
  ['status:crashloopbackoff', true, false],
  ['status:Crash', false, false],
  ['status:crash*off', true, false],
  ['status:*back*', true, false],
  ['status:NotReady', false, true],
  ['state:Running,CrashLoopBackOff', true, false],
  ['status:Running status:CrashLoopBackOff', true, false],
  ['-status:CrashLoopBackOff', false, true],
  ['pool:osaka-1', true, false],
  ['pool:osaka-1 -ns:team-5', false, false],
  ['-ns:team-1', true, false],
  ['region:tokyo,osaka', true, true],
  ['label:app=web-5', true, false],
  ['label:app!=web-5', false, true],
  ['-label:app=web-5', false, true],
  ['label:tier', true, true],
  ['restarts:>5', true, false],
  ['restarts:<=12', true, true],
  ['restarts:0', false, true],
  ['age:>1h', true, true],
  ['age:<1h30m', false, false],
  ['age:>1d', false, false],
  ['"web-5 "', false, false],
  ['node:node-00002', true, true],
  // No column of that name: a word like any other.
  ['registry.example:5000', false, false],
  ['status:', false, false],
])('%s', (query, first, second) => {
  const filters = parseFilter(query, view.columns);
  const matches = (item: typeof crashing) => filters.every((filter) => filter.matches(item!, context));
  expect([matches(crashing), matches(running)]).toEqual([first, second]);
});

test('a label selector that is none is refused', () => {
  expect(() => parseFilter('label:a=b=c', view.columns)).toThrow(expect.objectContaining({ code: 400 }));
});
