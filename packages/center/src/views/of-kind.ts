/** The cache of a resource hands over objects of its kind; who names the resource names the kind. */
import type { AnyObject, KubeObject } from '@skerry/api';
import type { StateCell } from '#cache/item.ts';
import type { ViewKind } from '#views/view-kind.ts';

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- callers name the kind that `fn` is handed.
export function typed<T extends KubeObject>(
  fn: (object: T, nowMs: number) => StateCell | undefined,
): ViewKind['state'] {
  return (object, nowMs) => fn(object as unknown as T, nowMs);
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as for `typed`.
export const as = <T extends KubeObject>(object: AnyObject) => object as unknown as T;
