/**
 * Resizes one running pod in place: takes on what its spec asks for as soon as the node has room, tells the kernel, and
 * says so in the conditions, events and wording of the kubelet. What was taken on is read back from the pod's status after
 * a restart of the agent; telling the kernel twice does no harm.
 * https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/#pod-resize-status
 */
import {
  type Container,
  type Pod,
  type PodCondition,
  type ResourceRequirements,
  timeText,
} from '@skerry/api';
import { describeError } from '@skerry/base';
import type { PodContext } from '#pods/context.ts';
import { allContainers, initContainers, mainContainers } from '#pods/labels.ts';
import { containerResources, podCgroup, podCgroupResources } from '#pods/resources.ts';
import { isRunning, latestContainer, type RuntimePod } from '#pods/runtime-pod.ts';
import {
  differ,
  largerOf,
  memoryLimit,
  reportedSizes,
  resizeStep,
  sameSize,
  type Sizes,
  sizesOf,
  withSizes,
} from '#pods/sizes.ts';
import type { ContainerStatus } from '#runtime.ts';

type ResizeContext = Pick<PodContext, 'admit' | 'cgroupRoot' | 'clock' | 'events' | 'memoryCapacityBytes'> & {
  readonly cgroups: Pick<PodContext['cgroups'], 'ensure'>;
  readonly runtime: Pick<PodContext['runtime'], 'updateContainerResources' | 'listContainerStats'>;
};

export class PodResizer {
  readonly #context: ResizeContext;
  #taken: Sizes;
  /** By container id: what the kernel was last told. */
  readonly #told = new Map<string, ResourceRequirements>();
  #pending: PodCondition | undefined;
  #inProgress: PodCondition | undefined;

  constructor(pod: Pod, context: ResizeContext) {
    this.#context = context;
    this.#taken = reportedSizes(pod);
    const said = (type: string) => pod.status?.conditions?.find((condition) => condition.type === type);
    this.#pending = said('PodResizePending');
    this.#inProgress = said('PodResizeInProgress');
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
    for (const { containerID, resources } of [...containerStatuses, ...initContainerStatuses])
      if (containerID && resources) this.#told.set(containerID.replace(/^.*:\/\//, ''), resources);
  }

  /** The pod as this node has taken it on. */
  taken(pod: Pod): Pod {
    return withSizes(pod, this.#taken);
  }

  /** It asks for more than the node has room for now. */
  get isPending(): boolean {
    return this.#pending !== undefined;
  }

  get conditions(): readonly PodCondition[] {
    return [this.#pending, this.#inProgress].filter((condition) => condition !== undefined);
  }

  /** A pod that has not begun is taken on as it is; one that runs, where there is room. Answers whether that changed something. */
  consider(asked: Pod, runtime: RuntimePod | undefined): boolean {
    this.#follow(runtime);
    const wanted = sizesOf(asked);
    if (!differ(wanted, this.#taken)) {
      this.#pending = undefined;
      return false;
    }
    if (!runtime?.containers.length) {
      this.#taken = wanted;
      return true;
    }
    const refusal = this.#context.admit(asked);
    if (refusal) {
      this.#wait(asked, refusal.message);
      return false;
    }
    this.#taken = wanted;
    this.#pending = undefined;
    this.#inProgress = this.#condition(asked, 'PodResizeInProgress', {});
    this.#context.events.normal({ pod: asked }, 'ResizeStarted', `Pod resize started: ${summary(asked)}`);
    return true;
  }

  /** A container was started, with what had been taken on. */
  started(id: string, { resources = {} }: Container): void {
    this.#told.set(id, resources);
  }

  /** What the kernel was told of a running container. */
  sizeOf(status: ContainerStatus): ResourceRequirements | undefined {
    return this.#told.get(status.id) ?? this.#taken.get(status.name);
  }

  /** Whether this container has to be made anew to get its size. */
  needsRestart(container: Container, status: ContainerStatus): boolean {
    return this.#stepOf(container, status) === 'restart';
  }

  /**
   * Tells the kernel what may be told while containers run; the pod's own limits are at first those under which both fit.
   * Answers false where that has to be tried again.
   */
  async enlarge(pod: Pod, runtime: RuntimePod | undefined): Promise<boolean> {
    if (!this.#inProgress) return true;
    const updates = this.#updates(pod, runtime);
    try {
      await this.#checkUsage(updates);
      await this.#setGroup(
        pod,
        largerOf(podCgroupResources(this.#toldPod(pod, runtime)), podCgroupResources(pod)),
      );
      const { memoryCapacityBytes, runtime: containers } = this.#context;
      for (const { container, status } of updates) {
        const resources = containerResources(pod, container, { memoryCapacityBytes });
        await containers.updateContainerResources(status.id, resources);
        this.#told.set(status.id, container.resources ?? {});
      }
      return true;
    } catch (error) {
      this.#fail(pod, describeError(error));
      return false;
    }
  }

  /** Once everything runs with its size, the pod's own limits follow, and the resize is over. */
  async settle(pod: Pod, runtime: RuntimePod | undefined): Promise<void> {
    if (!this.#inProgress || this.#isUnderWay(pod, runtime)) return;
    await this.#setGroup(pod, podCgroupResources(pod));
    const asked = { ...pod, metadata: { ...pod.metadata, generation: this.#inProgress.observedGeneration } };
    this.#inProgress = undefined;
    this.#context.events.normal({ pod }, 'ResizeCompleted', `Pod resize completed: ${summary(asked)}`);
  }

  /** A container that nothing is known of was started by a former agent, with what was taken on until now. */
  #follow(runtime: RuntimePod | undefined): void {
    const containers = runtime?.containers ?? [];
    for (const { id, name } of containers) {
      const taken = this.#taken.get(name);
      if (taken && !this.#told.has(id)) this.#told.set(id, taken);
    }
    for (const id of this.#told.keys())
      if (!containers.some((container) => container.id === id)) this.#told.delete(id);
  }

  #wait(asked: Pod, message: string): void {
    const before = this.#pending;
    const generation = asked.metadata.generation;
    this.#pending = this.#condition(asked, 'PodResizePending', { reason: 'Deferred', message }, before);
    if (before?.reason === 'Deferred' && before.observedGeneration === generation) return;
    this.#context.events.warning(
      { pod: asked },
      'ResizeDeferred',
      `Pod resize Deferred: ${summary(asked, message)}`,
    );
  }

  #fail(pod: Pod, message: string): void {
    const before = this.#inProgress;
    this.#inProgress = {
      ...this.#condition(pod, 'PodResizeInProgress', { reason: 'Error', message }, before),
      observedGeneration: before?.observedGeneration,
    };
    if (before?.message === message) return;
    this.#context.events.warning({ pod }, 'ResizeError', `Pod resize error: ${summary(pod, message)}`);
  }

  #condition(
    pod: Pod,
    type: string,
    why: Pick<PodCondition, 'reason' | 'message'>,
    before?: PodCondition,
  ): PodCondition {
    const now = timeText(this.#context.clock.now());
    return {
      type,
      status: 'True',
      ...why,
      lastProbeTime: before?.message === why.message && before?.lastProbeTime ? before.lastProbeTime : now,
      lastTransitionTime: before?.reason === why.reason ? (before?.lastTransitionTime ?? now) : now,
      observedGeneration: pod.metadata.generation,
    };
  }

  #stepOf(container: Container, status: ContainerStatus) {
    const told = this.#told.get(status.id);
    return told && resizeStep(container, told, container.resources ?? {});
  }

  /** Those that get less memory first, so that the others fit. */
  #updates(pod: Pod, runtime: RuntimePod | undefined): Update[] {
    const found = allContainers(pod).flatMap((container) => {
      const status = latestContainer(runtime, container.name);
      if (!status || !isRunning(status) || this.#stepOf(container, status) !== 'update') return [];
      const before = memoryLimit(this.#told.get(status.id));
      const after = memoryLimit(container.resources);
      const isShrinking = after !== undefined && (before === undefined || after < before);
      return [{ container, status, isShrinking }];
    });
    return found.toSorted((a, b) => Number(b.isShrinking) - Number(a.isShrinking));
  }

  /** The kernel would end a container that uses more than it may. */
  async #checkUsage(updates: readonly Update[]): Promise<void> {
    const shrinking = updates.filter(({ isShrinking }) => isShrinking);
    if (shrinking.length === 0) return;
    const stats = await this.#context.runtime.listContainerStats();
    const faults = shrinking.flatMap(({ container, status }) => {
      const limit = memoryLimit(container.resources) ?? 0;
      const usage = stats.find(({ id }) => id === status.id)?.memory?.usageBytes;
      if (usage === undefined || usage < limit) return [];
      return [
        `attempting to set container "${container.name}" memory limit (${limit}) below current usage (${usage})`,
      ];
    });
    if (faults.length === 0) return;
    const text = faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`;
    throw new Error(`cannot decrease memory limits: ${text}`);
  }

  #isUnderWay(pod: Pod, runtime: RuntimePod | undefined): boolean {
    return allContainers(pod).some((container) => {
      const status = latestContainer(runtime, container.name);
      const told = status && isRunning(status) ? this.#told.get(status.id) : undefined;
      return told !== undefined && this.#taken.has(container.name) && !sameSize(told, container.resources);
    });
  }

  #toldPod(pod: Pod, runtime: RuntimePod | undefined): Pod {
    const told = allContainers(pod).flatMap((container) => {
      const size = this.#told.get(latestContainer(runtime, container.name)?.id ?? '');
      return size ? [[container.name, size] as const] : [];
    });
    return withSizes(pod, new Map([...this.#taken, ...told]));
  }

  async #setGroup(pod: Pod, resources: ReturnType<typeof podCgroupResources>): Promise<void> {
    const { cgroups, cgroupRoot } = this.#context;
    await cgroups.ensure(podCgroup(cgroupRoot, pod), resources);
  }
}

interface Update {
  readonly container: Container;
  readonly status: ContainerStatus;
  readonly isShrinking: boolean;
}

/** As events of a resize carry it. */
function summary(pod: Pod, error?: string): string {
  const sizes = (containers: readonly Container[]) =>
    containers.map(({ name, resources: { limits, requests } = {} }) => ({
      name,
      resources: { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) },
    }));
  const initial = sizes(initContainers(pod));
  return JSON.stringify({
    ...(initial.length > 0 ? { initContainers: initial } : {}),
    containers: sizes(mainContainers(pod)),
    generation: pod.metadata.generation ?? 0,
    ...(error ? { error } : {}),
  });
}
