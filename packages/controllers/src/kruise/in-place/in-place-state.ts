/**
 * How far the update of a pod in place is, noted on the pod in OpenKruise's form. Containers are changed in batches by their
 * priority, the highest first; the next batch waits until the containers of the last one are ready.
 */
import { normalizeImageReference, parseImageReference } from '@skerry/api';
import type { Container, ContainerStatus, Pod } from '@skerry/api';
import type { InPlaceChange } from '#kruise/in-place/in-place-change.ts';
import { timestamp } from '#runtime/status.ts';

export const inPlaceStateAnnotation = 'apps.kruise.io/inplace-update-state';
/** Closed while an update in place is under way. */
export const inPlaceGate = 'InPlaceUpdateReady';
const priorityVariable = 'KRUISE_CONTAINER_PRIORITY';

interface LastStatus {
  imageID?: string;
  /** Of ours; OpenKruise notes the image alone. */
  containerID?: string;
}

export interface InPlaceState {
  revision: string;
  updateTimestamp: string;
  /** As it was before, by the name of the container: when the update is done, what is told here has changed. */
  lastContainerStatuses?: Record<string, LastStatus>;
  updateImages?: boolean;
  /** Asks the node to start containers anew whose environment has read a label or annotation as it was before. */
  updateEnvFromMetadata?: boolean;
  /** What is left for later batches. */
  nextContainerImages?: Record<string, string>;
  preCheckBeforeNext?: { containersRequiredReady?: string[] };
  containerBatchesRecord?: { timestamp: string; containers: string[] }[];
}

export function hasInPlaceGate({ spec }: Pod): boolean {
  return spec?.readinessGates?.some(({ conditionType }) => conditionType === inPlaceGate) ?? false;
}

export function inPlaceCondition({ status }: Pod) {
  return status?.conditions?.find(({ type }) => type === inPlaceGate);
}

/** Undefined where there is none, or none that can be read. */
export function inPlaceStateOf({ metadata }: Pod): InPlaceState | undefined {
  const text = metadata.annotations?.[inPlaceStateAnnotation];
  if (!text) return undefined;
  try {
    const state: unknown = JSON.parse(text);
    return typeof state === 'object' && state !== null ? (state as InPlaceState) : undefined;
  } catch {
    return undefined;
  }
}

/** Of an update that begins now. The containers that have read what changes are started anew with the first batch. */
export function newState(pod: Pod, options: NewStateOptions): InPlaceState {
  const { revision, change, nowMs } = options;
  const isReader = ({ name }: { name: string }) =>
    change.readers.includes(name) && change.images[name] === undefined;
  const readers = (pod.status?.containerStatuses ?? []).filter(isReader);
  return {
    revision,
    updateTimestamp: timestamp(nowMs),
    ...(Object.keys(change.images).length > 0 ? { updateImages: true } : {}),
    ...(change.readers.length > 0 ? { updateEnvFromMetadata: true } : {}),
    lastContainerStatuses: Object.fromEntries(
      readers.map(({ name, containerID }) => [name, { containerID }]),
    ),
  };
}

export interface NewStateOptions {
  readonly revision: string;
  readonly change: InPlaceChange;
  readonly nowMs: number;
}

/** A copy of the pod with the next batch of images, and with what is left to do noted on it. */
export function withNextBatch(
  pod: Pod,
  { images, state, nowMs }: { images: Readonly<Record<string, string>>; state: InPlaceState; nowMs: number },
): Pod {
  const copy = structuredClone(pod);
  const containers = copy.spec?.containers ?? [];
  const batch = batchOf(containers, images);
  const left: Record<string, string> = {};
  const last = { ...state.lastContainerStatuses };
  for (const container of containers) {
    const image = images[container.name];
    if (image === undefined) continue;
    if (!batch.includes(container.name)) {
      left[container.name] = image;
      continue;
    }
    container.image = image;
    const status = pod.status?.containerStatuses?.find(({ name }) => name === container.name);
    if (status) last[container.name] = { imageID: status.imageID, containerID: status.containerID };
  }
  const { preCheckBeforeNext: _, nextContainerImages: __, ...kept } = state;
  const isLast = Object.keys(left).length === 0;
  const next: InPlaceState = {
    ...kept,
    lastContainerStatuses: last,
    ...(isLast ? {} : { nextContainerImages: left, preCheckBeforeNext: { containersRequiredReady: batch } }),
    containerBatchesRecord: [
      ...(state.containerBatchesRecord ?? []),
      { timestamp: timestamp(nowMs), containers: batch },
    ],
  };
  copy.metadata.annotations = {
    ...copy.metadata.annotations,
    [inPlaceStateAnnotation]: JSON.stringify(next),
  };
  return copy;
}

/** Containers without a priority come with the first batch. */
function batchOf(containers: readonly Container[], images: Readonly<Record<string, string>>): string[] {
  const changed = containers.filter(({ name }) => images[name] !== undefined);
  const priorities = changed.map(priorityOf).filter((priority) => priority !== undefined);
  const highest = priorities.length > 0 ? Math.max(...priorities) : undefined;
  const isDue = (container: Container) => [undefined, highest].includes(priorityOf(container));
  return changed
    .filter(isDue)
    .map(({ name }) => name)
    .sort();
}

function priorityOf({ env = [] }: Container): number | undefined {
  const value = env.find(({ name }) => name === priorityVariable)?.value;
  return value !== undefined && /^-?\d+$/.test(value) ? Number(value) : undefined;
}

export type InPlaceProgress =
  | { readonly type: 'done' }
  | { readonly type: 'waiting' }
  /** The next batch may begin. */
  | { readonly type: 'next'; readonly images: Readonly<Record<string, string>> };

/** Of a pod as the API has it, spec and status. */
export function progressOf(pod: Pod): InPlaceProgress {
  const state = inPlaceStateOf(pod);
  if (!state) return { type: 'done' };
  const statuses = new Map((pod.status?.containerStatuses ?? []).map((status) => [status.name, status]));
  for (const [name, last] of Object.entries(state.lastContainerStatuses ?? {})) {
    const status = statuses.get(name);
    // One that is about to be made has no image yet.
    if (!status?.imageID) return { type: 'waiting' };
    const wanted = pod.spec?.containers.find((container) => container.name === name)?.image;
    if (!hasChanged(status, last, wanted)) return { type: 'waiting' };
  }
  const images = state.nextContainerImages ?? {};
  if (Object.keys(images).length === 0) return { type: 'done' };
  const required = state.preCheckBeforeNext?.containersRequiredReady ?? [];
  const areReady = required.every((name) => statuses.get(name)?.ready);
  return areReady ? { type: 'next', images } : { type: 'waiting' };
}

/**
 * Whether the container is another than before. Its own id tells where it is noted, and so does the id of its image; of two
 * names for one image only the name under which it runs does.
 */
function hasChanged(status: ContainerStatus, last: LastStatus, wanted: string | undefined): boolean {
  if (last.imageID !== undefined && status.imageID !== last.imageID) return true;
  return last.containerID === undefined
    ? isSameImage(status.image, wanted)
    : status.containerID !== last.containerID;
}

function isSameImage(a = '', b = ''): boolean {
  const fullName = (name: string) => (parseImageReference(name) ? normalizeImageReference(name) : name);
  return fullName(a) === fullName(b);
}
