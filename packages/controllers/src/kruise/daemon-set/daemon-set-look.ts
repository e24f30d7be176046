/**
 * One look at one Advanced DaemonSet: images ahead, then the pod each node should have, then what updates in place have come
 * to, then the roll-out, then the status. A look ends early where the local copy is older than what was done last;
 * `observedGeneration` is told only by one that got to its end.
 */
import type { Pod } from '@skerry/api';
import { describeError } from '@skerry/base';
import type { Informer } from '@skerry/client';
import { daemonPod } from '#daemon/daemon-pod.ts';
import type { DaemonPods } from '#daemon/daemon-pods.ts';
import { hashOf, revisionHashLabel, trimHistory } from '#runtime/revision-history.ts';
import type { History } from '#runtime/revision-history.ts';
import { countNodes, desiredCount } from '#daemon/node-view.ts';
import type { NodeView } from '#daemon/node-view.ts';
import { placePlan } from '#daemon/plan.ts';
import type { Plan, PlanContext } from '#daemon/plan.ts';
import {
  isHooked,
  isPreparingDelete,
  lacksReadiness,
  openReadiness,
  podReadyGate,
  prepareDelete,
} from '#kruise/daemon-set/pre-delete.ts';
import { preDownload, wantsPreDownload } from '#kruise/daemon-set/pre-download.ts';
import { nodesToFill, rollingUpdateOf, rolloutPlan, surgeOf } from '#kruise/daemon-set/update-plan.ts';
import { inPlaceChange, templateOf } from '#kruise/in-place/in-place-change.ts';
import type { InPlaceChange } from '#kruise/in-place/in-place-change.ts';
import { hasInPlaceGate, inPlaceCondition, inPlaceGate } from '#kruise/in-place/in-place-state.ts';
import type { InPlaceUpdates } from '#kruise/in-place/in-place-updates.ts';
import type { AdvancedDaemonSet } from '#kruise/kinds/daemon-set.ts';
import type { ImagePullJob } from '#kruise/kinds/image-pull.ts';
import { kruiseResources } from '#kruise/kinds/refs.ts';
import type { KruiseContext } from '#kruise/kruise-context.ts';
import { atOnce } from '#runtime/batch.ts';
import { resolveIntOrPercent } from '#runtime/pods.ts';
import type { SeenVersions } from '#runtime/seen-versions.ts';
import { writeStatus } from '#runtime/status.ts';

const ref = kruiseResources.daemonSets;
const burstDefault = 250;
/** Requests for one set that are under way together. */
const parallelMax = 32;

export interface DaemonSetLookOptions {
  readonly context: KruiseContext;
  readonly daemonSets: Informer<AdvancedDaemonSet>;
  readonly jobs: Informer<ImagePullJob>;
  readonly daemonPods: DaemonPods;
  readonly inPlace: InPlaceUpdates;
  readonly seen: SeenVersions;
  readonly key: string;
  readonly set: AdvancedDaemonSet;
  readonly history: History;
}

export class DaemonSetLook {
  /** Whether everything that there is to do was looked at. */
  isWhole = false;
  readonly #options: DaemonSetLookOptions;
  readonly #set: AdvancedDaemonSet;
  readonly #hash: string;
  readonly #waits: number[] = [];

  constructor(options: DaemonSetLookOptions) {
    this.#options = options;
    this.#set = options.set;
    this.#hash = hashOf(options.history.current);
  }

  async work(): Promise<void> {
    const { client } = this.#options.context;
    let views = await this.#views();
    if (!this.#isCopyCurrent(views)) return;
    await this.#pullAhead(views);
    if (await this.#place(views)) {
      views = await this.#views();
      if (!this.#isCopyCurrent(views)) return;
    }
    await this.#refreshGates(views);
    await this.#rollOut(views);
    const pods = views.flatMap((view) => view.pods);
    await trimHistory(client, this.#set, { old: this.#options.history.old, pods: () => pods });
    this.isWhole = true;
  }

  /** Writes the status; answers how long until the next look is due by itself. */
  async report({ isWhole }: { isWhole: boolean }): Promise<number | undefined> {
    const set = this.#set;
    const { status, waitMs } = countNodes(await this.#views(), {
      ...this.#planContext(),
      isWhole: (pod) => !hasInPlaceGate(pod) || (inPlaceCondition(pod)?.status ?? 'True') === 'True',
    });
    const current = this.#options.daemonSets.get(set.metadata.namespace, set.metadata.name ?? '') ?? set;
    await writeStatus(this.#options.context.client, ref, current, {
      ...current.status,
      ...status,
      updateRevision: this.#hash,
      ...(isWhole ? { observedGeneration: set.metadata.generation } : {}),
    });
    const waits = [...this.#waits, ...(waitMs === undefined ? [] : [waitMs])];
    return waits.length > 0 ? Math.min(...waits) : undefined;
  }

  #views(): Promise<NodeView[]> {
    return this.#options.daemonPods.look(this.#set);
  }

  #planContext(): PlanContext {
    const { minReadySeconds } = this.#set.spec ?? {};
    return { hash: this.#hash, nowMs: this.#options.context.clock.now(), minReadySeconds };
  }

  #isCopyCurrent(views: readonly NodeView[]): boolean {
    if (!this.#options.daemonPods.satisfied(this.#options.key)) return false;
    return views.every((view) => view.pods.every((pod) => this.#options.seen.isCurrent(pod)));
  }

  /** Images come ahead where they can; where they can't, nodes pull them when they need them. */
  async #pullAhead(views: readonly NodeView[]): Promise<void> {
    const always = this.#options.context.gates.PreDownloadImageForDaemonSetUpdate;
    if (!this.#options.context.gates.ImagePullJobGate || !wantsPreDownload(this.#set, { always })) return;
    if (rollingUpdateOf(this.#set)?.rollingUpdateType !== 'InPlaceIfPossible') return;
    const owned = views.flatMap((view) => view.pods);
    try {
      await preDownload({ ...this.#options.context, jobs: this.#options.jobs, always }, this.#set, {
        history: this.#options.history,
        pods: owned,
      });
    } catch (error) {
      const message = `failed to create ImagePullJobs: ${describeError(error)}`;
      this.#options.context.events.record(this.#set, {
        type: 'Warning',
        reason: 'FailedCreateImagePullJob',
        message,
      });
    }
  }

  /** Answers whether there was anything to do. */
  async #place(views: readonly NodeView[]): Promise<boolean> {
    const surges = surgeOf(this.#set, desiredCount(views)) > 0;
    const plan = placePlan(views, { ...this.#planContext(), surges, isLeaving: isPreparingDelete });
    const missing = plan.create.splice(0);
    plan.create.push(...nodesToFill(this.#set, views, { missing, hash: this.#hash }));
    const waitMs = this.#options.daemonPods.takeFinished(this.#set, plan);
    if (waitMs !== undefined) this.#waits.push(waitMs);
    const isIdle = plan.create.length === 0 && plan.remove.length === 0;
    await this.#carryOut(plan);
    return !isIdle;
  }

  async #refreshGates(views: readonly NodeView[]): Promise<void> {
    const { inPlace, context } = this.#options;
    const owned = views.flatMap((view) => view.pods);
    const changing = owned.filter((pod) => inPlace.concerns(pod));
    await atOnce(parallelMax, changing, async (pod) => this.#expect(await inPlace.refresh(pod)));
    await atOnce(parallelMax, owned.filter(lacksReadiness), async (pod) =>
      this.#expect(await openReadiness(context.client, pod, context.clock.now())),
    );
  }

  async #rollOut(views: readonly NodeView[]): Promise<void> {
    const strategy = rollingUpdateOf(this.#set);
    if (!strategy || strategy.paused) return;
    const plan = rolloutPlan(this.#set, views, {
      ...this.#planContext(),
      prunesIneligible: this.#options.context.gates.DaemonSetPruneIneligibleNodes,
    });
    if (strategy.rollingUpdateType === 'InPlaceIfPossible') {
      const old = plan.remove.splice(0);
      plan.remove.push(...(await this.#updateInPlace(old)));
    }
    await this.#carryOut(plan);
  }

  /** Answers the pods that can't be updated in place. */
  async #updateInPlace(old: readonly Pod[]): Promise<Pod[]> {
    const changes = new Map(
      this.#options.history.old.map((revision) => [
        hashOf(revision),
        inPlaceChange(templateOf(revision), templateOf(this.#options.history.current)),
      ]),
    );
    const changeOf = (pod: Pod) =>
      hasInPlaceGate(pod) ? changes.get(pod.metadata.labels?.[revisionHashLabel] ?? '') : undefined;
    const possible = old.flatMap((pod) => {
      const change = changeOf(pod);
      return change ? [{ pod, change }] : [];
    });
    const now = possible.slice(0, this.#burst());
    if (now.length < possible.length) this.#waits.push(1);
    await atOnce(parallelMax, now, ({ pod, change }) => this.#beginInPlace(pod, change));
    return old.filter((pod) => !changeOf(pod));
  }

  async #beginInPlace(pod: Pod, change: InPlaceChange): Promise<void> {
    const { name } = pod.metadata;
    try {
      this.#expect(await this.#options.inPlace.begin(pod, { change, hash: this.#hash }));
      const message = `successfully update pod ${name} in-place`;
      this.#options.context.events.record(this.#set, {
        type: 'Normal',
        reason: 'SuccessfulUpdatePodInPlace',
        message,
      });
    } catch (error) {
      const revision = this.#options.history.current.metadata.name;
      const message = `failed to update pod ${name} in-place(revision ${revision}): ${describeError(error)}`;
      this.#options.context.events.record(this.#set, {
        type: 'Warning',
        reason: 'FailedUpdatePodInPlace',
        message,
      });
      throw error;
    }
  }

  async #carryOut(plan: Plan): Promise<void> {
    const free = await this.#holdHooked(plan.remove.splice(0));
    plan.remove.push(...free);
    const done = await this.#options.daemonPods.carryOut(this.#options.key, this.#set, plan, {
      burst: this.#burst(),
      makePod: (node) => this.#makePod(node),
    });
    if (done.waitMs !== undefined) this.#waits.push(done.waitMs);
    if (done.failure !== undefined) throw done.failure;
  }

  /** Marks the pods that a hook still holds; answers the others. */
  async #holdHooked(leaving: readonly Pod[]): Promise<Pod[]> {
    const hook = this.#set.spec?.lifecycle?.preDelete;
    if (!hook) return [...leaving];
    const held = leaving.filter((pod) => isHooked(pod, hook));
    await atOnce(parallelMax, held, async (pod) =>
      this.#expect(
        await prepareDelete(this.#options.context.client, pod, {
          hook,
          nowMs: this.#options.context.clock.now(),
        }),
      ),
    );
    return leaving.filter((pod) => !isHooked(pod, hook));
  }

  #makePod(node: string): Pod {
    const pod = daemonPod(this.#set, { ref, node, hash: this.#hash });
    const conditionTypes = [
      ...(rollingUpdateOf(this.#set)?.rollingUpdateType === 'InPlaceIfPossible' ? [inPlaceGate] : []),
      ...(this.#set.spec?.lifecycle?.preDelete?.markPodNotReady ? [podReadyGate] : []),
    ];
    const had = pod.spec?.readinessGates ?? [];
    const added = conditionTypes.filter((type) => !had.some(({ conditionType }) => conditionType === type));
    if (pod.spec && added.length > 0)
      pod.spec.readinessGates = [...had, ...added.map((conditionType) => ({ conditionType }))];
    return pod;
  }

  #burst(): number {
    const total = this.#set.status?.desiredNumberScheduled ?? 0;
    const burst = this.#set.spec?.burstReplicas ?? burstDefault;
    return Math.max(1, resolveIntOrPercent(burst, { total, round: 'down' }));
  }

  #expect(changed: Pod | undefined): void {
    if (changed) this.#options.seen.expect(changed);
  }
}
