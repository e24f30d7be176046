/**
 * One pod's life on this node. The worker looks at the spec, at the runtime and at its probes, does what is missing, and
 * reports; then it waits until something changes. It is level-based: `wake` says only that a look is worth it, and a
 * worker made anew in the middle of a pod's life goes on from what the runtime holds.
 *
 * One look runs at a time. What may take long (pulls, hooks, stopping) is given up or hurried when the pod is to end.
 */
import type { Container, Pod, PodStatus } from '@skerry/api';
import { describeError, type Timer } from '@skerry/base';
import { unlessAborted } from '#pods/abort.ts';
import { computeActions, type PodActions } from '#pods/actions.ts';
import { podFacts, startContainer, StartError } from '#pods/container-starter.ts';
import { ContainerStopper } from '#pods/container-stopper.ts';
import type { PodContext } from '#pods/context.ts';
import { CrashBackoff, crashLoop } from '#pods/crash-backoff.ts';
import { hostPortsOf } from '#pods/host-ports.ts';
import {
  allContainers,
  ephemeralContainers,
  isSidecar,
  mainContainers,
  podText,
  podUid,
} from '#pods/labels.ts';
import { removeOld, removeRemains } from '#pods/remains.ts';
import { PodResizer } from '#pods/resizer.ts';
import { podCgroup, podCgroupResources } from '#pods/resources.ts';
import {
  isRunning,
  latestContainer,
  restartCountOf,
  runningContainers,
  type RuntimePod,
} from '#pods/runtime-pod.ts';
import { sandboxConfig } from '#pods/sandbox-config.ts';
import { Staleness } from '#pods/staleness.ts';
import { nextToStop } from '#pods/stop-order.ts';
import { mergeConditions, podStatus, type WaitingReason } from '#pods/status.ts';
import { equalButForNulls } from '#pods/status-patch.ts';
import { terminationMessage } from '#pods/termination-message.ts';
import { RuntimeError, type ContainerStatus, type SandboxConfig, type SandboxStatus } from '#runtime.ts';

/** Where a pod is: `Desired` while it should run, and then why it should not. */
type Aim =
  | { readonly type: 'run' }
  /** Deleted at the API: end it, then let its object go. */
  | { readonly type: 'delete' }
  /** Its object has gone: end it without asking anyone. */
  | { readonly type: 'gone' }
  /** Given up, but the object stays. */
  | { readonly type: 'fail'; readonly reason: string; readonly message: string };

const retryMs = 10_000;
/** Room may come without anyone saying so. */
const resizeRetryMs = 60_000;

export class PodWorker {
  readonly uid: string;
  readonly #context: PodContext;
  readonly #stopper: ContainerStopper;
  readonly #backoff = new CrashBackoff();
  readonly #waiting = new Map<string, WaitingReason>();
  readonly #messages = new Map<string, string | undefined>();
  readonly #done: (uid: string) => void;
  readonly #stop = new AbortController();
  readonly #resizer: PodResizer;
  /** As the API has it. */
  #asked: Pod;
  /** The same with the sizes that this node has taken on. */
  #pod: Pod;
  #aim: Aim = { type: 'run' };
  #admitted = false;
  #status: PodStatus | undefined;
  #runtime: RuntimePod | undefined;
  #volumes: ReadonlyMap<string, string> = new Map();
  readonly #volumesStaleness = new Staleness();
  #dirty = false;
  #running: Promise<void> | undefined;
  #interrupt = new AbortController();
  #timer: { readonly atMs: number; readonly timer: Timer } | undefined;
  #cleaned = false;
  /** As last said; not yet, at first: a former agent may have left some open. */
  #hostPorts = '';
  /** What policies were last told of; undefined where they could not be put in force. */
  #policies: string | undefined = '';

  constructor(pod: Pod, context: PodContext, done: (uid: string) => void) {
    this.uid = podUid(pod);
    this.#asked = pod;
    this.#resizer = new PodResizer(pod, context);
    this.#pod = this.#resizer.taken(pod);
    this.#status = pod.status;
    this.#context = context;
    this.#done = done;
    this.#stopper = new ContainerStopper(context);
    this.#setAim(pod);
    context.objects.hold(pod);
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** Nothing of it is left that takes of the node. */
  get isCleaned(): boolean {
    return this.#cleaned;
  }

  /** It waits for room on the node. */
  get isResizePending(): boolean {
    return this.#resizer.isPending;
  }

  /** As last reported. */
  get status(): PodStatus | undefined {
    return this.#status;
  }

  get runtime(): RuntimePod | undefined {
    return this.#runtime;
  }

  update(pod: Pod): void {
    const old = this.#asked;
    this.#asked = pod;
    this.#pod = this.#resizer.taken(pod);
    const matters = !equalButForNulls(
      { ...old, status: null, metadata: essential(old) },
      { ...pod, status: null, metadata: essential(pod) },
    );
    if (this.#aim.type !== 'gone') this.#context.statuses.observe(pod);
    const gates = pod.spec?.readinessGates?.length ?? 0;
    if (!matters && gates === 0) return;
    this.#volumesStaleness.mark();
    if (!this.#cleaned) this.#context.objects.hold(pod);
    this.#setAim(pod);
    this.wake();
  }

  /** The object has gone; `pod` is the last that was known of it. */
  remove(pod: Pod): void {
    this.#asked = pod;
    this.#pod = this.#resizer.taken(pod);
    this.#context.statuses.forget(this.uid);
    this.#aim = { type: 'gone' };
    this.#interrupt.abort(new Error('pod was deleted'));
    this.wake();
  }

  /** Something that volumes are made from has changed. */
  refreshVolumes(): void {
    this.#volumesStaleness.mark();
    this.wake();
  }

  wake(): void {
    this.#dirty = true;
    if (this.#stop.signal.aborted) return;
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
      if (this.#dirty) this.wake();
    });
  }

  /** Leaves the pod as it is. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('agent stops'));
    this.#interrupt.abort(new Error('agent stops'));
    this.#timer?.timer.cancel();
    this.#context.prober.forget(this.uid);
    await this.#running;
  }

  #setAim(pod: Pod): void {
    if (this.#aim.type === 'gone') return;
    if (!pod.metadata.deletionTimestamp) return;
    this.#aim = { type: 'delete' };
    this.#interrupt.abort(new Error('pod is being deleted'));
  }

  async #work(): Promise<void> {
    while (this.#dirty && !this.#stop.signal.aborted) {
      this.#dirty = false;
      try {
        await this.#look();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#context.log.warn('pod not in order', { pod: podText(this.#pod), error: describeError(error) });
        this.#wakeIn(retryMs);
      }
    }
  }

  #wakeIn(delayMs: number): void {
    const { clock } = this.#context;
    const atMs = clock.monotonic() + Math.max(delayMs, 0);
    if (this.#stop.signal.aborted || (this.#timer && this.#timer.atMs <= atMs)) return;
    this.#timer?.timer.cancel();
    const timer = clock.after(delayMs, () => {
      this.#timer = undefined;
      this.wake();
    });
    this.#timer = { atMs, timer };
  }

  async #look(): Promise<void> {
    await this.#read();
    this.#checkDeadline();
    this.#checkAdmission();
    if (this.#aim.type !== 'run' || isEnded(this.#status)) {
      await this.#end();
      return;
    }
    this.#considerSize();
    const actions = computeActions(this.#pod, this.#runtime, {
      failed: ({ id }) => this.#context.prober.failed(id)?.kind,
      started: (container) => this.#isStarted(container),
      resized: (container, status) => this.#resizer.needsRestart(container, status),
    });
    if (actions.type === 'end') {
      await this.#end();
      return;
    }
    this.#report();
    await this.#carryOut(actions);
    await this.#read();
    await this.#resizer.settle(this.#pod, this.#runtime);
    this.#report();
    for (const id of await removeOld(this.#context, this.#pod, this.#runtime)) this.#messages.delete(id);
  }

  async #read(): Promise<void> {
    this.#runtime = await this.#context.observer.read(this.uid);
    for (const container of this.#runtime?.containers ?? []) {
      if (container.state !== 'exited' || this.#messages.has(container.id)) continue;
      this.#messages.set(container.id, await terminationMessage(container));
    }
    this.#followProbes();
    await this.#followPolicies();
    await this.#followHostPorts();
  }

  /** Ports of the node lead to the pod for as long as it has a sandbox. */
  async #followHostPorts(): Promise<void> {
    const { hostPorts, events } = this.#context;
    const ports = hostPortsOf(this.#pod, this.#runtime?.sandboxes[0]);
    const text = JSON.stringify(ports);
    if (text === this.#hostPorts) return;
    try {
      await hostPorts.set(this.uid, ports);
      this.#hostPorts = text;
    } catch (error) {
      events.warning(
        { pod: this.#pod },
        'FailedHostPort',
        `Failed to open host ports: ${describeError(error)}`,
      );
      this.#wakeIn(retryMs);
    }
  }

  /** What the pod may send and receive holds before its containers start, and for as long as it has a sandbox. */
  async #followPolicies(): Promise<void> {
    const { policies, log } = this.#context;
    if (this.#pod.spec?.hostNetwork) return;
    const sandbox = this.#runtime?.sandboxes[0];
    const addresses = sandbox?.ready ? sandbox.addresses : [];
    const text = addresses.length === 0 ? '' : JSON.stringify([addresses, this.#pod.metadata.labels]);
    if (text === this.#policies) return;
    try {
      await policies.set(this.#pod, addresses);
      this.#policies = text;
    } catch (error) {
      log.warn('network policies of the pod not in force', {
        pod: podText(this.#pod),
        error: describeError(error),
      });
      this.#policies = undefined;
      this.#wakeIn(retryMs);
    }
  }

  #followProbes(): void {
    const { prober } = this.#context;
    const address = this.#facts().podAddresses[0] ?? '';
    const targets = runningContainers(this.#runtime).flatMap((status) => {
      const container = this.#specOf(status);
      return container && (isSidecar(container) || mainContainers(this.#pod).includes(container))
        ? [{ id: status.id, container, address }]
        : [];
    });
    for (const target of targets) {
      const known = this.#knownStatus(target.id);
      if (known) prober.assume(this.#pod, target, { ready: known.ready, started: known.started ?? false });
    }
    prober.follow(this.#pod, targets, { onlyReadiness: this.#aim.type !== 'run' });
  }

  /** What was last reported of a container by its id: after a restart of the agent, what its predecessor said. */
  #knownStatus(id: string) {
    const all = [...(this.#status?.containerStatuses ?? []), ...(this.#status?.initContainerStatuses ?? [])];
    return all.find(({ containerID }) => containerID?.endsWith(`//${id}`));
  }

  #facts() {
    return podFacts(this.#context, this.#pod, this.#runtime?.sandboxes[0]);
  }

  #specOf(status: ContainerStatus): Container | undefined {
    const all = [...allContainers(this.#pod), ...ephemeralContainers(this.#pod)];
    return all.find(({ name }) => name === status.name);
  }

  #isStarted(status: ContainerStatus): boolean {
    const container = this.#specOf(status);
    return container !== undefined && this.#context.prober.isStarted(status.id, container);
  }

  #isReady(status: ContainerStatus): boolean {
    const container = this.#specOf(status);
    return container !== undefined && this.#context.prober.isReady(status.id, container);
  }

  #considerSize(): void {
    if (this.#resizer.consider(this.#asked, this.#runtime)) {
      this.#pod = this.#resizer.taken(this.#asked);
      this.#volumesStaleness.mark();
    }
    if (this.#resizer.isPending) this.#wakeIn(resizeRetryMs);
  }

  #checkDeadline(): void {
    const seconds = this.#pod.spec?.activeDeadlineSeconds;
    const startTime = this.#status?.startTime;
    if (this.#aim.type !== 'run' || seconds === undefined || !startTime || isEnded(this.#status)) return;
    const leftMs = Date.parse(startTime) + seconds * 1000 - this.#context.clock.now();
    if (leftMs > 0) {
      this.#wakeIn(leftMs);
      return;
    }
    const message = 'Pod was active on the node longer than the specified deadline';
    this.#context.events.normal({ pod: this.#pod }, 'DeadlineExceeded', message);
    this.#aim = { type: 'fail', reason: 'DeadlineExceeded', message };
  }

  /** A pod that has begun here stays; one that is new may be refused. */
  #checkAdmission(): void {
    if (this.#admitted || this.#aim.type !== 'run') return;
    this.#admitted = true;
    if (this.#runtime !== undefined || isEnded(this.#status)) return;
    const refusal = this.#context.admit(this.#pod);
    if (!refusal) return;
    this.#context.events.warning({ pod: this.#pod }, refusal.reason, refusal.message);
    const message = `Pod was rejected: ${refusal.message}`;
    this.#aim = { type: 'fail', reason: refusal.reason, message };
  }

  #report({ ended = false } = {}): void {
    if (this.#aim.type === 'gone') return;
    const status = podStatus({
      pod: this.#pod,
      runtime: this.#runtime,
      previous: mergeConditions(this.#status, this.#pod),
      waiting: this.#waiting,
      isReady: (container) => this.#isReady(container),
      isStarted: (container) => this.#isStarted(container),
      sizeOf: (container) => this.#resizer.sizeOf(container),
      resizeConditions: this.#resizer.conditions,
      terminationMessage: ({ id }) => this.#messages.get(id),
      runtimeName: this.#context.runtimeName(),
      hostAddresses: this.#context.hostAddresses(),
      nowMs: this.#context.clock.now(),
      ended,
      verdict:
        this.#aim.type === 'fail' ? { reason: this.#aim.reason, message: this.#aim.message } : undefined,
    });
    this.#status = status;
    this.#context.statuses.set(this.#pod, status);
  }

  async #carryOut(actions: Exclude<PodActions, { type: 'end' }>): Promise<void> {
    const isStarting = actions.type === 'create-sandbox' || actions.start.length > 0;
    if (!(await this.#ensureVolumes({ needed: isStarting }))) return;
    if (actions.type === 'create-sandbox') {
      const sandbox = await this.#createSandbox(actions.attempt);
      if (!sandbox) return;
      await this.#read();
      for (const container of actions.start) await this.#start(container, sandbox.status, sandbox.config);
      return;
    }
    if (!(await this.#resizer.enlarge(this.#pod, this.#runtime))) this.#wakeIn(retryMs);
    await this.#kill(actions);
    const config = await this.#sandboxConfig(actions.sandbox.attempt);
    for (const container of actions.start) {
      if (this.#interrupt.signal.aborted) return;
      const latest = latestContainer(this.#runtime, container.name);
      if (latest && this.#stopper.isStopping(latest.id)) continue;
      await this.#start(container, actions.sandbox, config);
    }
  }

  async #kill({ kill }: Extract<PodActions, { type: 'run' }>): Promise<void> {
    const grace = this.#pod.spec?.terminationGracePeriodSeconds ?? 30;
    const stops = kill.map(({ container, message, reason }) => {
      const ownGrace =
        reason === 'probe' ? this.#context.prober.failed(container.id)?.graceSeconds : undefined;
      return this.#stopper.stop(this.#pod, container, {
        graceSeconds: ownGrace ?? grace,
        message,
        address: this.#facts().podAddresses[0] ?? '',
      });
    });
    // A pod that is to end hurries these stops on its next look.
    await unlessAborted(Promise.all(stops), this.#interrupt.signal).catch(() => undefined);
    if (stops.length > 0) await this.#read();
  }

  /** Answers false when a volume isn't there and something was to start. */
  async #ensureVolumes({ needed }: { needed: boolean }): Promise<boolean> {
    const { volumes, objects, clock, events } = this.#context;
    const refreshAtMs = volumes.refreshAtMs(this.uid);
    const isDue = refreshAtMs !== undefined && refreshAtMs <= clock.now();
    if (!this.#volumesStaleness.isStale && !isDue) {
      if (refreshAtMs !== undefined) this.#wakeIn(refreshAtMs - clock.now());
      return true;
    }
    const namespace = this.#pod.metadata.namespace ?? '';
    try {
      this.#volumes = await this.#volumesStaleness.renew(() =>
        volumes.ensure(this.#pod, {
          facts: this.#facts(),
          allocatable: this.#context.allocatable(),
          configMap: (name) => objects.configMap(namespace, name),
          secret: (name) => objects.secret(namespace, name),
        }),
      );
      const nextMs = volumes.refreshAtMs(this.uid);
      if (nextMs !== undefined) this.#wakeIn(nextMs - clock.now());
      return true;
    } catch (error) {
      events.warning({ pod: this.#pod }, 'FailedMount', describeError(error));
      this.#wakeIn(retryMs);
      return !needed;
    }
  }

  async #sandboxConfig(attempt: number): Promise<SandboxConfig> {
    const { cgroupRoot, logRoot, hostDns } = this.#context;
    return sandboxConfig(this.#pod, attempt, {
      cgroupRoot,
      logRoot,
      clusterDns: this.#context.clusterDns(),
      hostDns: await hostDns(),
    });
  }

  async #createSandbox(
    attempt: number,
  ): Promise<{ status: SandboxStatus; config: SandboxConfig } | undefined> {
    const { runtime, events, networkFault, cgroups, cgroupRoot } = this.#context;
    const part = { pod: this.#pod };
    const fault = this.#pod.spec?.hostNetwork ? undefined : networkFault();
    if (fault) {
      events.warning(part, 'NetworkNotReady', `network is not ready: ${fault}`);
      this.#wakeIn(1_000);
      return undefined;
    }
    if (attempt > 0) {
      events.normal(part, 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
      await this.#stopSandboxes();
    }
    const config = await this.#sandboxConfig(attempt);
    try {
      await cgroups.ensure(podCgroup(cgroupRoot, this.#pod), podCgroupResources(this.#pod));
      const id = await runtime.runSandbox(config);
      return { status: await runtime.sandboxStatus(id), config };
    } catch (error) {
      events.warning(
        part,
        'FailedCreatePodSandBox',
        `Failed to create pod sandbox: ${error instanceof RuntimeError ? error.quoted : describeError(error)}`,
      );
      this.#wakeIn(retryMs);
      return undefined;
    }
  }

  async #start(container: Container, sandbox: SandboxStatus, config: SandboxConfig): Promise<void> {
    // It will be tried again when they are.
    if (this.#policies === undefined) return;
    const latest = latestContainer(this.#runtime, container.name);
    if (latest && isRunning(latest)) return;
    if (latest?.state === 'exited' && this.#holdsBack(container, latest)) return;
    const reported = [
      ...(this.#status?.containerStatuses ?? []),
      ...(this.#status?.initContainerStatuses ?? []),
    ].find(({ name }) => name === container.name);
    const wasThere = reported?.containerID !== undefined || reported?.lastState !== undefined;
    const restartCount = latest
      ? restartCountOf(latest) + 1
      : wasThere
        ? (reported?.restartCount ?? 0) + 1
        : 0;
    const request = {
      pod: this.#pod,
      container,
      sandbox,
      sandboxConfig: config,
      restartCount,
      volumes: this.#volumes,
      targetId: this.#debugTarget(container),
    };
    try {
      // One that was made but never started is in the way of its successor.
      if (latest && latest.state !== 'exited') await this.#context.runtime.removeContainer(latest.id);
      const id = await startContainer(this.#context, { ...request, signal: this.#interrupt.signal });
      this.#resizer.started(id, container);
      this.#waiting.delete(container.name);
    } catch (error) {
      if (this.#interrupt.signal.aborted) return;
      const known = error instanceof StartError ? error : undefined;
      this.#waiting.set(container.name, {
        reason: known?.reason ?? 'CreateContainerError',
        message: describeError(known ?? error),
      });
      this.#wakeIn(known?.retryAfterMs ?? retryMs);
    }
  }

  /** The container whose processes a debugging container is to see. */
  #debugTarget(container: Container): string | undefined {
    const target = ephemeralContainers(this.#pod).find(
      ({ name }) => name === container.name,
    )?.targetContainerName;
    const found = target ? latestContainer(this.#runtime, target) : undefined;
    return isRunning(found) ? found?.id : undefined;
  }

  #holdsBack(container: Container, latest: ContainerStatus): boolean {
    const { clock, events } = this.#context;
    const { leftMs, delayMs } = this.#backoff.check(container.name, {
      finishedAtMs: latest.finishedAtMs,
      nowMs: clock.now(),
    });
    if (leftMs <= 0) return false;
    const pod = podText(this.#pod);
    const isNews = this.#waiting.get(container.name)?.reason !== 'CrashLoopBackOff';
    if (isNews) {
      const text = `Back-off restarting failed container ${container.name} in pod ${pod}`;
      events.warning({ pod: this.#pod, container: container.name }, 'BackOff', text);
    }
    this.#waiting.set(container.name, crashLoop(container.name, pod, delayMs));
    this.#wakeIn(leftMs);
    return true;
  }

  /** Stops what runs, in order, and reports. Then, by aim: keeps the remains for reading, or takes everything away. */
  async #end(): Promise<void> {
    this.#waiting.clear();
    this.#report();
    const running = runningContainers(this.#runtime);
    if (running.length > 0) {
      this.#stopNext(running);
      return;
    }
    if (this.#runtime?.sandboxes.some(({ ready }) => ready)) {
      await this.#stopSandboxes();
      await this.#read();
    }
    if (!this.#cleaned) await this.#cleanNode();
    this.#report({ ended: true });
    if (this.#aim.type === 'delete') {
      const { statuses } = this.#context;
      if (statuses.isSettled(this.uid)) await this.#letGo();
      else void statuses.settled(this.uid).then(() => this.wake());
    } else if (this.#aim.type === 'gone') await this.#erase();
  }

  #stopNext(running: readonly ContainerStatus[]): void {
    for (const container of nextToStop(this.#pod, running)) {
      const request = { graceSeconds: this.#graceSeconds(), address: this.#facts().podAddresses[0] ?? '' };
      void this.#stopper.stop(this.#pod, container, request).then(() => this.wake());
    }
  }

  #graceSeconds(): number {
    const { metadata, spec } = this.#pod;
    const own = spec?.terminationGracePeriodSeconds ?? 30;
    const seconds =
      this.#aim.type === 'run' || this.#aim.type === 'fail'
        ? own
        : (metadata.deletionGracePeriodSeconds ?? own);
    return Math.max(seconds, 1);
  }

  async #stopSandboxes(): Promise<void> {
    for (const { id } of this.#runtime?.sandboxes ?? []) await this.#context.runtime.stopSandbox(id);
  }

  /** What a pod that has ended needs no more: mounts, groups, devices. Its logs and statuses stay to be read. */
  async #cleanNode(): Promise<void> {
    const { volumes, cgroups, cgroupRoot, devices, prober, objects, puller } = this.#context;
    prober.forget(this.uid);
    objects.release(this.uid);
    puller.forget(this.uid);
    devices?.release(this.uid);
    await volumes.remove(this.uid);
    await cgroups.remove(podCgroup(cgroupRoot, this.#pod));
    this.#cleaned = true;
  }

  async #letGo(): Promise<void> {
    try {
      await this.#context.statuses.remove(this.#pod);
    } catch (error) {
      this.#context.log.warn('pod not deleted', { pod: podText(this.#pod), error: describeError(error) });
      this.#wakeIn(retryMs);
    }
  }

  async #erase(): Promise<void> {
    await removeRemains(this.#context, this.#pod, this.#runtime);
    this.#stop.abort(new Error('pod has ended'));
    this.#timer?.timer.cancel();
    this.#done(this.uid);
  }
}

/** Fields of the metadata whose change the node has to act on. */
function essential({ metadata }: Pod) {
  const { labels, annotations, deletionTimestamp, deletionGracePeriodSeconds, generation } = metadata;
  return { labels, annotations, deletionTimestamp, deletionGracePeriodSeconds, generation };
}

function isEnded(status: PodStatus | undefined): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
