/**
 * Looks at the runtime once a second, or as often as that asks for, and says which pods changed, so that everyone else works on levels and no event is
 * ever needed. A container's full status is asked for once per state it is in: what ended doesn't change any more.
 */
import { describeError, sleep, type Clock, type Logger } from '@skerry/base';
import { label } from '#pods/labels.ts';
import type { RuntimePod } from '#pods/runtime-pod.ts';
import {
  RuntimeError,
  type ContainerRuntime,
  type ContainerStatus,
  type ContainerSummary,
  type SandboxStatus,
  type SandboxSummary,
} from '#runtime.ts';

export interface RuntimeObserverOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly log: Logger;
  /** A pod, by its uid, isn't what it was at the last look. */
  readonly changed: (uid: string) => void;
}

/** What every look finds of a pod. */
export interface SeenPod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly sandboxes: readonly SandboxSummary[];
  readonly containers: readonly ContainerSummary[];
}

export class RuntimeObserver {
  readonly #options: RuntimeObserverOptions;
  readonly #fingerprints = new Map<string, string>();
  readonly #containers = new Map<string, ContainerStatus>();
  readonly #sandboxes = new Map<string, SandboxStatus>();
  #seen = new Map<string, SeenPod>();
  #lastLookMs: number | undefined;
  #lastError: string | undefined;

  constructor(options: RuntimeObserverOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { runtime, clock, log } = this.#options;
    const { listEveryMs = 1_000 } = runtime;
    runtime.onChange?.(() => void this.look().catch(() => undefined), signal);
    while (!signal.aborted) {
      try {
        await this.look();
        if (this.#lastError) log.info('runtime answers again');
        this.#lastError = undefined;
      } catch (error) {
        const text = describeError(error);
        if (text !== this.#lastError) log.warn('runtime does not answer', { error: text });
        this.#lastError = text;
      }
      await sleep(clock, listEveryMs, signal).catch(() => undefined);
    }
  }

  /** Milliseconds since the runtime last answered; undefined before the first time. */
  get silentMs(): number | undefined {
    return this.#lastLookMs === undefined ? undefined : this.#options.clock.monotonic() - this.#lastLookMs;
  }

  /** All pods of the last look, by uid. */
  get pods(): ReadonlyMap<string, SeenPod> {
    return this.#seen;
  }

  async look(): Promise<void> {
    const { runtime, changed, clock } = this.#options;
    const [sandboxes, containers] = await Promise.all([runtime.listSandboxes(), runtime.listContainers()]);
    const pods = group(sandboxes, containers);
    this.#seen = pods;
    this.#lastLookMs = clock.monotonic();
    this.#dropStale(new Set([...sandboxes, ...containers].map(({ id }) => id)));
    for (const uid of new Set([...pods.keys(), ...this.#fingerprints.keys()])) {
      const pod = pods.get(uid);
      const before = this.#fingerprints.get(uid);
      const now = pod && fingerprint(pod);
      if (now === before) continue;
      if (now === undefined) this.#fingerprints.delete(uid);
      else this.#fingerprints.set(uid, now);
      changed(uid);
    }
  }

  /** One pod as it is now. */
  async read(uid: string): Promise<RuntimePod | undefined> {
    const { runtime } = this.#options;
    const filter = { podUid: uid };
    const [sandboxes, containers] = await Promise.all([
      runtime.listSandboxes(filter),
      runtime.listContainers(filter),
    ]);
    const pod = group(sandboxes, containers).get(uid);
    if (!pod) return undefined;
    const [sandboxStatuses, containerStatuses] = await Promise.all([
      Promise.all(pod.sandboxes.map((sandbox) => this.#sandboxStatus(sandbox))),
      Promise.all(pod.containers.map((container) => this.#containerStatus(container))),
    ]);
    return {
      ...pod,
      sandboxes: sandboxStatuses.filter((status) => status !== undefined),
      containers: containerStatuses.filter((status) => status !== undefined),
    };
  }

  async #sandboxStatus(sandbox: SandboxSummary): Promise<SandboxStatus | undefined> {
    const known = this.#sandboxes.get(sandbox.id);
    if (known && known.ready === sandbox.ready && known.addresses.length > 0) return known;
    const status = await absentIfGone(this.#options.runtime.sandboxStatus(sandbox.id));
    if (status) this.#sandboxes.set(sandbox.id, status);
    return status;
  }

  async #containerStatus(container: ContainerSummary): Promise<ContainerStatus | undefined> {
    const known = this.#containers.get(container.id);
    if (known && known.state === container.state) return known;
    const status = await absentIfGone(this.#options.runtime.containerStatus(container.id));
    if (!status) return undefined;
    const whole = { ...status, sandboxId: container.sandboxId };
    this.#containers.set(container.id, whole);
    return whole;
  }

  #dropStale(ids: ReadonlySet<string>): void {
    for (const id of this.#containers.keys()) if (!ids.has(id)) this.#containers.delete(id);
    for (const id of this.#sandboxes.keys()) if (!ids.has(id)) this.#sandboxes.delete(id);
  }
}

async function absentIfGone<T>(pending: Promise<T>): Promise<T | undefined> {
  try {
    return await pending;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** By pod, newest first. What isn't labelled as a pod's was not made by an agent. */
function group(
  sandboxes: readonly SandboxSummary[],
  containers: readonly ContainerSummary[],
): Map<string, SeenPod> {
  const pods = new Map<string, SeenPod & { sandboxes: SandboxSummary[]; containers: ContainerSummary[] }>();
  const podOf = (labels: Readonly<Record<string, string>>) => {
    const uid = labels[label.podUid];
    if (!uid) return undefined;
    let pod = pods.get(uid);
    if (!pod) {
      const name = labels[label.podName] ?? '';
      const namespace = labels[label.podNamespace] ?? '';
      pod = { uid, name, namespace, sandboxes: [], containers: [] };
      pods.set(uid, pod);
    }
    return pod;
  };
  for (const sandbox of sandboxes) podOf(sandbox.labels)?.sandboxes.push(sandbox);
  for (const container of containers) podOf(container.labels)?.containers.push(container);
  for (const pod of pods.values()) {
    pod.sandboxes.sort((a, b) => b.attempt - a.attempt || b.createdAtMs - a.createdAtMs);
    pod.containers.sort((a, b) => b.createdAtMs - a.createdAtMs || b.attempt - a.attempt);
  }
  return pods;
}

function fingerprint(pod: SeenPod): string {
  const sandboxes = pod.sandboxes.map(({ id, ready }) => `${id}:${ready}`);
  const containers = pod.containers.map(({ id, state }) => `${id}:${state}`);
  return [...sandboxes, ...containers].join(' ');
}
