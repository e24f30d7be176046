import type { KubeObject } from '@skerry/api';
import type { Cell } from '#contract/index.ts';
import type { Facts } from '#cache/facts.ts';

/**
 * What the center keeps of an object: what columns show, filters ask and rules weigh, and nothing else. It carries its
 * metadata as Kubernetes does, so that an informer can hold it.
 */
export interface Item extends KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    resourceVersion?: string;
    /** RFC 3339. */
    readonly creationTimestamp?: string;
    readonly labels?: Record<string, string>;
  };
  /** By the stored columns of the resource's view. */
  readonly cells: readonly Cell[];
  readonly state?: StateCell;
  readonly facts?: Facts;
}

export type StateCell = Extract<Cell, { readonly state: string }>;
