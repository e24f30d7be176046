/**
 * What a user does with workloads, step by step, and when the state of it all is looked at. Played against the stock
 * controllers the looks are recorded; played against ours they are waited for.
 */
import type { KubeObject } from '@skerry/api';
import type { ResourceRef } from '@skerry/client';

/**
 * In every text of an object, a patch or a name, `~` is the sequence's own prefix: what is in no namespace is named with it;
 * `<namespace>` is its namespace.
 */
export interface Stage {
  create(ref: ResourceRef, object: KubeObject): Promise<void>;
  /** A merge patch, of the subresource where one is named. */
  merge(ref: ResourceRef, name: string, patch: object, subresource?: string): Promise<void>;
  remove(ref: ResourceRef, name: string, propagation?: 'Foreground' | 'Background' | 'Orphan'): Promise<void>;
  removeNamespace(): Promise<void>;
  /** Does what may be refused; keeps the answer for the next look. */
  ask(action: () => Promise<unknown>): Promise<void>;
  /** Asks for the eviction of the first pod by name; keeps the answer for the next look. */
  evict(labels: Readonly<Record<string, string>>): Promise<void>;
  /** Gives all pods of an image another fate, as if they had this image. */
  turn(image: string, fate: Fate): void;
  /** From now on a metric of no object has this value; without one it is unknown. */
  measure(metric: string, value?: string): void;
  /** Waits for the next second: what is made after it is younger, by the clock of the API, than what was made before. */
  later(): Promise<void>;
  /**
   * The state of the sequence's objects once it is steady: for `steadyMs` where it is recorded, which is for what controllers
   * do only after a while.
   */
  look(label: string, options?: { readonly steadyMs?: number }): Promise<void>;
}

/**
 * What becomes of a pod, by the image of its first container: `runs` and is ready, `starts` and is not, `waits` on its node,
 * stays `unbound`, `succeeds`, `fails` with exit code 1, `breaks` with exit code 42, or is `forgotten`: its node does nothing for
 * it any more, not even when it is deleted.
 */
export type Fate = 'runs' | 'starts' | 'waits' | 'unbound' | 'succeeds' | 'fails' | 'breaks' | 'forgotten';

/** Pods that name it are given their nodes by the cluster's scheduler, all others by the player. */
export const schedulerName = 'sequences';

export interface Sequence {
  readonly name: string;
  /** Differences that are meant: `look: path` with the reason. */
  readonly known?: Readonly<Record<string, string>>;
  /** Kinds that are looked at beside those of workloads. */
  readonly looksAt?: readonly ResourceRef[];
  play(stage: Stage): Promise<void>;
}
