/**
 * Stops containers: event, preStop hook, SIGTERM, and SIGKILL when the grace is over. Stopping one that is being stopped
 * joins it, or hurries it when less grace is left to give.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
 */
import type { Container, Pod } from '@skerry/api';
import { describeError, sleep, type Clock } from '@skerry/base';
import type { PodContext } from '#pods/context.ts';
import { allContainers } from '#pods/labels.ts';
import type { ContainerStatus } from '#runtime.ts';

export interface StopRequest {
  readonly graceSeconds: number;
  /** Of the `Killing` event. */
  readonly message?: string;
  /** Address of the pod, for hooks that ask it. */
  readonly address: string;
}

/** After a hook has used up the grace, this much is left to the container. */
const graceMinSeconds = 2;

interface Stop {
  done: Promise<void>;
  deadlineMs: number;
}

type StopperContext = Pick<PodContext, 'runtime' | 'runHook' | 'events' | 'log'> & { readonly clock: Clock };

export class ContainerStopper {
  readonly #context: StopperContext;
  readonly #stops = new Map<string, Stop>();

  constructor(context: StopperContext) {
    this.#context = context;
  }

  isStopping(containerId: string): boolean {
    return this.#stops.has(containerId);
  }

  /** Resolves when the container has ended; never rejects, the next look tells whether it worked. */
  stop(pod: Pod, container: ContainerStatus, request: StopRequest): Promise<void> {
    const { clock, runtime } = this.#context;
    const deadlineMs = clock.monotonic() + request.graceSeconds * 1000;
    const running = this.#stops.get(container.id);
    if (running) {
      if (deadlineMs < running.deadlineMs - 1000) {
        running.deadlineMs = deadlineMs;
        const hurried = runtime.stopContainer(container.id, request.graceSeconds).catch(() => undefined);
        running.done = Promise.race([running.done, hurried]);
      }
      return running.done;
    }
    const stop: Stop = { deadlineMs, done: Promise.resolve() };
    this.#stops.set(container.id, stop);
    stop.done = this.#carryOut(pod, container, request).finally(() => this.#stops.delete(container.id));
    return stop.done;
  }

  async #carryOut(pod: Pod, container: ContainerStatus, request: StopRequest): Promise<void> {
    const { clock, events, log, runtime } = this.#context;
    const spec = allContainers(pod).find(({ name }) => name === container.name);
    const message = request.message ?? `Stopping container ${container.name}`;
    events.normal({ pod, container: container.name }, 'Killing', message);
    const startedMs = clock.monotonic();
    if (spec?.lifecycle?.preStop && request.graceSeconds > 0)
      await this.#preStop(pod, spec, { container, request });
    const spentSeconds = (clock.monotonic() - startedMs) / 1000;
    const leftSeconds = spec?.lifecycle?.preStop
      ? Math.max(request.graceSeconds - spentSeconds, Math.min(graceMinSeconds, request.graceSeconds))
      : request.graceSeconds;
    try {
      await runtime.stopContainer(container.id, leftSeconds);
    } catch (error) {
      log.warn('container did not stop', {
        pod: pod.metadata.name,
        container: container.name,
        error: describeError(error),
      });
    }
  }

  async #preStop(
    pod: Pod,
    spec: Container,
    { container, request }: { container: ContainerStatus; request: StopRequest },
  ): Promise<void> {
    const { clock, events, log, runHook } = this.#context;
    const hook = spec.lifecycle?.preStop;
    if (!hook) return;
    if (hook.sleep) {
      await sleep(clock, Math.min(hook.sleep.seconds, request.graceSeconds) * 1000);
      return;
    }
    const target = { containerId: container.id, container: spec, address: request.address };
    const hookRun = runHook(hook, target, Math.max(1, Math.floor(request.graceSeconds)));
    const overdue = sleep(clock, request.graceSeconds * 1000).then(() => undefined);
    const result = await Promise.race([hookRun, overdue]);
    if (result?.outcome === 'success') return;
    log.warn('preStop hook failed', {
      pod: pod.metadata.name,
      container: spec.name,
      result: result?.outcome ?? 'timeout',
    });
    events.warning({ pod, container: spec.name }, 'FailedPreStopHook', 'PreStopHook failed');
  }
}
