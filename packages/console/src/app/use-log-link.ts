/** An address that leads to a line of a log opens that log; the rest of the address stays, since the dock has none of its own. */
import { useEffect } from 'react';
import { parseLogPlace } from '#dock/log-link.ts';
import { openDockTab } from './dock-state.ts';
import { useSearchState } from './search.ts';

export function useLogLink(cluster: string | undefined): void {
  const [{ log }, change] = useSearchState();
  useEffect(() => {
    if (!cluster || !log) return;
    const place = parseLogPlace(log);
    if (place) openDockTab({ kind: 'logs', cluster, title: place.pod, ...place });
    change({ log: undefined });
  }, [cluster, log, change]);
}
