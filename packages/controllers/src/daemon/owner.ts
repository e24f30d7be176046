import type { Revisioned } from '#runtime/revision-history.ts';

/** What a set of daemon pods is, whoever's kind it is: the built-in DaemonSet and OpenKruise's are both one. */
export interface DaemonOwner extends Revisioned {
  spec?: NonNullable<Revisioned['spec']> & { minReadySeconds?: number };
}
