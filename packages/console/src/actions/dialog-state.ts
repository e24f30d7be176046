/** The one dialog that asks before something is done; whoever offers an action opens it here. */
import { useSyncExternalStore } from 'react';
import type { ActionId, KindEntry } from '#kinds/kind.ts';

export interface Target {
  readonly name: string;
  readonly namespace?: string | undefined;
}

export interface ActionDialog {
  readonly action: Extract<
    ActionId,
    | 'delete'
    | 'scale'
    | 'restart'
    | 'history'
    | 'labels'
    | 'drain'
    | 'autonomy'
    | 'cordon'
    | 'uncordon'
    | 'pause'
    | 'resume'
    | 'suspend'
    | 'unsuspend'
    | 'runNow'
  >;
  readonly cluster: string;
  readonly kind: KindEntry;
  readonly targets: readonly Target[];
  /** After it is done: leave the screen of what is no more. */
  readonly onDone?: () => void;
}

let current: ActionDialog | undefined;
const listeners = new Set<() => void>();

export function openActionDialog(dialog: ActionDialog): void {
  set(dialog);
}

export function closeActionDialog(): void {
  set(undefined);
}

export function useActionDialog(): ActionDialog | undefined {
  return useSyncExternalStore(subscribe, () => current);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function set(dialog: ActionDialog | undefined): void {
  current = dialog;
  for (const listener of listeners) listener();
}
