import type { Sequence } from '../sequence.ts';
import { deploymentSequences } from './deployments.ts';
import { jobSequences } from './jobs.ts';
import { policySequences } from './policy.ts';
import { setSequences } from './sets.ts';

export const sequences: readonly Sequence[] = [
  ...deploymentSequences,
  ...setSequences,
  ...jobSequences,
  ...policySequences,
];
