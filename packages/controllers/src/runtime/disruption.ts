import type { Pod, PodCondition } from '@skerry/api';
import { withCondition } from '#runtime/status.ts';

/** The pod's conditions with the one that says that it is being taken away, and why. */
export function disruptionOf(
  { metadata, status }: Pod,
  why: { readonly reason: string; readonly message: string },
  nowMs: number,
): PodCondition[] {
  const condition: PodCondition = {
    type: 'DisruptionTarget',
    observedGeneration: metadata.generation,
    status: 'True',
    ...why,
  };
  return withCondition(status?.conditions, condition, nowMs);
}
