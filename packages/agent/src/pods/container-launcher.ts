/**
 * Starts the containers of one pod, and remembers why one of them is not there: what the image, the runtime or the configuration
 * refused, or that it ended too often to be started again at once.
 */
import type { Container, ContainerStatus as ReportedStatus, Pod, PodStatus } from '@skerry/api';
import { describeError } from '@skerry/base';
import { startContainer, StartError, type StartRequest } from '#pods/container-starter.ts';
import type { PodContext } from '#pods/context.ts';
import { CrashBackoff, crashLoop } from '#pods/crash-backoff.ts';
import { ephemeralContainers, podText } from '#pods/labels.ts';
import { isRunning, latestContainer, restartCountOf, type RuntimePod } from '#pods/runtime-pod.ts';
import type { WaitingReason } from '#pods/status.ts';
import type { ContainerStatus } from '#runtime.ts';

export interface Launch extends Pick<
  StartRequest,
  'pod' | 'container' | 'sandbox' | 'sandboxConfig' | 'volumes' | 'signal'
> {
  /** As last reported. */
  readonly status: PodStatus | undefined;
  readonly runtimePod: RuntimePod | undefined;
  /** With the container's id, as soon as it runs. */
  readonly onStarted: (id: string) => void;
}

const retryMs = 10_000;

export class ContainerLauncher {
  readonly #context: PodContext;
  readonly #backoff = new CrashBackoff();
  readonly #waiting = new Map<string, WaitingReason>();

  constructor(context: PodContext) {
    this.#context = context;
  }

  /** Why containers are not there, by their names. */
  get waiting(): ReadonlyMap<string, WaitingReason> {
    return this.#waiting;
  }

  /** The pod ends: nothing is waited for. */
  forget(): void {
    this.#waiting.clear();
  }

  /** Answers after how long to try again, where it was not started. */
  async start(launch: Launch): Promise<number | undefined> {
    const { pod, container, runtimePod, status, signal } = launch;
    const latest = latestContainer(runtimePod, container.name);
    if (latest && isRunning(latest)) return undefined;
    const heldBackMs = latest?.state === 'exited' ? this.#holdsBack(pod, container, latest) : undefined;
    if (heldBackMs !== undefined) return heldBackMs;
    const request = {
      ...launch,
      restartCount: restartCount(latest, reportedOf(status, container)),
      targetId: debugTarget(pod, container, runtimePod),
    };
    try {
      // One that was made but never started is in the way of its successor.
      if (latest && latest.state !== 'exited') await this.#context.runtime.removeContainer(latest.id);
      launch.onStarted(await startContainer(this.#context, request));
      this.#waiting.delete(container.name);
      return undefined;
    } catch (error) {
      if (signal.aborted) return undefined;
      const known = error instanceof StartError ? error : undefined;
      this.#waiting.set(container.name, {
        reason: known?.reason ?? 'CreateContainerError',
        message: describeError(known ?? error),
      });
      return known?.retryAfterMs ?? retryMs;
    }
  }

  #holdsBack(pod: Pod, container: Container, latest: ContainerStatus): number | undefined {
    const { clock, events } = this.#context;
    const { leftMs, delayMs } = this.#backoff.check(container.name, {
      finishedAtMs: latest.finishedAtMs,
      nowMs: clock.now(),
    });
    if (leftMs <= 0) return undefined;
    const isNews = this.#waiting.get(container.name)?.reason !== 'CrashLoopBackOff';
    if (isNews) {
      const text = `Back-off restarting failed container ${container.name} in pod ${podText(pod)}`;
      events.warning({ pod, container: container.name }, 'BackOff', text);
    }
    this.#waiting.set(container.name, crashLoop(container.name, podText(pod), delayMs));
    return leftMs;
  }
}

function reportedOf(status: PodStatus | undefined, { name }: Container): ReportedStatus | undefined {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  return all.find((reported) => reported.name === name);
}

/** What the runtime has forgotten is counted by what was reported. */
function restartCount(latest: ContainerStatus | undefined, reported: ReportedStatus | undefined): number {
  if (latest) return restartCountOf(latest) + 1;
  const wasThere = reported?.containerID !== undefined || reported?.lastState !== undefined;
  return wasThere ? (reported?.restartCount ?? 0) + 1 : 0;
}

/** The container whose processes a debugging container is to see. */
function debugTarget(pod: Pod, container: Container, runtimePod: RuntimePod | undefined): string | undefined {
  const target = ephemeralContainers(pod).find(({ name }) => name === container.name)?.targetContainerName;
  const found = target ? latestContainer(runtimePod, target) : undefined;
  return isRunning(found) ? found?.id : undefined;
}
