import type { Measurement } from './figure.ts';
import type { SharedCluster } from './shared-cluster.ts';

export interface BenchContext {
  /** Small sizes and few runs. */
  readonly quick: boolean;
  /** How many simulated nodes; the group's own number unless given. */
  readonly nodes?: number;
  /** A cluster of three regions, shared by the groups that need one. */
  readonly cluster: SharedCluster;
  /** Said while measuring, on standard error. */
  readonly note: (text: string) => void;
}

/** Measures and answers its figures. Everything that it starts has ended when it returns. */
export type BenchGroup = (context: BenchContext) => Promise<Measurement[]>;
