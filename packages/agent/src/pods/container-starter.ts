/** Makes and starts one container of a pod whose sandbox stands: image, environment, mounts, devices, then the runtime. */
import { chmod, mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Container, Pod, Secret } from '@skerry/api';
import { describeError, sleep } from '@skerry/base';
import { unlessAborted } from '#pods/abort.ts';
import { ImageError, pullSecretNames } from '#images/puller.ts';
import { hostsFile, podHostname } from '#network/hosts-file.ts';
import { containerConfig, containerLogPath, defaultTerminationMessagePath } from '#pods/container-config.ts';
import type { PodContext } from '#pods/context.ts';
import { ContainerConfigError, environment } from '#pods/environment.ts';
import { expand } from '#pods/expansion.ts';
import type { PodFacts } from '#pods/fields.ts';
import { mountImageVolumes } from '#pods/image-volumes.ts';
import { podUid } from '#pods/labels.ts';
import type { ContainerConfig, EnvVar, Mount, SandboxConfig, SandboxStatus } from '#runtime.ts';
import { isReadOnlyVolume } from '#volumes/volumes.ts';

/** Why a container doesn't run; `reason` is what `kubectl get pods` shows. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor(reason: string, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export interface StartRequest {
  readonly pod: Pod;
  readonly container: Container;
  readonly sandbox: SandboxStatus;
  readonly sandboxConfig: SandboxConfig;
  readonly restartCount: number;
  /** Host paths of the pod's volumes. */
  readonly volumes: ReadonlyMap<string, string>;
  /** Container whose processes this one sees. */
  readonly targetId?: string;
  readonly signal: AbortSignal;
}

const configRetryMs = 10_000;

/** Answers the container's id. @throws StartError */
export async function startContainer(context: PodContext, request: StartRequest): Promise<string> {
  const { runtime, events } = context;
  const { pod, container, sandbox, sandboxConfig } = request;
  const part = { pod, container: container.name };
  const config = await prepare(context, request);
  const fail = (reason: string) => (cause: unknown) => {
    const message = describeError(cause);
    events.warning(part, 'Failed', `Error: ${message}`);
    throw new StartError(reason, message, { cause, retryAfterMs: configRetryMs });
  };
  const id = await runtime
    .createContainer(sandbox.id, config, sandboxConfig)
    .catch(fail('CreateContainerError'));
  events.normal(part, 'Created', 'Container created');
  await runtime.startContainer(id).catch(fail('RunContainerError'));
  events.normal(part, 'Started', 'Container started');
  await postStart(context, request, id);
  return id;
}

async function prepare(context: PodContext, request: StartRequest): Promise<ContainerConfig> {
  const { puller, events, devices, memoryCapacityBytes } = context;
  const { pod, container, sandboxConfig, restartCount, signal } = request;
  try {
    const secrets = await pullSecrets(context, pod);
    const image = await puller.ensure(pod, container, { secrets, sandbox: sandboxConfig, signal });
    await mountImageVolumes(context, { ...request, secrets });
    const env = await containerEnvironment(context, request);
    const terminationMessageFile = context.hostAccess ? await makeTerminationFile(context, request) : '';
    return containerConfig(pod, container, {
      image,
      env,
      mounts: await mountsOf(context, request, { env, terminationMessageFile }),
      devices: await devices?.allocate(pod, container),
      restartCount,
      targetId: request.targetId,
      terminationMessageFile,
      memoryCapacityBytes,
    });
  } catch (cause) {
    if (signal.aborted) throw cause;
    if (cause instanceof ImageError) {
      throw new StartError(cause.reason, cause.message, {
        cause,
        retryAfterMs: cause.retryAfterMs ?? configRetryMs,
      });
    }
    const message = describeError(cause);
    events.warning({ pod, container: container.name }, 'Failed', `Error: ${message}`);
    throw new StartError('CreateContainerConfigError', message, { cause, retryAfterMs: configRetryMs });
  }
}

/** A secret that isn't there is no fault yet: the image may be public, or here already. */
export async function pullSecrets(
  { objects, events }: Pick<PodContext, 'objects' | 'events'>,
  pod: Pod,
): Promise<Secret[]> {
  const namespace = pod.metadata.namespace ?? '';
  const names = pullSecretNames(pod);
  const found = await Promise.all(
    names.map((name) => objects.secret(namespace, name).catch(() => undefined)),
  );
  const missing = names.filter((_, index) => !found[index]);
  if (missing.length > 0) {
    const message = `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`;
    events.warning({ pod }, 'FailedToRetrieveImagePullSecret', message);
  }
  return found.filter((secret) => secret !== undefined);
}

export function podFacts(
  { hostAddresses }: Pick<PodContext, 'hostAddresses'>,
  pod: Pod,
  sandbox: SandboxStatus | undefined,
): PodFacts {
  const addresses = hostAddresses();
  return {
    pod,
    hostAddresses: addresses,
    podAddresses: pod.spec?.hostNetwork ? addresses : (sandbox?.addresses ?? []),
  };
}

function containerEnvironment(
  context: PodContext,
  { pod, container, sandbox }: StartRequest,
): Promise<EnvVar[]> {
  const namespace = pod.metadata.namespace ?? '';
  return environment(container, {
    facts: podFacts(context, pod, sandbox),
    allocatable: context.allocatable(),
    configMap: (name) => context.objects.configMap(namespace, name),
    secret: (name) => context.objects.secret(namespace, name),
    services: context.services,
  });
}

const propagations = {
  None: 'private',
  HostToContainer: 'host-to-container',
  Bidirectional: 'bidirectional',
} as const;

async function mountsOf(
  context: PodContext,
  request: StartRequest,
  { env, terminationMessageFile }: { env: readonly EnvVar[]; terminationMessageFile: string },
): Promise<Mount[]> {
  const { pod, container, volumes } = request;
  const mounts: Mount[] = [];
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const path = volumes.get(mount.name);
    if (path === undefined)
      throw new ContainerConfigError(
        `cannot find volume "${mount.name}" to mount into container "${container.name}"`,
      );
    const values = new Map(env.map(({ name, value }) => [name, value]));
    const subPath = mount.subPathExpr ? expand(mount.subPathExpr, (name) => values.get(name)) : mount.subPath;
    const part = { volume: mount.name, path, container: container.name, index };
    mounts.push({
      containerPath: mount.mountPath,
      hostPath: subPath ? await context.volumes.subPath(pod, { ...part, subPath }) : path,
      readOnly: mount.readOnly || isReadOnlyVolume(pod, mount.name),
      propagation: propagations[(mount.mountPropagation ?? 'None') as keyof typeof propagations] ?? 'private',
    });
  }
  if (!context.hostAccess) return mounts;
  const taken = new Set(mounts.map(({ containerPath }) => containerPath));
  if (!taken.has('/etc/hosts')) {
    mounts.push({
      containerPath: '/etc/hosts',
      hostPath: await makeHostsFile(context, request),
      readOnly: false,
      propagation: 'private',
    });
  }
  const messagePath = container.terminationMessagePath ?? defaultTerminationMessagePath;
  mounts.push({
    containerPath: messagePath,
    hostPath: terminationMessageFile,
    readOnly: false,
    propagation: 'private',
  });
  return mounts;
}

async function makeHostsFile(context: PodContext, { pod, sandbox }: StartRequest): Promise<string> {
  const path = join(context.volumes.podDirectory(podUid(pod)), 'etc-hosts');
  const text = hostsFile(pod, {
    ...podHostname(pod, context.clusterDns().domain),
    addresses: sandbox.addresses,
    hostFile: pod.spec?.hostNetwork ? await context.hostsFile() : '',
  });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

async function makeTerminationFile(
  context: PodContext,
  { pod, container, restartCount, sandboxConfig }: StartRequest,
): Promise<string> {
  const folder = join(context.volumes.podDirectory(podUid(pod)), 'containers', container.name);
  const path = join(folder, randomUUID().slice(0, 8));
  await mkdir(folder, { recursive: true });
  await (await open(path, 'w')).close();
  // Whoever the container runs as may write it.
  await chmod(path, 0o666);
  const log = join(sandboxConfig.logDirectory, containerLogPath(container, restartCount));
  await mkdir(dirname(log), { recursive: true });
  return path;
}

async function postStart(
  context: PodContext,
  { pod, container, sandbox, signal }: StartRequest,
  id: string,
): Promise<void> {
  const hook = container.lifecycle?.postStart;
  if (!hook) return;
  const address = podFacts(context, pod, sandbox).podAddresses[0] ?? '';
  if (hook.sleep) {
    await sleep(context.clock, hook.sleep.seconds * 1000, signal);
    return;
  }
  const run = context.runHook(hook, { containerId: id, container, address }, hookTimeoutSeconds);
  const result = await unlessAborted(run, signal);
  if (result.outcome === 'success') return;
  context.events.warning({ pod, container: container.name }, 'FailedPostStartHook', 'PostStartHook failed');
  const grace = pod.spec?.terminationGracePeriodSeconds ?? 30;
  context.events.normal({ pod, container: container.name }, 'Killing', 'FailedPostStartHook');
  await context.runtime.stopContainer(id, grace);
  throw new StartError('PostStartHookError', result.message);
}

/** A hook has no time limit of its own; the pod's end cuts it. */
const hookTimeoutSeconds = 30 * 60;
