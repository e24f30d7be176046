/**
 * One pod's life on this node. The worker looks at the spec, at the runtime and at its probes, does what is missing, and
 * reports; then it waits until something changes. It is level-based: `wake` says only that a look is worth it, and a
 * worker made anew in the middle of a pod's life goes on from what the runtime holds.
 *
 * One look runs at a time. What may take long (pulls, hooks, stopping) is given up or hurried when the pod is to end.
 */
import type { Container, Pod, PodStatus } from '@skerry/api';
import { describeError } from '@skerry/base';
import { unlessAborted } from '#pods/abort.ts';
import { computeActions, type PodActions } from '#pods/actions.ts';
import { ContainerLauncher } from '#pods/container-launcher.ts';
import { podFacts } from '#pods/container-starter.ts';
import { ContainerStopper } from '#pods/container-stopper.ts';
import type { PodContext } from '#pods/context.ts';
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
import { podCgroup } from '#pods/resources.ts';
import { latestContainer, runningContainers, type RuntimePod } from '#pods/runtime-pod.ts';
import { makeSandbox, sandboxConfigOf, stopSandboxes } from '#pods/sandbox-maker.ts';
import { SandboxRules } from '#pods/sandbox-rules.ts';
import { nextToStop } from '#pods/stop-order.ts';
import { mergeConditions, podStatus } from '#pods/status.ts';
import { equalButForNulls } from '#pods/status-patch.ts';
import { terminationMessage } from '#pods/termination-message.ts';
import { VolumeMounts } from '#pods/volume-mounts.ts';
import { WakeTimer } from '#pods/wake-timer.ts';
import type { ContainerStatus, SandboxConfig, SandboxStatus } from '#runtime.ts';

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
  readonly #launcher: ContainerLauncher;
  readonly #rules: SandboxRules;
  readonly #volumes: VolumeMounts;
  readonly #timer: WakeTimer;
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
  #dirty = false;
  #running: Promise<void> | undefined;
  #interrupt = new AbortController();
  #cleaned = false;

  constructor(pod: Pod, context: PodContext, done: (uid: string) => void) {
    this.uid = podUid(pod);
    this.#asked = pod;
    this.#resizer = new PodResizer(pod, context);
    this.#pod = this.#resizer.taken(pod);
    this.#status = pod.status;
    this.#context = context;
    this.#done = done;
    this.#stopper = new ContainerStopper(context);
    this.#launcher = new ContainerLauncher(context);
    this.#rules = new SandboxRules(context);
    this.#volumes = new VolumeMounts(context);
    this.#timer = new WakeTimer(context.clock, () => this.wake());
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
    this.#volumes.mark();
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
    this.#volumes.mark();
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
    this.#timer.stop();
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
        this.#timer.in(retryMs);
      }
    }
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
    if (!(await this.#rules.follow(this.#pod, this.#runtime?.sandboxes[0]))) this.#timer.in(retryMs);
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
      this.#volumes.mark();
    }
    if (this.#resizer.isPending) this.#timer.in(resizeRetryMs);
  }

  #checkDeadline(): void {
    const seconds = this.#pod.spec?.activeDeadlineSeconds;
    const startTime = this.#status?.startTime;
    if (this.#aim.type !== 'run' || seconds === undefined || !startTime || isEnded(this.#status)) return;
    const leftMs = Date.parse(startTime) + seconds * 1000 - this.#context.clock.now();
    if (leftMs > 0) {
      this.#timer.in(leftMs);
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
      waiting: this.#launcher.waiting,
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
    const { areThere, againInMs } = await this.#volumes.ensure(this.#pod, () => this.#facts());
    if (againInMs !== undefined) this.#timer.in(againInMs);
    if (isStarting && !areThere) return;
    if (actions.type === 'create-sandbox') {
      const sandbox = await makeSandbox(this.#context, this.#pod, {
        attempt: actions.attempt,
        former: this.#runtime,
      });
      if (sandbox.type === 'failed') {
        this.#timer.in(sandbox.retryAfterMs);
        return;
      }
      await this.#read();
      for (const container of actions.start) await this.#start(container, sandbox.status, sandbox.config);
      return;
    }
    if (!(await this.#resizer.enlarge(this.#pod, this.#runtime))) this.#timer.in(retryMs);
    await this.#kill(actions);
    const config = await sandboxConfigOf(this.#context, this.#pod, actions.sandbox.attempt);
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

  async #start(container: Container, sandbox: SandboxStatus, sandboxConfig: SandboxConfig): Promise<void> {
    // It will be tried again when they are.
    if (!this.#rules.arePoliciesInForce) return;
    const retryAfterMs = await this.#launcher.start({
      pod: this.#pod,
      container,
      sandbox,
      sandboxConfig,
      volumes: this.#volumes.paths,
      status: this.#status,
      runtimePod: this.#runtime,
      signal: this.#interrupt.signal,
      onStarted: (id) => this.#resizer.started(id, container),
    });
    if (retryAfterMs !== undefined) this.#timer.in(retryAfterMs);
  }

  /** Stops what runs, in order, and reports. Then, by aim: keeps the remains for reading, or takes everything away. */
  async #end(): Promise<void> {
    this.#launcher.forget();
    this.#report();
    const running = runningContainers(this.#runtime);
    if (running.length > 0) {
      this.#stopNext(running);
      return;
    }
    if (this.#runtime?.sandboxes.some(({ ready }) => ready)) {
      await stopSandboxes(this.#context, this.#runtime);
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

  /** What a pod that has ended needs no more: mounts, groups, devices. Its logs and statuses stay to be read. */
  async #cleanNode(): Promise<void> {
    const { volumes, cgroups, cgroupRoot, qosGroups, devices, prober, objects, puller } = this.#context;
    prober.forget(this.uid);
    objects.release(this.uid);
    puller.forget(this.uid);
    devices?.release(this.uid);
    await volumes.remove(this.uid);
    await cgroups.remove(podCgroup(cgroupRoot, this.#pod));
    this.#cleaned = true;
    // Written again before long where that fails.
    await qosGroups.update().catch(() => undefined);
  }

  async #letGo(): Promise<void> {
    try {
      await this.#context.statuses.remove(this.#pod);
    } catch (error) {
      this.#context.log.warn('pod not deleted', { pod: podText(this.#pod), error: describeError(error) });
      this.#timer.in(retryMs);
    }
  }

  async #erase(): Promise<void> {
    await removeRemains(this.#context, this.#pod, this.#runtime);
    this.#stop.abort(new Error('pod has ended'));
    this.#timer.stop();
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
