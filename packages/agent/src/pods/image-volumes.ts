/**
 * Volumes that are the files of an image. Their images are pulled as a container's are, with the same policies, back-off
 * and reasons, before the first container that mounts one starts.
 * https://kubernetes.io/docs/tasks/configure-pod-container/image-volumes/
 */
import type { Secret } from '@skerry/api';
import { mountsUnder } from '#machine/mounts.ts';
import type { StartRequest } from '#pods/container-starter.ts';
import type { PodContext } from '#pods/context.ts';

export interface ImageVolumesRequest extends Pick<
  StartRequest,
  'pod' | 'container' | 'volumes' | 'sandboxConfig' | 'signal'
> {
  /** What the pod may pull images with. */
  readonly secrets: readonly Secret[];
}

/** Mounts those of a container that are not there yet. @throws ImageError */
export async function mountImageVolumes(
  { puller, runtime, hostAccess }: Pick<PodContext, 'puller' | 'runtime' | 'hostAccess'>,
  { pod, container, volumes, sandboxConfig, secrets, signal }: ImageVolumesRequest,
): Promise<void> {
  const mounted = new Set(container.volumeMounts?.map(({ name }) => name));
  for (const { name, image } of pod.spec?.volumes ?? []) {
    const path = volumes.get(name);
    if (!image || !mounted.has(name) || path === undefined) continue;
    if (hostAccess && (await mountsUnder(path)).length > 0) continue;
    const wanted = { name: container.name, image: image.reference, imagePullPolicy: image.pullPolicy };
    const { id } = await puller.ensure(pod, wanted, { secrets, sandbox: sandboxConfig, signal });
    await runtime.mountImage(id, path);
  }
}
