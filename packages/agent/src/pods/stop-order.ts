import type { Pod } from '@skerry/api';
import { initContainers, isSidecar } from '#pods/labels.ts';
import type { ContainerStatus } from '#runtime.ts';

/**
 * Of what runs in a pod that is to end, what is stopped now: main containers together; when they have ended, sidecars one by
 * one, the last that was started first.
 */
export function nextToStop(pod: Pod, running: readonly ContainerStatus[]): readonly ContainerStatus[] {
  const sidecars = initContainers(pod)
    .filter(isSidecar)
    .map(({ name }) => name);
  const mains = running.filter(({ name }) => !sidecars.includes(name));
  if (mains.length > 0) return mains;
  return running.toSorted((a, b) => sidecars.indexOf(b.name) - sidecars.indexOf(a.name)).slice(0, 1);
}
