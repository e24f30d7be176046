import { clusterExamples } from './cluster.ts';
import { coreExamples } from './core.ts';
import type { Example } from './example.ts';
import { extensionExamples } from './extension.ts';
import { networkExamples } from './network.ts';
import { podExamples } from './pod.ts';
import { resourceExamples } from './resource.ts';
import { storageExamples } from './storage.ts';
import { workloadExamples } from './workloads.ts';

/** One of every kind that is stored. */
export const examples: readonly Example[] = [
  ...podExamples,
  ...coreExamples,
  ...workloadExamples,
  ...networkExamples,
  ...storageExamples,
  ...clusterExamples,
  ...extensionExamples,
  ...resourceExamples,
];
