import type { AnyObject } from '@skerry/api';
import { FakeClock } from '@skerry/base/testing';
import { Interner } from '#cache/interner.ts';
import type { Item } from '#cache/item.ts';
import { ItemMaker } from '#cache/item-maker.ts';
import { builtinViews } from '#views/builtin-views.ts';

/** Objects of a built-in resource as the cache keeps them. */
export function itemsOf(resource: string, objects: readonly object[], nowMs = Date.UTC(2026, 0, 1)): Item[] {
  const view = builtinViews.get(resource);
  if (!view) throw new Error(`${resource} is no built-in resource`);
  const maker = new ItemMaker(view, { interner: new Interner(), clock: new FakeClock(nowMs) });
  return objects.map((object) => maker.make(object as AnyObject));
}
