/** The tabs of the dock below the screen: logs and terminals, which stay open while one goes about. */
import { useSyncExternalStore } from 'react';

export type DockTab = { readonly id: string; readonly cluster: string; readonly namespace: string } & (
  | {
      readonly kind: 'logs';
      readonly title: string;
      readonly pod?: string;
      /** `deployments.apps/web`: the pods of a workload. */
      readonly workload?: string;
      readonly selector?: string;
      readonly container?: string;
      /** Opened at the line of this time instead of at the end. */
      readonly at?: string;
      readonly previous?: boolean;
    }
  | { readonly kind: 'terminal'; readonly title: string; readonly pod: string; readonly container?: string }
);
type NewTab = DockTab extends infer Tab ? (Tab extends DockTab ? Omit<Tab, 'id'> : never) : never;

export interface DockState {
  readonly tabs: readonly DockTab[];
  readonly active: string | undefined;
}

/** Each holds a connection and a buffer. */
const tabsMax = 12;
let state: DockState = { tabs: [], active: undefined };
let nextId = 1;
const listeners = new Set<() => void>();

export function useDock(): DockState {
  return useSyncExternalStore(subscribe, () => state);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Opens a tab, or goes to the one that shows the same. The oldest gives way when there are too many. */
export function openDockTab(tab: NewTab): void {
  const same = state.tabs.find((one) => JSON.stringify(one) === JSON.stringify({ id: one.id, ...tab }));
  if (same) return set({ ...state, active: same.id });
  const id = String(nextId++);
  set({ tabs: [...state.tabs, { id, ...tab } as DockTab].slice(-tabsMax), active: id });
}

export function activateDockTab(id: string): void {
  set({ ...state, active: id });
}

export function closeDockTab(id: string): void {
  const tabs = state.tabs.filter((tab) => tab.id !== id);
  set({ tabs, active: state.active === id ? tabs.at(-1)?.id : state.active });
}

function set(next: DockState): void {
  state = next;
  for (const listener of listeners) listener();
}
