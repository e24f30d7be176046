/**
 * How the pods of one scheduler name are placed: which filters and scores are asked, with what weights and arguments. Without
 * one, everything is as kube-scheduler's defaults have it.
 */
import type { NodeAffinity, TopologySpreadConstraint } from '@skerry/api';
import type { PrepareFilter } from '#filters/filter.ts';
import type { PrepareScore } from '#scores/score.ts';

export interface ScoringStrategy {
  readonly type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
  readonly resources: readonly { readonly name: string; readonly weight: number }[];
  /** Utilization in percent, score from 0 to 10; ascending. */
  readonly shape?: readonly { readonly utilization: number; readonly score: number }[];
}

/** Arguments of plug-ins, by the names that their configuration has. */
export interface PluginArguments {
  readonly scoringStrategy: ScoringStrategy;
  readonly ignoredResources: ReadonlySet<string>;
  /** Groups, as `example.com`. */
  readonly ignoredResourceGroups: ReadonlySet<string>;
  readonly balancedResources: readonly string[];
  readonly hardPodAffinityWeight: number;
  readonly ignorePreferredTermsOfExistingPods: boolean;
  /** For pods without constraints of their own, over pods of the same controller; hosts and zones unless given. */
  readonly defaultConstraints?: readonly TopologySpreadConstraint[];
  /** Every pod has it beside its own. */
  readonly addedAffinity?: NodeAffinity;
  readonly bindTimeoutSeconds: number;
  readonly minCandidateNodesPercentage: number;
  readonly minCandidateNodesAbsolute: number;
}

export const defaultArguments: PluginArguments = {
  scoringStrategy: {
    type: 'LeastAllocated',
    resources: [
      { name: 'cpu', weight: 1 },
      { name: 'memory', weight: 1 },
    ],
  },
  ignoredResources: new Set(),
  ignoredResourceGroups: new Set(),
  balancedResources: ['cpu', 'memory'],
  hardPodAffinityWeight: 1,
  ignorePreferredTermsOfExistingPods: false,
  bindTimeoutSeconds: 600,
  minCandidateNodesPercentage: 10,
  minCandidateNodesAbsolute: 100,
};

export interface Profile {
  readonly schedulerName: string;
  readonly filters: readonly PrepareFilter[];
  /** Those of the filters that depend on nothing but the node itself. */
  readonly lasting: readonly PrepareFilter[];
  readonly scores: readonly (readonly [prepare: PrepareScore, weight: number])[];
  readonly preempts: boolean;
  readonly arguments: PluginArguments;
  /** 0: falls as the cluster grows. */
  readonly percentageOfNodesToScore: number;
}

export interface SchedulerConfiguration {
  readonly profiles: readonly Profile[];
  readonly podInitialBackoffSeconds: number;
  readonly podMaxBackoffSeconds: number;
  /** Of a stock file, what means nothing here. */
  readonly ignored: readonly string[];
}
