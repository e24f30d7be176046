/**
 * Brings a container's image onto the node by its pull policy. A failed pull is tried again after 10 s, doubling to five
 * minutes, per pod and image; a pull that is under way for one pod is shared by others with the same credential.
 * https://kubernetes.io/docs/concepts/containers/images/
 */
import { normalizeImageReference, parseImageReference } from '@skerry/api';
import type { Container, Pod, SandboxMetadata, Secret } from '@skerry/api';
import { Backoff, describeError, type Clock } from '@skerry/base';
import { credentialsFor } from '#images/credentials.ts';
import { unlessAborted } from '#pods/abort.ts';
import type { PodEvents } from '#pods/events.ts';
import { initContainers, podUid } from '#pods/labels.ts';
import {
  RuntimeError,
  type ContainerRuntime,
  type Image,
  type RegistryCredential,
  type SandboxConfig,
} from '#runtime.ts';

export type ImageFailureReason =
  | 'ErrImagePull'
  | 'ImagePullBackOff'
  | 'ErrImageNeverPull'
  | 'InvalidImageName'
  | 'ImageInspectError';

/** Why a container has no image yet; `reason` is what `kubectl get pods` shows. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly reason: ImageFailureReason;
  /** Worth trying again then, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;

  constructor(
    reason: ImageFailureReason,
    message: string,
    options: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export interface ImagePullerOptions {
  readonly runtime: ContainerRuntime;
  readonly events: PodEvents;
  readonly clock: Clock;
}

export interface EnsureOptions {
  readonly secrets: readonly Secret[];
  readonly sandbox: SandboxConfig;
  readonly signal: AbortSignal;
}

export interface PullAheadOptions {
  readonly secrets: readonly Secret[];
  /** What the runtime is told of a pod to come. */
  readonly sandbox?: SandboxMetadata;
  readonly signal: AbortSignal;
}

interface Failure {
  readonly backoff: Backoff;
  atMs: number;
  delayMs: number;
  message: string;
}

/** Failures beyond it are forgotten, oldest first. */
const failuresMax = 1_000;

export class ImagePuller {
  readonly #options: ImagePullerOptions;
  readonly #failures = new Map<string, Failure>();
  readonly #pulls = new Map<string, Promise<string>>();

  constructor(options: ImagePullerOptions) {
    this.#options = options;
  }

  /** The image, present on this node. @throws ImageError */
  async ensure(pod: Pod, container: Container, options: EnsureOptions): Promise<Image> {
    const named = container.image ?? '';
    const { events, runtime } = this.#options;
    const part = { pod, container: container.name };
    if (!parseImageReference(named) && !/^sha256:[0-9a-f]{64}$/.test(named)) {
      const message = `Failed to apply default image tag "${named}": couldn't parse image name "${named}": invalid reference format`;
      events.warning(part, 'InspectFailed', message);
      throw new ImageError('InvalidImageName', message);
    }
    const present = await runtime.imageStatus(named).catch((cause: unknown) => {
      const message = `Failed to inspect image "${named}": ${describeError(cause)}`;
      events.warning(part, 'InspectFailed', message);
      throw new ImageError('ImageInspectError', message, { cause, retryAfterMs: 10_000 });
    });
    const policy = container.imagePullPolicy ?? defaultPolicy(named);
    if (present && policy !== 'Always') {
      events.normal(
        part,
        'Pulled',
        `Container image "${named}" already present on machine and can be accessed by the pod`,
      );
      return present;
    }
    if (policy === 'Never') {
      const message = `Container image "${named}" is not present with pull policy of Never`;
      events.warning(part, 'ErrImageNeverPull', message);
      throw new ImageError('ErrImageNeverPull', message);
    }
    return this.#pull(pod, container, options);
  }

  /** Pulls an image that no pod asks for yet, together with pods that do. */
  async pull(reference: string, options: PullAheadOptions): Promise<Image> {
    const id = await this.#pullWithCredentials(reference, options);
    const image = await this.#find(id, reference);
    if (!image) throw new Error(`image "${reference}" is not there after its pull`);
    return image;
  }

  async #find(id: string, named: string): Promise<Image | undefined> {
    const { runtime } = this.#options;
    return (await runtime.imageStatus(id)) ?? (await runtime.imageStatus(named));
  }

  /** A pod has gone: what failed for it doesn't matter any more. */
  forget(uid: string): void {
    for (const key of this.#failures.keys()) if (key.startsWith(`${uid}/`)) this.#failures.delete(key);
  }

  async #pull(pod: Pod, container: Container, options: EnsureOptions): Promise<Image> {
    const named = container.image ?? '';
    const { events, clock } = this.#options;
    const part = { pod, container: container.name };
    const key = `${podUid(pod)}/${named}`;
    this.#checkBackoff(part, named, key);

    events.normal(part, 'Pulling', `Pulling image "${named}"`);
    const startedMs = clock.monotonic();
    try {
      const id = await this.#pullWithCredentials(named, options);
      const image = await this.#find(id, named);
      if (!image) throw new Error(`image "${named}" is not there after its pull`);
      const took = durationText(clock.monotonic() - startedMs);
      events.normal(
        part,
        'Pulled',
        `Successfully pulled image "${named}" in ${took} (${took} including waiting). Image size: ${image.sizeBytes} bytes.`,
      );
      this.#failures.delete(key);
      return image;
    } catch (cause) {
      if (options.signal.aborted) throw cause;
      const message = cause instanceof RuntimeError ? cause.quoted : describeError(cause);
      const delayMs = this.#noteFailure(key, message);
      events.warning(part, 'Failed', `Failed to pull image "${named}": ${message}`);
      events.warning(part, 'Failed', 'Error: ErrImagePull');
      throw new ImageError('ErrImagePull', message, { cause, retryAfterMs: delayMs });
    }
  }

  #checkBackoff(part: { pod: Pod; container: string }, named: string, key: string): void {
    const failure = this.#failures.get(key);
    if (!failure) return;
    const leftMs = failure.atMs + failure.delayMs - this.#options.clock.monotonic();
    if (leftMs <= 0) return;
    const message = `Back-off pulling image "${named}"`;
    this.#options.events.normal(part, 'BackOff', message);
    this.#options.events.warning(part, 'Failed', 'Error: ImagePullBackOff');
    throw new ImageError('ImagePullBackOff', `${message}: ErrImagePull: ${failure.message}`, {
      retryAfterMs: leftMs,
    });
  }

  #noteFailure(key: string, message: string): number {
    const known = this.#failures.get(key);
    const failure = known ?? {
      backoff: new Backoff({ baseMs: 10_000, maxMs: 300_000 }),
      atMs: 0,
      delayMs: 0,
      message,
    };
    failure.atMs = this.#options.clock.monotonic();
    failure.delayMs = failure.backoff.next();
    failure.message = message;
    if (!known && this.#failures.size >= failuresMax) {
      const oldest = this.#failures.keys().next();
      if (!oldest.done) this.#failures.delete(oldest.value);
    }
    this.#failures.set(key, failure);
    return failure.delayMs;
  }

  /** Tries each credential that fits the registry; none is sent only where none fits. */
  async #pullWithCredentials(
    named: string,
    { secrets, sandbox, signal }: EnsureOptions | PullAheadOptions,
  ): Promise<string> {
    const reference = normalizeImageReference(named);
    const candidates: (RegistryCredential | undefined)[] = credentialsFor(reference, secrets);
    if (candidates.length === 0) candidates.push(undefined);
    let last: unknown;
    for (const credential of candidates) {
      try {
        return await this.#shared(reference, credential, { sandbox, signal });
      } catch (error) {
        if (signal.aborted) throw error;
        last = error;
      }
    }
    throw last;
  }

  #shared(
    reference: string,
    credential: RegistryCredential | undefined,
    { sandbox, signal }: { sandbox?: SandboxConfig | SandboxMetadata; signal: AbortSignal },
  ): Promise<string> {
    const key = JSON.stringify([reference, credential]);
    const running = this.#pulls.get(key);
    if (running) return unlessAborted(running, signal);
    // The pull itself goes on when this pod goes away: another may wait for the same image.
    const pull = this.#options.runtime
      .pullImage(reference, { credential, sandbox })
      .finally(() => this.#pulls.delete(key));
    this.#pulls.set(key, pull);
    return unlessAborted(pull, signal);
  }
}

function defaultPolicy(image: string): 'Always' | 'IfNotPresent' {
  return parseImageReference(image)?.tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function durationText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)}ms` : `${(ms / 1000).toFixed(3).replace(/\.?0+$/, '')}s`;
}

/** Names of the secrets that a pod's images may be pulled with. */
export function pullSecretNames(pod: Pod): string[] {
  return (pod.spec?.imagePullSecrets ?? []).flatMap(({ name }) => (name ? [name] : []));
}

/** Images that a pod needs, for those that keep what is in use. */
export function imagesOf(pod: Pod): string[] {
  const containers = [...initContainers(pod), ...(pod.spec?.containers ?? [])].map(({ image }) => image);
  const volumes = (pod.spec?.volumes ?? []).map(({ image }) => image?.reference);
  return [...containers, ...volumes].flatMap((image) => (image ? [image] : []));
}
