/** A container as the runtime is asked for it: pure, once environment, volumes and image are there. */
import type { Container, Pod, SecurityContext } from '@skerry/api';
import { expand } from '#pods/expansion.ts';
import { ContainerConfigError } from '#pods/environment.ts';
import { annotation, containerHash, containerLabels, containerRole, podText } from '#pods/labels.ts';
import { metadataHash } from '#pods/metadata-environment.ts';
import { containerResources } from '#pods/resources.ts';
import { namespaceModes, securityProfile, supplementalGroups } from '#pods/sandbox-config.ts';
import type { ContainerConfig, ContainerSecurity, DeviceNode, EnvVar, Image, Mount } from '#runtime.ts';

/** What device plugins add to a container. */
export interface DeviceAllocation {
  readonly env: readonly EnvVar[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly DeviceNode[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly cdiDevices: readonly string[];
}

export interface ContainerParts {
  readonly image: Image;
  readonly env: readonly EnvVar[];
  readonly mounts: readonly Mount[];
  readonly devices?: DeviceAllocation;
  readonly restartCount: number;
  /** Container whose processes this one sees. */
  readonly targetId?: string;
  readonly terminationMessageFile: string;
  readonly memoryCapacityBytes: number;
}

export const defaultTerminationMessagePath = '/dev/termination-log';

export function containerConfig(pod: Pod, container: Container, parts: ContainerParts): ContainerConfig {
  const env = [...(parts.devices?.env ?? []), ...parts.env];
  const values = new Map(env.map(({ name, value }) => [name, value]));
  const expanded = (texts: readonly string[] = []) =>
    texts.map((text) => expand(text, (name) => values.get(name)));
  const readHash = metadataHash(pod, container);
  return {
    name: container.name,
    attempt: parts.restartCount,
    image: parts.image.id,
    userSpecifiedImage: container.image ?? '',
    command: expanded(container.command),
    args: expanded(container.args),
    workingDirectory: container.workingDir ?? '',
    env,
    mounts: [...parts.mounts, ...(parts.devices?.mounts ?? [])],
    devices: parts.devices?.devices ?? [],
    cdiDevices: parts.devices?.cdiDevices ?? [],
    labels: containerLabels(pod, container),
    annotations: {
      ...parts.devices?.annotations,
      [annotation.hash]: containerHash(container),
      ...(readHash ? { [annotation.metadataHash]: readHash } : {}),
      [annotation.restartCount]: String(parts.restartCount),
      [annotation.role]: containerRole(pod, container),
      [annotation.terminationMessagePath]: container.terminationMessagePath ?? defaultTerminationMessagePath,
      [annotation.terminationMessagePolicy]: container.terminationMessagePolicy ?? 'File',
      [annotation.terminationMessageFile]: parts.terminationMessageFile,
      [annotation.gracePeriod]: String(pod.spec?.terminationGracePeriodSeconds ?? 30),
    },
    logPath: containerLogPath(container, parts.restartCount),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    resources: containerResources(pod, container, parts),
    security: containerSecurity(pod, container, parts),
  };
}

/** Below the pod's log folder: `web/0.log`. */
export function containerLogPath({ name }: Pick<Container, 'name'>, restartCount: number): string {
  return `${name}/${restartCount}.log`;
}

/** What a container may see of /proc and /sys: https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md */
const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

function containerSecurity(
  pod: Pod,
  container: Container,
  { image, targetId }: Pick<ContainerParts, 'image' | 'targetId'>,
): ContainerSecurity {
  const own: SecurityContext = container.securityContext ?? {};
  const shared = pod.spec?.securityContext ?? {};
  const privileged = own.privileged ?? false;
  const runAsUser = own.runAsUser ?? shared.runAsUser;
  if (own.runAsNonRoot ?? shared.runAsNonRoot) requireNonRoot(pod, container, { image, runAsUser });
  const open = privileged || own.procMount === 'Unmasked';
  return {
    privileged,
    runAsUser: runAsUser ?? image.user,
    runAsGroup: own.runAsGroup ?? shared.runAsGroup,
    supplementalGroups: supplementalGroups(pod),
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false && !privileged,
    capabilities: { add: own.capabilities?.add ?? [], drop: own.capabilities?.drop ?? [] },
    maskedPaths: open ? [] : maskedPaths,
    readonlyPaths: open ? [] : readonlyPaths,
    seccomp: securityProfile(own.seccompProfile ?? shared.seccompProfile),
    namespaces:
      targetId === undefined ? namespaceModes(pod) : { ...namespaceModes(pod), pid: 'target', targetId },
  };
}

function requireNonRoot(
  pod: Pod,
  container: Container,
  { image, runAsUser }: { image: Image; runAsUser?: number },
): void {
  const where = `(pod: "${podText(pod)}", container: ${container.name})`;
  if (runAsUser !== undefined) {
    if (runAsUser !== 0) return;
    throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${where}`);
  }
  if (image.username && image.username !== 'root') {
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  }
  if (!image.user)
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`);
}
