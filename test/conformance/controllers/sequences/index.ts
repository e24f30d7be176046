import type { Sequence } from '../sequence.ts';
import { deploymentSequences } from './deployments.ts';
import { jobSequences } from './jobs.ts';
import { policySequences } from './policy.ts';
import { nodeSequences } from './nodes.ts';
import { setSequences } from './sets.ts';
import { housekeepingSequences } from './housekeeping.ts';
import { placementSequences } from './placement.ts';
import { volumeSequences } from './volumes.ts';

export const sequences: readonly Sequence[] = [
  ...deploymentSequences,
  ...setSequences,
  ...jobSequences,
  ...policySequences,
  ...volumeSequences,
  ...placementSequences,
  ...nodeSequences,
  ...housekeepingSequences,
];
