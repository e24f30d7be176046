/** The nodes that an ImagePullJob is about, by their NodeImages. */
import { labelSelectorFrom } from '@skerry/api';
import type { NodeImage, Pod } from '@skerry/api';
import type { Lister } from '@skerry/client';
import type { ImagePullJob } from '#kruise/kinds/image-pull.ts';
import { isActive } from '#runtime/pods.ts';

export interface Copies {
  readonly images: Lister<NodeImage>;
  readonly pods: Lister<Pod>;
}

export function targetsOf({ metadata, spec }: ImagePullJob, { images, pods }: Copies): NodeImage[] {
  const { podSelector, selector } = spec ?? {};
  const named = (names: Iterable<string>) =>
    [...new Set(names)].flatMap((name) => images.get(undefined, name) ?? []);
  if (podSelector) {
    const wanted = labelSelectorFrom(podSelector);
    const matching = pods
      .list(metadata.namespace)
      .filter((pod) => isActive(pod) && wanted.matches(pod.metadata.labels));
    return named(matching.flatMap((pod) => pod.spec?.nodeName ?? []));
  }
  if (!selector) return images.list();
  if (selector.names) return named(selector.names);
  const wanted = labelSelectorFrom(selector);
  return images.list().filter((image) => wanted.matches(image.metadata.labels));
}

/** Whether a change of this pod of the job's namespace may change what the job is about. */
export function concernsPod({ spec }: ImagePullJob, pod: Pod): boolean {
  return labelSelectorFrom(spec?.podSelector).matches(pod.metadata.labels);
}
