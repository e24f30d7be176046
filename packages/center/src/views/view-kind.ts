/**
 * How a resource is shown: its columns, its state, what is derived from it, and what can be done to its objects.
 *
 * A column's cell is either made when the object comes in and kept (`cell`), or worked out when it is asked for (`derive`),
 * where it depends on other objects or on the time.
 */
import type { AnyObject } from '@skerry/api';
import type { ResourceRef } from '@skerry/client';
import type { Cell, Column } from '#contract/index.ts';
import type { Facts } from '#cache/facts.ts';
import type { Interner } from '#cache/interner.ts';
import type { Item, StateCell } from '#cache/item.ts';
import type { Workload } from '#cache/workload-of.ts';

export interface Place {
  readonly region: string;
  readonly pool: string;
}

/** What other objects say about the one that is shown. */
export interface ViewContext {
  readonly nowMs: number;
  readonly placeOf: (item: Item) => Place | undefined;
  /** The state as it is shown: of a pod whose node is out of reach, as it was last seen. */
  readonly stateOf: (item: Item) => StateCell | undefined;
  /** Pods of a node, and what they take of it. */
  readonly loadOf: (node: string) => NodeLoad | undefined;
  /** Pools that pods of a workload are in, the one with most first. */
  readonly spreadOf: (workload: Workload) => readonly PoolCount[];
}

export interface PoolCount {
  readonly pool: string;
  readonly pods: number;
}

export interface NodeLoad {
  readonly pods: number;
  /** By resource, as `resourceAmounts` counts. */
  readonly requested: ReadonlyMap<string, number>;
}

export interface ViewColumn extends Column {
  /** Counted as a facet: few values, many objects. */
  readonly facet?: boolean;
  /** Made of the whole object, once, and kept in the item's cells. */
  readonly cell?: (object: AnyObject, nowMs: number) => Cell;
  readonly derive: (item: Item, context: ViewContext) => Cell;
}

/** Columns as they are declared: each makes its cell or derives it. */
export type DeclaredColumn =
  | ViewColumn
  | (Omit<ViewColumn, 'derive' | 'cell'> & {
      readonly cell: NonNullable<ViewColumn['cell']>;
      readonly derive?: undefined;
    });

/** Gives kept cells their place, in the order of the columns. */
export function arranged(columns: readonly DeclaredColumn[]): ViewColumn[] {
  let kept = 0;
  return columns.map((column): ViewColumn => {
    if (column.derive) return column;
    const place = kept++;
    return { ...column, derive: (item) => item.cells[place] ?? null };
  });
}

/** What a caller may do to a row, and the right that it takes. */
export interface RowAction {
  readonly id: string;
  readonly verb: string;
  readonly subresource?: string;
  /** Where the right is to another resource: logs of a Deployment are those of pods. */
  readonly of?: { readonly group: string; readonly resource: string };
  /** Absent: for all objects of the resource. */
  readonly applies?: (item: Item) => boolean;
}

export interface ViewKind {
  readonly ref: ResourceRef;
  readonly columns: readonly ViewColumn[];
  /** Where it is: on a node, or a place of its own. Absent: nowhere in particular. */
  readonly placed?: 'node' | 'own';
  readonly state?: (object: AnyObject, nowMs: number) => StateCell | undefined;
  readonly facts?: (object: AnyObject, interner: Interner) => Facts | undefined;
  readonly actions: readonly RowAction[];
  /** Whether it keeps pods, whose pools it is shown with. */
  readonly spread?: boolean;
  /** Whether the API server makes the cells, as a Table: of custom resources, and of Secrets, whose values stay there. */
  readonly fromTable?: boolean;
}
