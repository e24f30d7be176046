/**
 * One pod and the cluster that it comes to, as data: played with the stock scheduler what came of it is recorded, played with
 * ours it must be the same.
 */
import type { KubeObject, Node, Pod } from '@skerry/api';
import type { ResourceRef } from '@skerry/client';

export interface SchedulingCase {
  readonly name: string;
  readonly nodes: readonly Node[];
  /** What else there is, made before any pod and in this order. */
  readonly objects?: readonly (readonly [ResourceRef, KubeObject])[];
  /** Pods that have their nodes. */
  readonly running?: readonly Pod[];
  /** Those of them whose end has been asked for. */
  readonly leaving?: readonly string[];
  readonly pod: Pod;
}

export interface Outcome {
  /** What condition PodScheduled said first, if it was no. */
  readonly refused?: { readonly reason: string; readonly message: string };
  /** Where it was bound, if only one node could take it. */
  readonly node?: string;
  /** Cleared by preemption, and whose end was asked for. */
  readonly nominated?: string;
  readonly victims?: readonly string[];
  /** By node and plug-in, weighted, where several nodes could take it. */
  readonly scores?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}
