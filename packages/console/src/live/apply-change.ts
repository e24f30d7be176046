import type { LiveMessage, Page, Row } from '@skerry/center/contract';

type Change = Extract<LiveMessage, { type: 'change' }>;

/** The page after a change. A row that is neither in the change nor on the page, though the order names it, is left out. */
export function applyChange(page: Page, change: Change): Page {
  const known = new Map<string, Row>(page.rows.map((row) => [row.key, row]));
  for (const row of change.rows ?? []) known.set(row.key, row);
  const order = change.order ?? page.rows.map((row) => row.key);
  return {
    ...page,
    rows: order.flatMap((key) => known.get(key) ?? []),
    total: change.total ?? page.total,
    groups: change.groups ?? page.groups,
    facets: change.facets ?? page.facets,
  };
}
