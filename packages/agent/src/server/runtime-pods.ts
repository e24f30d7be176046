/**
 * Finds pods by asking the runtime alone: its containers carry the names of pod and container as labels. So logs and exec
 * work for whatever runs here, also before the agent has read its pods again after a restart, and while the link is cut.
 */
import type { FoundContainer, FoundPod, PodLookup } from '#server/ports.ts';
import { RuntimeError, type ContainerRuntime, type ContainerSummary } from '#runtime.ts';

const podNameLabel = 'io.kubernetes.pod.name';
const podNamespaceLabel = 'io.kubernetes.pod.namespace';
const podUidLabel = 'io.kubernetes.pod.uid';

export function createRuntimePodLookup(
  runtime: Pick<ContainerRuntime, 'listSandboxes' | 'listContainers' | 'containerStatus'>,
): PodLookup {
  return {
    async find(namespace, name): Promise<FoundPod | undefined> {
      const [allSandboxes, allContainers] = await Promise.all([
        runtime.listSandboxes(),
        runtime.listContainers(),
      ]);
      const sandboxes = allSandboxes
        .filter((sandbox) => sandbox.namespace === namespace && sandbox.name === name)
        .sort((a, b) => b.createdAtMs - a.createdAtMs);
      const newest = sandboxes[0];
      const containers = allContainers.filter(
        ({ labels }) => labels[podNamespaceLabel] === namespace && labels[podNameLabel] === name,
      );
      // A pod that was deleted and made again under its name leaves things of its first life behind.
      const uid = newest?.uid ?? containers.sort(newestFirst)[0]?.labels[podUidLabel];
      if (uid === undefined) return undefined;
      const own = containers.filter(({ labels }) => labels[podUidLabel] === uid);
      return {
        uid,
        sandboxId: sandboxes.find((sandbox) => sandbox.uid === uid && sandbox.ready)?.id,
        containers: (
          await Promise.all([...Map.groupBy(own, ({ name: each }) => each).values()].map(found))
        ).filter((container) => container !== undefined),
      };
    },
  };

  async function found(attempts: ContainerSummary[]): Promise<FoundContainer | undefined> {
    const [current, before] = attempts.sort(newestFirst);
    const logPath = await logPathOf(current!.id);
    if (logPath === undefined) return undefined;
    const previousPath = before && (await logPathOf(before.id));
    return {
      name: current!.name,
      id: current!.id,
      running: current!.state === 'running',
      logPath,
      ...(before && previousPath ? { previous: { id: before.id, logPath: previousPath } } : {}),
    };
  }

  /** Undefined for a container that was removed since it was listed. */
  async function logPathOf(id: string): Promise<string | undefined> {
    try {
      return (await runtime.containerStatus(id)).logPath;
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'not-found') return undefined;
      throw error;
    }
  }
}

function newestFirst(a: ContainerSummary, b: ContainerSummary): number {
  return b.createdAtMs - a.createdAtMs || b.attempt - a.attempt;
}
