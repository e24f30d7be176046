/** What a pod leaves behind at the runtime and on the disk: containers that have ended, their logs, old sandboxes. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '@skerry/api';
import type { PodContext } from '#pods/context.ts';
import { containersOf, isRunning, type RuntimePod } from '#pods/runtime-pod.ts';
import { podLogDirectory } from '#pods/sandbox-config.ts';

type Places = Pick<PodContext, 'runtime' | 'logRoot'>;

/** Everything, of a pod whose object has gone. */
export async function removeRemains(
  { runtime, logRoot }: Places,
  pod: Pod,
  remains: RuntimePod | undefined,
): Promise<void> {
  for (const { id } of remains?.containers ?? []) await runtime.removeContainer(id);
  for (const { id } of remains?.sandboxes ?? []) await runtime.removeSandbox(id);
  await rm(podLogDirectory(logRoot, pod), { recursive: true, force: true });
}

/**
 * Keeps each container's newest and the one before it; older sandboxes go when nothing is in them. Answers the containers
 * that were removed.
 */
export async function removeOld(
  { runtime, logRoot }: Places,
  pod: Pod,
  remains: RuntimePod | undefined,
): Promise<string[]> {
  const names = new Set(remains?.containers.map(({ name }) => name));
  const old = [...names]
    .flatMap((name) => containersOf(remains, name).slice(2))
    .filter((container) => !isRunning(container));
  for (const container of old) {
    await runtime.removeContainer(container.id);
    await rm(join(podLogDirectory(logRoot, pod), container.name, `${container.attempt}.log`), {
      force: true,
    });
  }
  const removed = new Set(old.map(({ id }) => id));
  for (const sandbox of remains?.sandboxes.slice(1) ?? []) {
    const used = remains?.containers.some(
      ({ id, sandboxId }) => sandboxId === sandbox.id && !removed.has(id),
    );
    if (!sandbox.ready && !used) await runtime.removeSandbox(sandbox.id);
  }
  return [...removed];
}
