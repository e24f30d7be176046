import type { ContainerRuntime } from '#runtime.ts';
import { label } from '#pods/labels.ts';

/** Ends and removes every pod that an agent made on this runtime: for a machine that leaves its cluster. */
export async function removePods(
  runtime: Pick<ContainerRuntime, 'listSandboxes' | 'stopSandbox' | 'removeSandbox'>,
): Promise<void> {
  const sandboxes = await runtime.listSandboxes();
  const ours = sandboxes.filter(({ labels }) => label.podUid in labels);
  await Promise.all(
    ours.map(async ({ id }) => {
      await runtime.stopSandbox(id);
      await runtime.removeSandbox(id);
    }),
  );
}
