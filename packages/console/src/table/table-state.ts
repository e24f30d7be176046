/** What a table is asked to show. Of a list that is a screen, the address says so; of one inside a screen, the screen forgets it. */
import { useState } from 'react';
import { useSearchState, type Search } from '#app/search.ts';

export type TableState = Pick<Search, 'q' | 'sort' | 'group' | 'offset' | 'region' | 'pool' | 'namespace'>;

export function useTableState(isEmbedded: boolean): [TableState, (change: Partial<TableState>) => void] {
  const [search, changeSearch] = useSearchState();
  const [own, setOwn] = useState<TableState>({});
  if (isEmbedded) return [own, (change) => setOwn({ ...own, ...change })];
  return [search, changeSearch];
}
