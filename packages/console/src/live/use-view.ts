import type { Freshness } from '@skerry/center/contract';
import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { live, type ViewOf, type ViewState } from './connection.ts';

/** A view, live. While a changed query is on its way, the page of the one before stands. */
export function useView(
  of: ViewOf,
): ViewState & { readonly refresh: () => void; readonly isPrevious: boolean } {
  const key = JSON.stringify(of);
  const stable = useMemo(() => JSON.parse(key) as ViewOf, [key]);
  const subscribe = useCallback((listener: () => void) => live.subscribe(stable, listener), [stable]);
  const state = useSyncExternalStore(subscribe, () => live.read(stable));
  const place = `${of.cluster}/${of.resource}`;
  const previous = useRef<{ place: string; state: ViewState } | undefined>(undefined);
  useEffect(() => {
    if (state.page) previous.current = { place, state };
  }, [place, state]);
  const refresh = useCallback(() => live.refresh(stable), [stable]);
  if (!state.page && !state.status && previous.current?.place === place) {
    return { ...previous.current.state, refresh, isPrevious: true };
  }
  return { ...state, refresh, isPrevious: false };
}

/** Whether the tab hears of changes at all. */
export function useConnectionFreshness(): Freshness {
  return useSyncExternalStore(live.subscribeFreshness, live.readFreshness);
}
