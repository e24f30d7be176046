/**
 * What a new template changes on a pod that stays: the images of its containers, and labels and annotations. Anything else
 * needs a new pod. A container that reads a changed label or annotation into its environment is started anew.
 */
import type { Container, ControllerRevision, PodTemplateSpec } from '@skerry/api';
import { isSame } from '#runtime/canonical.ts';

export interface InPlaceChange {
  /** By the name of the container. */
  readonly images: Readonly<Record<string, string>>;
  /** As a merge patch has them: null takes away. */
  readonly labels: Readonly<Record<string, string | null>>;
  readonly annotations: Readonly<Record<string, string | null>>;
  /** Names of containers that have read what changes. */
  readonly readers: readonly string[];
}

export function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { spec } = (data ?? {}) as { spec?: { template?: PodTemplateSpec & { $patch?: string } } };
  const { $patch: _, ...template } = spec?.template ?? {};
  return template;
}

/** Undefined where the pod must be made anew. */
export function inPlaceChange(old: PodTemplateSpec, next: PodTemplateSpec): InPlaceChange | undefined {
  const containers = next.spec?.containers ?? [];
  const oldContainers = old.spec?.containers ?? [];
  const images: Record<string, string> = {};
  for (const [index, { name, image }] of containers.entries()) {
    const was = oldContainers[index];
    if (was?.name !== name || was.image === image) continue;
    // An image that somebody else fills in is no change of one.
    if (!was.image || !image) return undefined;
    images[name] = image;
  }
  if (!isSame(withoutImages(old, images), withoutImages(next, images))) return undefined;
  const labels = difference(old.metadata?.labels, next.metadata?.labels);
  const annotations = difference(old.metadata?.annotations, next.metadata?.annotations);
  const changed = [
    ...Object.keys(labels).map((key) => `metadata.labels['${key}']`),
    ...Object.keys(annotations).map((key) => `metadata.annotations['${key}']`),
  ];
  const readers = containers.filter((container) => changed.some((path) => readsField(container, path)));
  return { images, labels, annotations, readers: readers.map(({ name }) => name) };
}

function withoutImages({ metadata, spec }: PodTemplateSpec, images: Readonly<Record<string, string>>) {
  const { labels: _labels, annotations: _annotations, ...otherMetadata } = metadata ?? {};
  const containers = (spec?.containers ?? []).map((container) =>
    Object.hasOwn(images, container.name) ? { ...container, image: '' } : container,
  );
  return { metadata: otherMetadata, spec: { ...spec, containers } };
}

function difference(
  old: Readonly<Record<string, string>> = {},
  next: Readonly<Record<string, string>> = {},
): Record<string, string | null> {
  const changed: Record<string, string | null> = {};
  for (const key of Object.keys(old)) if (!Object.hasOwn(next, key)) changed[key] = null;
  for (const [key, value] of Object.entries(next)) if (old[key] !== value) changed[key] = value;
  return changed;
}

function readsField({ env = [] }: Container, path: string): boolean {
  return env.some(({ valueFrom }) => valueFrom?.fieldRef?.fieldPath === path);
}
