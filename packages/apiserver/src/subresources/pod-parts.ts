import type { AnyObject } from '@skerry/api';
import type { UpdatedPart } from '#registry/update.ts';

interface Container {
  name?: string;
  resources?: unknown;
  resizePolicy?: unknown;
}

interface PodSpec {
  containers?: Container[];
  initContainers?: Container[];
  ephemeralContainers?: unknown;
  resources?: unknown;
}

/** The two doors to what a running pod may still change: debug containers, and the resources of its containers. */
export function podPart(name: 'ephemeralcontainers' | 'resize'): UpdatedPart {
  return {
    part: 'raw',
    keep(next, old) {
      const wanted = specOf(next);
      const spec = structuredClone(specOf(old));
      if (name === 'ephemeralcontainers') {
        spec.ephemeralContainers = wanted.ephemeralContainers;
      } else {
        spec.containers = resized(spec.containers, wanted.containers);
        if (spec.initContainers) spec.initContainers = resized(spec.initContainers, wanted.initContainers);
        if (wanted.resources !== undefined) spec.resources = wanted.resources;
      }
      next.spec = spec;
      next.status = old.status;
    },
  };
}

function specOf(pod: AnyObject): PodSpec {
  return (pod.spec ?? {}) as PodSpec;
}

function resized(old: readonly Container[] = [], wanted: readonly Container[] = []): Container[] {
  // Who adds or removes some, or gives them other names, is told so by validation.
  const sameNames =
    old.length === wanted.length && old.every(({ name }, index) => name === wanted[index]?.name);
  if (!sameNames) return [...wanted];
  return old.map((container) => {
    const match = wanted.find(({ name }) => name === container.name);
    if (!match) return container;
    return {
      ...container,
      resources: match.resources,
      ...(match.resizePolicy === undefined ? {} : { resizePolicy: match.resizePolicy }),
    };
  });
}
