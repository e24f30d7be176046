/** What changed between two pages of one query, as a message; undefined: nothing. */
import type { LiveMessage, Page, Row } from '#contract/index.ts';

export function pageChange(id: string, before: Page | undefined, now: Page): LiveMessage | undefined {
  if (!before || !same(before.columns, now.columns)) return { type: 'page', id, page: now };
  const known = new Map(before.rows.map((row) => [row.key, row]));
  const rows = now.rows.filter((row) => !same(known.get(row.key), row));
  // Whole where a change would be as long.
  if (rows.length > 10 && rows.length * 2 > now.rows.length) return { type: 'page', id, page: now };
  const order = now.rows.map(({ key }) => key);
  const reordered = !same(before.rows.map(keyOf), order);
  const changed = {
    ...(reordered ? { order } : {}),
    ...(rows.length > 0 ? { rows } : {}),
    ...(before.total === now.total ? {} : { total: now.total }),
    ...(same(before.groups, now.groups) ? {} : { groups: now.groups }),
    ...(same(before.facets, now.facets) ? {} : { facets: now.facets }),
  };
  return Object.keys(changed).length === 0 ? undefined : { type: 'change', id, ...changed };
}

function keyOf({ key }: Row): string {
  return key;
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
