/** What pods of the cases may name; made once, since servers admit by them only a moment after they are there. */
import type { PriorityClass } from '@skerry/api';

const values = { low: 10, middle: 100, high: 1_000, patient: 1_000 };

export type PriorityClassName = keyof typeof values;

export const priorityClasses: readonly PriorityClass[] = Object.entries(values).map(([name, value]) => ({
  metadata: { name },
  value,
  ...(name === 'patient' ? { preemptionPolicy: 'Never' } : {}),
}));
