export { runScheduler, type SchedulerOptions } from './scheduler.ts';
export { scheduleOne, type Decision, type DecisionOptions } from './schedule-one.ts';
export { ConfigurationError, schedulerConfiguration } from './configuration.ts';
export type { Profile, SchedulerConfiguration } from './profile.ts';
export { Cluster, type ClusterSources, type Snapshot } from './cluster.ts';
export { podInfoOf, type PodInfo } from './pod-info.ts';
export { preempt, type Preemption } from './preemption.ts';
export { scoresOf, type ScoreName } from './scores/index.ts';
