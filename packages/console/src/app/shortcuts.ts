/** Keys that work everywhere but where text is typed. They can be turned off in the settings (WCAG 2.1.4). */
import { links } from '@skerry/center/contract';
import { useEffect, useRef } from 'react';
import { usePreferences } from '#api/preferences.ts';
import type { MessageId } from '#i18n/index.ts';
import { useGo } from './link.tsx';

export interface Shortcut {
  readonly keys: string;
  readonly title: MessageId;
  readonly to?: (cluster: string) => string;
}

/** Two keys one after the other, the second within this time. */
const sequenceMs = 1200;

export const shortcuts: readonly Shortcut[] = [
  { keys: 'Ctrl K', title: 'shortcuts.palette' },
  { keys: '?', title: 'shortcuts.help' },
  { keys: '/', title: 'shortcuts.filter' },
  { keys: 'j', title: 'shortcuts.down' },
  { keys: 'k', title: 'shortcuts.up' },
  { keys: 'x', title: 'shortcuts.select' },
  { keys: 'Enter', title: 'shortcuts.open' },
  { keys: 'g o', title: 'nav.overview', to: links.cluster },
  { keys: 'g n', title: 'kind.nodes', to: links.nodes },
  { keys: 'g l', title: 'kind.nodepools.apps.openyurt.io', to: links.pools },
  { keys: 'g p', title: 'kind.pods', to: (cluster) => links.list(cluster, 'pods') },
  { keys: 'g d', title: 'kind.deployments.apps', to: (cluster) => links.list(cluster, 'deployments.apps') },
  { keys: 'g s', title: 'kind.daemonsets.apps', to: (cluster) => links.list(cluster, 'daemonsets.apps') },
  {
    keys: 'g c',
    title: 'nav.customResources',
    to: (cluster) => `${links.cluster(cluster)}/custom-resources`,
  },
  { keys: 'g u', title: 'nav.gpu', to: links.gpu },
  { keys: 'g e', title: 'kind.events', to: (cluster) => `${links.cluster(cluster)}/events` },
];

interface Handlers {
  readonly cluster: string | undefined;
  readonly openPalette: () => void;
  readonly openHelp: () => void;
}

export function useShortcuts(handlers: Handlers): void {
  const go = useGo();
  const { shortcuts: areOn = true } = usePreferences();
  const latest = useRef({ handlers, go, areOn });
  latest.current = { handlers, go, areOn };
  useEffect(() => {
    let first: { key: string; atMs: number } | undefined;
    const onKey = (event: KeyboardEvent): void => {
      const { handlers: to, go: follow, areOn: on } = latest.current;
      if (event.isComposing) return;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        return to.openPalette();
      }
      if (!on || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === '?') return to.openHelp();
      if (event.key === '/') {
        const box = document.querySelector<HTMLElement>('[data-filter] input, input[data-filter]');
        if (box) event.preventDefault();
        return box?.focus();
      }
      const atMs = event.timeStamp;
      if (first && atMs - first.atMs < sequenceMs) {
        const found = shortcuts.find((one) => one.keys === `${first?.key} ${event.key}`);
        first = undefined;
        if (found?.to && to.cluster) follow(found.to(to.cluster));
        return;
      }
      first = event.key === 'g' ? { key: 'g', atMs } : undefined;
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) ||
      target.closest('[role="dialog"]') !== null)
  );
}
