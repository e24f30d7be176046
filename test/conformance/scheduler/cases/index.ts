import type { SchedulingCase } from '../case.ts';
import { neighbourCases } from './neighbours.ts';
import { nodeCases } from './nodes.ts';
import { preemptionCases } from './preemption.ts';
import { resourceCases } from './resources.ts';
import { volumeCases } from './volumes.ts';

export const cases: readonly SchedulingCase[] = [
  ...nodeCases,
  ...resourceCases,
  ...neighbourCases,
  ...volumeCases,
  ...preemptionCases,
];
