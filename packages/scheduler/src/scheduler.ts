import { setImmediate } from 'node:timers/promises';
import type { Namespace, Node, Pod, PodDisruptionBudget, Service } from '@skerry/api';
import { equalJson, isApiError, measureHealth } from '@skerry/api';
import type { Clock, Logger } from '@skerry/base';
import { describeError, supervise } from '@skerry/base';
import type { ApiClient, EventRecorder, Informer } from '@skerry/client';
import {
  ApiEventRecorder,
  clusterEventQueueMax,
  InformerFactory,
  resources,
  runAsLeader,
} from '@skerry/client';
import {
  askOf,
  lifeOf,
  nameOfNodeChange,
  nameOfPodAdded,
  nameOfPodChange,
  nameOfPodDeleted,
  offerOf,
} from '#changes.ts';
import { Cluster } from '#cluster.ts';
import type { CycleWatch } from '#cycle-watch.ts';
import { eventMessage, rejectingFilters } from '#diagnosis.ts';
import type { FilterName } from '#filters/index.ts';
import { Hints } from '#hints.ts';
import type { NodeInfo } from '#node-info.ts';
import type { PodInfo } from '#pod-info.ts';
import { podInfoOf } from '#pod-info.ts';
import type { PodFailure } from '#pod-writer.ts';
import { PodWriter } from '#pod-writer.ts';
import { preempt } from '#preemption.ts';
import { defaultArguments, type Profile, type SchedulerConfiguration } from '#profile.ts';
import type { Waiting } from '#queue.ts';
import { SchedulingQueue } from '#queue.ts';
import { scheduleOne } from '#schedule-one.ts';
import { schedulerMeter, silentMeter, type Metrics, type SchedulerMeter } from '#scheduler-metrics.ts';
import { schedulingView } from '#scheduling-view.ts';
import { TaskPool } from '#task-pool.ts';
import type { VolumePlan } from '#volumes/plan.ts';
import { VolumeView } from '#volumes/volume-view.ts';
import { VolumeWriter } from '#volumes/volume-writer.ts';

export interface SchedulerOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Pods that name a scheduler without a profile are left alone; one of the default name and ways unless given. */
  readonly configuration?: SchedulerConfiguration;
  /** Where events go; to the API unless given. */
  readonly events?: EventRecorder;
  /** Several schedulers may run; one works. Without it this one works at once. */
  readonly leaderElection?: {
    readonly identity: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly metrics?: Metrics;
}

/** The name of the Lease, as stock schedulers have it. */
const leaseName = 'kube-scheduler';

/**
 * Gives pending pods their nodes until the signal. One pod at a time is decided, synchronously, on a picture of the cluster
 * that includes decisions not yet written; bindings are written side by side and taken back when they fail.
 */
export async function runScheduler(options: SchedulerOptions): Promise<void> {
  const { client, clock, log, random, signal, leaderElection, metrics } = options;
  let current: Scheduler | undefined;
  if (metrics)
    measureHealth(metrics, () => [
      { name: 'ping', type: 'healthz', isWell: true },
      { name: 'ping', type: 'livez', isWell: true },
      // Who stands by has nothing to take in.
      { name: 'sched-handler-sync', type: 'readyz', isWell: current?.hasSynced ?? true },
      { name: 'shutdown', type: 'readyz', isWell: !signal.aborted },
    ]);
  const meter =
    metrics &&
    schedulerMeter({
      metrics,
      clock,
      random,
      pictures: {
        queue: () => current?.queue,
        sizes: () => current?.sizes ?? { nodes: 0, pods: 0, assumed_pods: 0 },
        unschedulable: () => current?.queue.refusals(({ pod }) => nameOf(pod)) ?? new Map(),
      },
    });
  const lead = async (until: AbortSignal) => {
    const profiles = options.configuration?.profiles ?? [undefined];
    const voices = new Map(
      profiles.map((profile): [string, Voice] => {
        const schedulerName = profile?.schedulerName ?? defaultName;
        const recorder = new ApiEventRecorder({
          client,
          component: schedulerName,
          clock,
          log,
          budgetByReason: true,
          queueMax: clusterEventQueueMax,
        });
        const events = options.events ?? recorder;
        const writer = new PodWriter({ client, clock, events, schedulerName });
        return [schedulerName, { profile, schedulerName, recorder, events, writer }];
      }),
    );
    current = new Scheduler({ ...options, voices, signal: until, meter: meter ?? silentMeter });
    try {
      const recorders = [...voices.values()].map(({ recorder }) => recorder.run(until));
      await Promise.all([...recorders, current.run(until)]);
    } finally {
      current = undefined;
    }
  };
  if (!leaderElection) return lead(signal);
  const { identity, namespace = 'kube-system', name = leaseName } = leaderElection;
  const leads = metrics
    ?.gauge({
      name: 'leader_election_master_status',
      help: 'Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master.',
      labels: ['name'],
    })
    .with(name);
  leads?.set(0);
  const election = { client, namespace, name, identity, clock, log, random };
  const leadAndTell = async (until: AbortSignal) => {
    leads?.set(1);
    await lead(until).finally(() => leads?.set(0));
  };
  return supervise(
    { name: 'scheduler', run: (until) => runAsLeader(election, leadAndTell, until) },
    { clock, log, signal },
  );
}

const defaultName = 'default-scheduler';

/** One scheduler name: how its pods are placed, and who tells of them. */
interface Voice {
  readonly schedulerName: string;
  readonly profile: Profile | undefined;
  readonly recorder: ApiEventRecorder;
  readonly events: EventRecorder;
  readonly writer: PodWriter;
}

type WholeOptions = SchedulerOptions & {
  readonly voices: ReadonlyMap<string, Voice>;
  readonly meter: SchedulerMeter;
};

/** Bindings under way at once. */
const bindingsMax = 128;
/** Bindings at once that wait for their pods' volumes to be bound; that is others' work, and may take minutes. */
const volumeBindingsMax = 1_000;
/** Status writes and evictions under way at once. */
const writesMax = 32;
/** Refusals remembered until the cluster changes; what comes beyond is decided anew. */
const refusalsMax = 1_000;
/** What kube-scheduler's plug-in for claimed devices says of every pod that none are taken back for; none are here. */
const noClaims = 'no new claims to deallocate';
/** The same, of a pod for which no node was asked: nobody's going can mend its own fault. */
const notAsked = 'not found';
/** Pods decided before other work of the process gets its turn. */
const turnLength = 16;

/** A refusal holds for every pod that asks the same, as long as the cluster is as it was. */
interface Refusal {
  readonly message: string;
  readonly rejectedBy: ReadonlySet<FilterName>;
}

class Scheduler {
  readonly #options: WholeOptions;
  readonly #factory: InformerFactory;
  readonly #pods: Informer<Pod>;
  readonly #cluster: Cluster;
  readonly #hints: Hints;
  readonly #queue: SchedulingQueue;
  readonly #bindings: TaskPool;
  readonly #volumes: VolumeView;
  readonly #volumeWriter: VolumeWriter;
  readonly #volumeBindings: TaskPool;
  /** Pods whose volumes are being bound. */
  readonly #binding = new Map<string, AbortController>();
  readonly #writes: TaskPool;
  readonly #refusals = new Map<string, Refusal>();
  #refusalsGeneration = -1;
  #startIndex = 0;
  hasSynced = false;
  /** Pods that are placed and not yet bound. */
  #assumed = 0;

  constructor(options: WholeOptions) {
    this.#options = options;
    const { clock, log } = options;
    this.#factory = new InformerFactory({ ...options, transform: schedulingView });
    this.#pods = this.#factory.informer<Pod>(resources.pods);
    const namespaces = this.#factory.informer<Namespace>(resources.namespaces);
    this.#volumes = new VolumeView(this.#factory, (event) => this.#volumesChanged(event));
    this.#volumeWriter = new VolumeWriter({ ...options, view: this.#volumes });
    const budgets = this.#factory.informer<PodDisruptionBudget>(resources.podDisruptionBudgets);
    const services = this.#factory.informer<Service>(resources.services);
    this.#cluster = new Cluster({
      namespaceLabels: (name) => namespaces.get(undefined, name)?.metadata.labels ?? {},
      volumes: this.#volumes,
      disruptionBudgets: (namespace) => budgets.list(namespace),
      services: (namespace) => services.list(namespace),
    });
    this.#hints = new Hints(this.#cluster);
    const { podInitialBackoffSeconds = 1, podMaxBackoffSeconds = 10 } = options.configuration ?? {};
    this.#queue = new SchedulingQueue({
      clock,
      backoffMinMs: podInitialBackoffSeconds * 1000,
      backoffMaxMs: podMaxBackoffSeconds * 1000,
      watcher: options.meter.queue,
    });
    this.#bindings = new TaskPool({ runningMax: bindingsMax, log });
    this.#writes = new TaskPool({ runningMax: writesMax, log });
    this.#volumeBindings = new TaskPool({ runningMax: volumeBindingsMax, log });
  }

  get queue(): SchedulingQueue {
    return this.#queue;
  }

  get sizes() {
    return {
      nodes: this.#cluster.nodes.length,
      pods: this.#cluster.placedCount,
      assumed_pods: this.#assumed,
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { log, voices } = this.#options;
    const nodes = this.#factory.informer<Node>(resources.nodes);
    nodes.addHandler({
      onAdd: (node) => this.#timed('NodeAdd', () => this.#nodeAdded(node)),
      onUpdate: (node, old) => this.#timed('NodeUpdate', () => this.#nodeUpdated(node, old)),
      onDelete: (node) => this.#timed('NodeDelete', () => this.#nodeDeleted(node)),
    });
    this.#pods.addHandler({
      onAdd: (pod) => this.#timed(nameOfPodAdded(pod), () => this.#podChanged(pod)),
      onUpdate: (pod, old) => this.#timed(nameOfPodChange(pod, old), () => this.#podChanged(pod, old)),
      onDelete: (pod) => this.#timed(nameOfPodDeleted(pod), () => this.#forget(keyOf(pod))),
    });
    const informers = this.#factory.run(signal);
    try {
      await this.#factory.waitForSync(signal);
      this.hasSynced = true;
      log.info('scheduler started', { names: [...voices.keys()].join(), nodes: this.#cluster.nodes.length });
      await this.#decideAll(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    for (const binding of this.#binding.values()) binding.abort();
    const pools = [this.#bindings, this.#volumeBindings, this.#writes];
    await Promise.all([informers, ...pools.map((pool) => pool.allEnded())]);
  }

  #timed(event: string, take: () => void): void {
    const { clock, meter } = this.#options;
    const startedMs = clock.monotonic();
    take();
    meter.handled(event, startedMs);
  }

  async #decideAll(signal: AbortSignal): Promise<void> {
    let decided = 0;
    while (!signal.aborted) {
      if (this.#bindings.full) await this.#bindings.oneEnded();
      const waiting = this.#queue.pop();
      if (!waiting) {
        await this.#queue.wait(signal);
        continue;
      }
      this.#decide(waiting);
      if (++decided % turnLength === 0) await setImmediate();
    }
  }

  #decide(waiting: Waiting): void {
    const { info } = waiting;
    const known = this.#knownRefusal(info);
    if (known) {
      this.#refuse(waiting, known, {});
      return;
    }
    const { random, meter } = this.#options;
    const watch = meter.cycle(this.#voiceOf(info.pod).schedulerName);
    const decision = scheduleOne(this.#cluster, info, { startIndex: this.#startIndex, random, watch });
    meter.decided(watch.startedMs);
    if ('node' in decision) {
      this.#startIndex = (this.#startIndex + decision.examined) % this.#cluster.nodes.length;
      this.#assume(waiting, decision.node, watch);
      return;
    }
    const { unschedulable, diagnosis } = decision;
    const rejectedBy = rejectingFilters(diagnosis);
    if (diagnosis.nodeCount === 0) {
      this.#refuse(waiting, { message: unschedulable, rejectedBy }, {});
      return;
    }
    if (diagnosis.podReason !== undefined) {
      this.#cluster.withdraw(info.key);
      const refusal = { message: `${unschedulable} ${notAsked}`, rejectedBy };
      this.#refuse(waiting, refusal, { nominatedNodeName: null });
      return;
    }
    if (info.profile?.preempts === false) {
      this.#refuse(waiting, { message: `${unschedulable} ${noClaims}`, rejectedBy }, {});
      return;
    }
    const preemptionMs = watch.now();
    const preemption = preempt(this.#cluster, info, { diagnosis, random });
    const status = 'victims' in preemption ? 'Success' : 'Unschedulable';
    watch.point('PostFilter', status, watch.now() - preemptionMs);
    if (watch.isDetailed) watch.plugin('DefaultPreemption', 'PostFilter', status, watch.now() - preemptionMs);
    if ('victims' in preemption) {
      meter.preempted(preemption.victims.length);
      this.#preempt(info, preemption);
      this.#refuse(waiting, { message: unschedulable, rejectedBy }, { nominatedNodeName: preemption.node });
      return;
    }
    const refusal = { message: `${unschedulable} ${noClaims}, ${preemption.unhelpful}`, rejectedBy };
    if (this.#refusals.size < refusalsMax) this.#refusals.set(equivalence(info), refusal);
    // Waiting for victims to end keeps the promise; anything else shows that it is worth nothing.
    const waits = preemption.unhelpful.includes('terminating pod');
    if (!waits) this.#cluster.withdraw(info.key);
    this.#refuse(waiting, refusal, waits ? {} : { nominatedNodeName: null });
  }

  #knownRefusal(info: PodInfo): Refusal | undefined {
    if (this.#refusalsGeneration !== this.#cluster.generation) {
      this.#refusalsGeneration = this.#cluster.generation;
      this.#refusals.clear();
    }
    return this.#refusals.size > 0 ? this.#refusals.get(equivalence(info)) : undefined;
  }

  #refuse(
    waiting: Waiting,
    { message, rejectedBy }: Refusal,
    nomination: Pick<PodFailure, 'nominatedNodeName'>,
  ): void {
    const { meter, clock } = this.#options;
    const { schedulerName } = this.#voiceOf(waiting.info.pod);
    meter.attempted(schedulerName, 'unschedulable', clock.monotonic());
    this.#queue.addUnschedulable(waiting, rejectedBy);
    this.#report(waiting.info, { reason: 'Unschedulable', message, ...nomination });
  }

  #report({ pod, key }: PodInfo, failure: PodFailure): void {
    const event = { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling' } as const;
    const { events, writer } = this.#voiceOf(pod);
    events.record(pod, { ...event, message: eventMessage(failure.message) });
    this.#writes.submit(key, () => writer.reportFailure(this.#current(pod) ?? pod, failure));
  }

  #assume(waiting: Waiting, node: string, watch: CycleWatch): void {
    const { info } = waiting;
    const reserveMs = watch.now();
    this.#cluster.withdraw(info.key);
    this.#cluster.placePod(info, node);
    const target = info.claims.length > 0 ? this.#cluster.node(node)?.node : undefined;
    const plan = target && this.#volumes.promise(info, target);
    watch.point('Reserve', 'Success', watch.now() - reserveMs);
    if (!plan || plan.bindings.length + plan.provisions.length === 0) {
      this.#bindings.submit(info.key, () => this.#bind(waiting, node, watch));
      return;
    }
    this.#cluster.generation++;
    this.#volumeBindings.submit(info.key, () => this.#bindWithVolumes(waiting, target, plan, watch));
  }

  async #bindWithVolumes(waiting: Waiting, target: Node, plan: VolumePlan, watch: CycleWatch): Promise<void> {
    const { key } = waiting.info;
    const node = target.metadata.name ?? '';
    const gone = new AbortController();
    this.#binding.set(key, gone);
    const preBindMs = watch.now();
    const told = (status: 'Success' | 'Error') => {
      watch.point('PreBind', status, watch.now() - preBindMs);
      if (watch.isDetailed) watch.plugin('VolumeBinding', 'PreBind', status, watch.now() - preBindMs);
    };
    try {
      const { bindTimeoutSeconds } = waiting.info.profile?.arguments ?? defaultArguments;
      const timeoutMs = bindTimeoutSeconds * 1000;
      await this.#volumeWriter.carryOut(plan, target, { signal: gone.signal, timeoutMs });
      told('Success');
    } catch (error) {
      told('Error');
      this.#volumes.takeBack(plan);
      this.#cluster.generation++;
      if (!this.#options.signal.aborted) this.#undo(waiting, node, error);
      return;
    } finally {
      this.#binding.delete(key);
    }
    await this.#bind(waiting, node, watch);
  }

  #volumesChanged(event: string): void {
    this.#cluster.generation++;
    this.#queue.wakeIf(this.#hints.volumesChanged(), event);
    this.#volumeWriter.changed();
  }

  async #bind(waiting: Waiting, node: string, watch: CycleWatch): Promise<void> {
    const { info } = waiting;
    const { pod, key, namespace } = info;
    const { meter } = this.#options;
    const { schedulerName, events, writer } = this.#voiceOf(pod);
    this.#assumed++;
    const bindMs = watch.now();
    const told = (status: 'Success' | 'Error') => {
      watch.point('Bind', status, watch.now() - bindMs);
      if (watch.isDetailed) watch.plugin('DefaultBinder', 'Bind', status, watch.now() - bindMs);
    };
    try {
      await writer.bind(pod, node);
      told('Success');
    } catch (error) {
      told('Error');
      meter.attempted(schedulerName, 'error', watch.startedMs);
      this.#undo(waiting, node, error);
      return;
    } finally {
      this.#assumed--;
    }
    meter.attempted(schedulerName, 'scheduled', watch.startedMs);
    meter.bound(waiting);
    const message = `Successfully assigned ${namespace}/${pod.metadata.name} to ${node}`;
    events.record(pod, { type: 'Normal', reason: 'Scheduled', action: 'Binding', message });
    this.#options.log.debug('pod bound', { pod: key, node });
  }

  /** The node gets its room back, and the pod is tried again if it still waits. */
  #undo(waiting: Waiting, node: string, error: unknown): void {
    const { info } = waiting;
    const { pod, key } = info;
    this.#options.log.warn('binding failed', { pod: key, node, error: describeError(error) });
    // Otherwise the API has said meanwhile where the pod is, or that it is gone.
    if (this.#cluster.placeOf(key)?.info !== info) return;
    this.#cluster.removePod(key);
    this.#roomMade(node);
    const current = this.#current(pod);
    if (!current || current.spec?.nodeName || isApiError(error, 'NotFound')) return;
    this.#queue.addFailed({ ...waiting, info: podInfoOf(current, info.profile) });
    this.#report(info, { reason: 'SchedulerError', message: describeError(error) });
  }

  #preempt(info: PodInfo, { node, victims }: { node: string; victims: readonly PodInfo[] }): void {
    const { log } = this.#options;
    log.info('preempting', { pod: info.key, node, victims: victims.map(({ key }) => key) });
    const target = this.#cluster.node(node);
    for (const other of target ? [...this.#cluster.nominated(target)] : [])
      if (other.priority < info.priority) this.#withdraw(other);
    this.#cluster.nominate(info, node);
    for (const victim of victims) {
      this.#writes.submit(`evict ${victim.key}`, async () => {
        try {
          await this.#voiceOf(info.pod).writer.evict(victim.pod, { preemptor: info.pod, node });
        } catch (error) {
          log.warn('eviction failed', { pod: victim.key, error: describeError(error) });
          this.#cluster.withdraw(info.key);
          this.#queue.wakeIf(({ info: { key } }) => key === info.key, 'ForceActivate');
        }
      });
    }
  }

  #withdraw(info: PodInfo): void {
    this.#cluster.withdraw(info.key);
    this.#queue.wakeIf(({ info: { key } }) => key === info.key, 'ForceActivate');
    const { writer } = this.#voiceOf(info.pod);
    this.#writes.submit(info.key, () => writer.clearNomination(this.#current(info.pod) ?? info.pod));
  }

  #nodeAdded(node: Node): void {
    this.#queue.wakeIf(this.#hints.nodeChanged(this.#cluster.setNode(node)), 'NodeAdd');
  }

  #nodeUpdated(node: Node, old: Node): void {
    const offered = !equalJson(offerOf(node), offerOf(old));
    if (!offered && equalJson(node.status?.images, old.status?.images)) return;
    const info = this.#cluster.setNode(node);
    if (offered) this.#queue.wakeIf(this.#hints.nodeChanged(info), nameOfNodeChange(node, old));
  }

  /** A domain may be gone with it, and skew against that domain too. */
  #nodeDeleted({ metadata }: Node): void {
    this.#cluster.removeNode(metadata.name ?? '');
    this.#queue.wakeIf(this.#hints.neighboursChanged(), 'NodeDelete');
  }

  #podChanged(pod: Pod, old?: Pod): void {
    const phase = pod.status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') this.#forget(keyOf(pod));
    else if (pod.spec?.nodeName) this.#podAssigned(pod, pod.spec.nodeName);
    else if (!this.#options.voices.has(nameOf(pod))) return;
    else if (pod.metadata.deletionTimestamp) this.#forget(keyOf(pod));
    else this.#podPending(pod, old);
  }

  #podAssigned(pod: Pod, node: string): void {
    const key = keyOf(pod);
    this.#queue.delete(key);
    this.#cluster.withdraw(key);
    const before = this.#cluster.placeOf(key);
    const known = before?.node === node && before.info.uid === pod.metadata.uid;
    const sameAsk = known && equalJson(askOf(before.info.pod), askOf(pod));
    if (sameAsk && equalJson(lifeOf(before.info.pod), lifeOf(pod))) return;
    const info = this.#readable(pod);
    if (!info) return;
    this.#cluster.placePod(info, node);
    if (sameAsk && !pod.metadata.deletionTimestamp) return;
    const isLeavingOnly = sameAsk && before.info.pod.status?.startTime === pod.status?.startTime;
    this.#queue.wakeIf(
      isLeavingOnly ? this.#hints.neighbourLeaving() : this.#hints.neighboursChanged(),
      before ? 'AssignedPodUpdate' : 'AssignedPodAdd',
    );
    if (before && !sameAsk) this.#roomMade(before.node);
  }

  #podPending(pod: Pod, old: Pod | undefined): void {
    const key = keyOf(pod);
    const assumed = this.#cluster.placeOf(key);
    if (assumed?.info.uid === (pod.metadata.uid ?? '')) return;
    if (assumed) this.#cluster.removePod(key);
    const info = this.#readable(pod);
    if (!info) return;
    const nominated = pod.status?.nominatedNodeName;
    if (nominated) this.#cluster.nominate(info, nominated);
    if (old) this.#queue.update(info, { relevant: !equalJson(askOf(old), askOf(pod)) });
    else this.#queue.add(info);
  }

  /** A pod whose quantities or selectors can't be read is nobody's to place. */
  #readable(pod: Pod): PodInfo | undefined {
    try {
      return podInfoOf(pod, this.#options.voices.get(nameOf(pod))?.profile);
    } catch (error) {
      this.#options.log.warn('pod not readable', { pod: keyOf(pod), error: describeError(error) });
      return undefined;
    }
  }

  #forget(key: string): void {
    this.#queue.delete(key);
    this.#binding.get(key)?.abort();
    const promised = this.#cluster.withdraw(key);
    const place = this.#cluster.placeOf(key);
    this.#cluster.removePod(key);
    if (place) this.#roomMade(place.node);
    else if (promised) this.#roomMade(promised);
  }

  #roomMade(name: string): void {
    const node: NodeInfo | undefined = this.#cluster.node(name);
    if (node) this.#queue.wakeIf(this.#hints.roomMade(node), 'AssignedPodDelete');
  }

  /** A pod may name a scheduler that is not here, and hold a promise all the same: then the first name tells. */
  #voiceOf(pod: Pod): Voice {
    const { voices } = this.#options;
    return voices.get(nameOf(pod)) ?? [...voices.values()][0]!;
  }

  #current({ metadata }: Pod): Pod | undefined {
    const current = this.#pods.get(metadata.namespace, metadata.name ?? '');
    return current?.metadata.uid === metadata.uid ? current : undefined;
  }
}

function nameOf({ spec }: Pod): string {
  return spec?.schedulerName || defaultName;
}

function keyOf({ metadata }: Pod): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name ?? ''}`;
}

/** Pods of equal text get equal answers. */
function equivalence({ pod, namespace }: PodInfo): string {
  const { metadata, spec, status } = pod;
  return JSON.stringify([namespace, metadata.labels, spec, status?.nominatedNodeName]);
}
