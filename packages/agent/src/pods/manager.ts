/**
 * All pods of this node: follows those that the API binds to it, gives each a worker, and ends what the runtime holds of
 * pods that no longer exist. Until the API (or the cache before it) has answered once, nothing is taken for an orphan.
 */
import { readdir } from 'node:fs/promises';
import type { Pod, PodStatus } from '@skerry/api';
import { Informer, resources, type ApiClient } from '@skerry/client';
import { describeError, sleep, type Clock, type Logger } from '@skerry/base';
import type { PodContext } from '#pods/context.ts';
import { annotation, podUid } from '#pods/labels.ts';
import type { SeenPod } from '#pods/observer.ts';
import { podLogDirectory } from '#pods/sandbox-config.ts';
import { PodWorker } from '#pods/worker.ts';
import type { ContainerState } from '#runtime.ts';
import { watchLifeMs } from '#watch-life.ts';

/** A pod as those need it who reach into it: logs, exec, statistics. */
export interface PodView {
  readonly pod: Pod;
  readonly status: PodStatus | undefined;
  /** The sandbox in use. */
  readonly sandboxId: string | undefined;
  readonly addresses: readonly string[];
  readonly logDirectory: string;
  /** Newest first for each name. */
  readonly containers: readonly ContainerView[];
}

export interface ContainerView {
  readonly name: string;
  readonly id: string;
  readonly restartCount: number;
  readonly state: ContainerState;
  readonly logPath: string;
}

export interface NodePods {
  find(namespace: string, name: string): PodView | undefined;
  list(): PodView[];
}

export interface PodManagerOptions {
  readonly client: ApiClient;
  readonly nodeName: string;
  readonly context: PodContext;
  /** `<data>/pods`: folders here belong to pods. */
  readonly podsDirectory: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

const housekeepingMs = 30_000;

export class PodManager implements NodePods {
  readonly #options: PodManagerOptions;
  readonly #informer: Informer<Pod>;
  readonly #workers = new Map<string, PodWorker>();
  readonly #orphans = new Set<string>();
  #closed = false;

  constructor(options: PodManagerOptions) {
    this.#options = options;
    const { client, clock, log, random, nodeName } = options;
    this.#informer = new Informer<Pod>({
      watchLifeMs,
      source: client.resource<Pod>(resources.pods),
      name: 'pods',
      scope: { fieldSelector: `spec.nodeName=${nodeName}` },
      clock,
      log,
      random,
    });
    this.#informer.addHandler({
      onAdd: (pod) => this.#set(pod),
      onUpdate: (pod) => this.#set(pod),
      onDelete: (pod) => this.#workers.get(podUid(pod))?.remove(pod),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#informer.run(signal), this.#keepHouse(signal)]);
    this.#closed = true;
    await Promise.all([...this.#workers.values()].map((worker) => worker.close()));
  }

  /** Something changed for this pod: at the runtime, at its probes. */
  wake(uid: string): void {
    const worker = this.#workers.get(uid);
    if (worker) worker.wake();
    else if (this.#informer.hasSynced()) void this.#endOrphan(uid);
  }

  refreshVolumes(uid: string): void {
    this.#workers.get(uid)?.refreshVolumes();
  }

  get pods(): readonly Pod[] {
    return [...this.#workers.values()].map(({ pod }) => pod);
  }

  /** Those that take of the node: one that has been stopped leaves its place to its successor, who may come before it has gone. */
  get held(): readonly Pod[] {
    return [...this.#workers.values()].filter(({ isCleaned }) => !isCleaned).map(({ pod }) => pod);
  }

  find(namespace: string, name: string): PodView | undefined {
    for (const worker of this.#workers.values()) {
      const { metadata } = worker.pod;
      if (metadata.namespace === namespace && metadata.name === name) return this.#view(worker);
    }
    return undefined;
  }

  list(): PodView[] {
    return [...this.#workers.values()].map((worker) => this.#view(worker));
  }

  #view({ pod, status, runtime }: PodWorker): PodView {
    const logDirectory = podLogDirectory(this.#options.context.logRoot, pod);
    const sandbox = runtime?.sandboxes[0];
    return {
      pod,
      status,
      sandboxId: sandbox?.ready ? sandbox.id : undefined,
      addresses: pod.spec?.hostNetwork ? this.#options.context.hostAddresses() : (sandbox?.addresses ?? []),
      logDirectory,
      containers: (runtime?.containers ?? []).map(({ name, id, attempt, state, logPath }) => ({
        name,
        id,
        restartCount: attempt,
        state,
        logPath: logPath || `${logDirectory}/${name}/${attempt}.log`,
      })),
    };
  }

  #set(pod: Pod): void {
    const uid = podUid(pod);
    const known = this.#workers.get(uid);
    if (known) {
      known.update(pod);
      return;
    }
    if (this.#closed) return;
    const worker = new PodWorker(pod, this.#options.context, (ended) => this.#forget(ended));
    this.#workers.set(uid, worker);
    worker.wake();
  }

  /** What a pod leaves may be the room that another waits for. */
  #forget(uid: string): void {
    this.#workers.delete(uid);
    for (const worker of this.#workers.values()) if (worker.isResizePending) worker.wake();
  }

  async #keepHouse(signal: AbortSignal): Promise<void> {
    const { clock, context, log } = this.#options;
    await this.#informer.waitForSync(signal).catch(() => undefined);
    while (!signal.aborted) {
      for (const uid of context.observer.pods.keys()) if (!this.#workers.has(uid)) void this.#endOrphan(uid);
      await context.qosGroups.update().catch((error: unknown) => {
        log.warn('weights of the groups of pods not written', { error: describeError(error) });
      });
      await this.#closeStalePorts();
      await this.#forgetStalePolicies();
      await this.#removeStaleFolders().catch((error: unknown) => {
        log.warn('folders of old pods not removed', { error: describeError(error) });
      });
      await sleep(clock, housekeepingMs, signal).catch(() => undefined);
    }
  }

  /** A pod that the runtime knows and the API doesn't: its object went while nobody looked. */
  async #endOrphan(uid: string): Promise<void> {
    const { context, log } = this.#options;
    const seen = context.observer.pods.get(uid);
    if (!seen || this.#orphans.has(uid) || this.#closed) return;
    this.#orphans.add(uid);
    try {
      log.info('pod is not known to the API, ending it', { pod: seen.name, namespace: seen.namespace, uid });
      await endSeenPod(seen, context);
    } catch (error) {
      log.warn('orphaned pod not ended', { uid, error: describeError(error) });
    } finally {
      this.#orphans.delete(uid);
    }
  }

  async #closeStalePorts(): Promise<void> {
    const { context, log } = this.#options;
    for (const uid of context.hostPorts.podUids) {
      if (this.#workers.has(uid) || context.observer.pods.has(uid)) continue;
      await context.hostPorts.set(uid, []).catch((error: unknown) => {
        log.warn('host ports of an old pod not closed', { uid, error: describeError(error) });
      });
    }
  }

  async #forgetStalePolicies(): Promise<void> {
    const { context, log } = this.#options;
    for (const uid of context.policies.podUids) {
      if (this.#workers.has(uid) || context.observer.pods.has(uid)) continue;
      await context.policies.unset(uid).catch((error: unknown) => {
        log.warn('network policies of an old pod not removed', { uid, error: describeError(error) });
      });
    }
  }

  async #removeStaleFolders(): Promise<void> {
    const { context, podsDirectory } = this.#options;
    for (const uid of await readdir(podsDirectory).catch(() => [])) {
      if (this.#workers.has(uid) || context.observer.pods.has(uid)) continue;
      await context.volumes.remove(uid);
    }
  }
}

async function endSeenPod(
  seen: SeenPod,
  { runtime, volumes, cgroups, cgroupRoot }: PodContext,
): Promise<void> {
  const running = seen.containers.filter(({ state }) => state === 'running');
  await Promise.all(
    running.map(({ id, annotations }) =>
      runtime.stopContainer(id, Number(annotations[annotation.gracePeriod] ?? 30)),
    ),
  );
  for (const { id } of seen.sandboxes) await runtime.stopSandbox(id);
  for (const { id } of seen.containers) await runtime.removeContainer(id);
  for (const { id } of seen.sandboxes) await runtime.removeSandbox(id);
  await volumes.remove(seen.uid);
  for (const tier of ['', '/burstable', '/besteffort'])
    await cgroups.remove(`${cgroupRoot}${tier}/pod${seen.uid}`);
}
