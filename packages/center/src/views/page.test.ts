import type { AnyObject } from '@skerry/api';
import { FakeClock } from '@skerry/base/testing';
import { describe, expect, test } from 'vitest';
import { Interner } from '#cache/interner.ts';
import { ItemMaker } from '#cache/item-maker.ts';
import type { ViewQuery } from '#contract/index.ts';
import { poolOf, syntheticPod } from '#testing/synthetic-objects.ts';
import { builtinViews } from '#views/builtin-views.ts';
import { compareNatural } from '#views/natural-order.ts';
import { computePage } from '#views/page.ts';

const clock = new FakeClock();
const view = builtinViews.get('pods')!;
const maker = new ItemMaker(view, { interner: new Interner(), clock });
const nodes = 40;
const items = Array.from({ length: 1000 }, (_, index) =>
  maker.make(syntheticPod(index, { nodes }) as unknown as AnyObject),
);

function page(query: ViewQuery) {
  return computePage(
    {
      view,
      columns: view.columns,
      items,
      context: {
        nowMs: clock.now(),
        placeOf: ({ facts }) =>
          facts?.kind === 'pod' && facts.node ? poolOf(Number(facts.node.slice(5))) : undefined,
        stateOf: (item) => item.state,
        loadOf: () => undefined,
        spreadOf: () => [],
      },
      freshness: { state: 'live' },
    },
    query,
  ).page;
}

const column = (id: string) => view.columns.findIndex((candidate) => candidate.id === id);

describe('a page', () => {
  test('is grouped by region and pool, in order, and sorted within', () => {
    const { groups, rows, total } = page({ limit: 60 });
    expect(total).toBe(1000);
    expect(groups).toHaveLength(20);
    expect(groups[0]).toEqual({
      region: 'beijing',
      pool: 'beijing-0',
      total: 50,
      tones: { ok: 48, error: 2 },
    });
    expect(groups.reduce((sum, group) => sum + group.total, 0)).toBe(1000);
    expect(rows.map(({ pool }) => pool)).toEqual([
      ...Array<string>(50).fill('beijing-0'),
      ...Array<string>(10).fill('beijing-1'),
    ]);
    const names = rows.slice(0, 50).map(({ namespace = '', name }) => ({ namespace, name }));
    expect(names).toEqual(
      names.toSorted((a, b) =>
        a.namespace === b.namespace ? compareNatural(a.name, b.name) : a.namespace < b.namespace ? -1 : 1,
      ),
    );
  });

  test('goes on where the one before ended', () => {
    const whole = Array.from(
      { length: 5 },
      (_, part) => page({ offset: part * 200, limit: 200 }).rows,
    ).flat();
    expect(new Set(whole.map(({ key }) => key)).size).toBe(1000);
    expect(page({ offset: 130, limit: 30 }).rows).toEqual(whole.slice(130, 160));
    expect(page({ offset: 5000 }).rows).toEqual([]);
  });

  test('is of at most 200 rows, and of 50 unless told', () => {
    expect(page({ limit: 1000 }).rows).toHaveLength(200);
    expect(page({}).rows).toHaveLength(50);
  });

  test('sorts by any column, either way, the worst state first', () => {
    const ages = page({ sort: '-age', group: 'none' }).rows.map(({ created }) => created);
    expect(ages).toEqual(ages.toSorted());
    const states = page({ sort: 'status', group: 'none', limit: 3 }).rows.map(
      ({ cells }) => cells[column('status')],
    );
    expect(states[0]).toMatchObject({ state: 'CrashLoopBackOff', tone: 'error' });
    expect(states[2]).toMatchObject({ state: 'Running' });
    const restarts = page({ sort: '-restarts', group: 'none' }).rows.map(
      ({ cells }) => cells[column('restarts')],
    );
    expect(restarts.slice(0, 3)).toEqual([12, 12, 0]);
    expect(() => page({ sort: 'nothing' })).toThrow(expect.objectContaining({ code: 400 }));
  });

  test('counts each facet as if it were not filtered by itself', () => {
    const { total, facets } = page({ q: 'status:Running ns:team-1' });
    expect(total).toBe(100);
    expect(facets['status']).toEqual([{ value: 'Running', count: 100 }]);
    expect(facets['namespace']).toHaveLength(10);
    expect(facets['namespace']).toContainEqual({ value: 'team-5', count: 99 });
    expect(facets['region']).toHaveLength(5);
  });

  test('keeps to a scope of region, pool and namespaces', () => {
    expect(page({ region: 'tokyo' }).total).toBe(200);
    expect(page({ pool: 'tokyo-1' }).total).toBe(50);
    expect(page({ namespace: ['team-1', 'team-2'] }).total).toBe(200);
    expect(page({ namespace: ['team-1'], group: 'namespace' }).groups).toEqual([
      { namespace: 'team-1', total: 100, tones: { ok: 100 } },
    ]);
  });
});
