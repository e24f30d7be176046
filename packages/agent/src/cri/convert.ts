/** Between the plain types of `runtime.ts` and the messages on the wire. Absent numbers read as zero, as protobuf has it. */
import * as cri from '#cri/generated/cri.ts';
import type {
  ContainerConfig,
  ContainerResources,
  ContainerSecurity,
  ContainerState,
  ContainerStats,
  ContainerStatus,
  ContainerSummary,
  FilesystemUsage,
  Image,
  Mount,
  NamespaceModes,
  PortMapping,
  RegistryCredential,
  SandboxConfig,
  SandboxStats,
  SandboxStatus,
  SandboxSummary,
  SecurityProfile,
} from '#runtime.ts';

export function milliseconds(nanoseconds: bigint | undefined): number {
  return Number((nanoseconds ?? 0n) / 1_000_000n);
}

export function sandboxToWire(config: SandboxConfig): cri.PodSandboxConfig {
  return {
    metadata: {
      name: config.name,
      namespace: config.namespace,
      uid: config.uid,
      attempt: config.attempt,
    },
    hostname: config.hostname,
    logDirectory: config.logDirectory,
    dnsConfig: config.dns && {
      servers: [...config.dns.servers],
      searches: [...config.dns.searches],
      options: [...config.dns.options],
    },
    portMappings: config.portMappings.map(portToWire),
    labels: { ...config.labels },
    annotations: { ...config.annotations },
    linux: {
      cgroupParent: config.cgroupParent,
      sysctls: { ...config.sysctls },
      securityContext: {
        namespaceOptions: namespacesToWire(config.namespaces),
        privileged: config.privileged,
        runAsUser: int64(config.runAsUser),
        runAsGroup: int64(config.runAsGroup),
        supplementalGroups: config.supplementalGroups.map(BigInt),
        seccomp: profileToWire(config.seccomp),
      },
    },
  };
}

function portToWire(port: PortMapping): cri.PortMapping {
  return {
    protocol: cri.Protocol[port.protocol],
    containerPort: port.containerPort,
    hostPort: port.hostPort,
    hostIp: port.hostIp,
  };
}

const namespaceModes = {
  pod: cri.NamespaceMode.POD,
  container: cri.NamespaceMode.CONTAINER,
  node: cri.NamespaceMode.NODE,
  target: cri.NamespaceMode.TARGET,
} as const;

function namespacesToWire(modes: NamespaceModes): cri.NamespaceOption {
  return {
    network: namespaceModes[modes.network],
    pid: namespaceModes[modes.pid],
    ipc: namespaceModes[modes.ipc],
    targetId: modes.targetId,
  };
}

function profileToWire(profile: SecurityProfile): cri.SecurityProfile {
  const types = cri.SecurityProfile_ProfileType;
  if (profile.type === 'localhost') {
    return { profileType: types.Localhost, localhostRef: profile.reference };
  }
  return { profileType: profile.type === 'unconfined' ? types.Unconfined : types.RuntimeDefault };
}

function int64(value: number | undefined): cri.Int64Value | undefined {
  return value === undefined ? undefined : { value: BigInt(value) };
}

export function containerToWire(config: ContainerConfig): cri.ContainerConfig {
  return {
    metadata: { name: config.name, attempt: config.attempt },
    image: { image: config.image, userSpecifiedImage: config.userSpecifiedImage },
    command: [...config.command],
    args: [...config.args],
    workingDir: config.workingDirectory,
    envs: config.env.map(({ name, value }) => ({ key: name, value })),
    mounts: config.mounts.map(mountToWire),
    devices: config.devices.map((device) => ({ ...device })),
    CDIDevices: config.cdiDevices.map((name) => ({ name })),
    labels: { ...config.labels },
    annotations: { ...config.annotations },
    logPath: config.logPath,
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
    tty: config.tty,
    linux: {
      resources: resourcesToWire(config.resources),
      securityContext: securityToWire(config.security),
    },
  };
}

const propagations = {
  private: cri.MountPropagation.PROPAGATION_PRIVATE,
  'host-to-container': cri.MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  bidirectional: cri.MountPropagation.PROPAGATION_BIDIRECTIONAL,
} as const;

function mountToWire(mount: Mount): cri.Mount {
  return {
    containerPath: mount.containerPath,
    hostPath: mount.hostPath,
    readonly: mount.readOnly,
    propagation: propagations[mount.propagation],
  };
}

export function resourcesToWire(resources: ContainerResources): cri.LinuxContainerResources {
  return {
    cpuShares: wholeOrZero(resources.cpuShares),
    cpuQuota: wholeOrZero(resources.cpuQuota),
    cpuPeriod: wholeOrZero(resources.cpuPeriod),
    memoryLimitInBytes: wholeOrZero(resources.memoryLimitBytes),
    oomScoreAdj: wholeOrZero(resources.oomScoreAdj),
  };
}

function wholeOrZero(value: number | undefined): bigint {
  return BigInt(Math.trunc(value ?? 0));
}

function securityToWire(security: ContainerSecurity): cri.LinuxContainerSecurityContext {
  return {
    privileged: security.privileged,
    runAsUser: int64(security.runAsUser),
    runAsGroup: int64(security.runAsGroup),
    supplementalGroups: security.supplementalGroups.map(BigInt),
    readonlyRootfs: security.readOnlyRootFilesystem,
    noNewPrivs: security.noNewPrivileges,
    capabilities: {
      addCapabilities: [...security.capabilities.add],
      dropCapabilities: [...security.capabilities.drop],
    },
    maskedPaths: [...security.maskedPaths],
    readonlyPaths: [...security.readonlyPaths],
    seccomp: profileToWire(security.seccomp),
    apparmor: security.apparmor && profileToWire(security.apparmor),
    namespaceOptions: namespacesToWire(security.namespaces),
  };
}

export function sandboxFromWire(sandbox: cri.PodSandbox | cri.PodSandboxStatus): SandboxSummary {
  return {
    id: sandbox.id ?? '',
    name: sandbox.metadata?.name ?? '',
    namespace: sandbox.metadata?.namespace ?? '',
    uid: sandbox.metadata?.uid ?? '',
    attempt: sandbox.metadata?.attempt ?? 0,
    ready: (sandbox.state ?? cri.PodSandboxState.SANDBOX_READY) === cri.PodSandboxState.SANDBOX_READY,
    createdAtMs: milliseconds(sandbox.createdAt),
    labels: sandbox.labels ?? {},
    annotations: sandbox.annotations ?? {},
  };
}

export function sandboxStatusFromWire(sandbox: cri.PodSandboxStatus): SandboxStatus {
  const first = sandbox.network?.ip;
  const others = (sandbox.network?.additionalIps ?? []).map((entry) => entry.ip ?? '');
  const addresses = [first ?? '', ...others].filter((address) => address !== '');
  return { ...sandboxFromWire(sandbox), addresses };
}

const containerStates = new Map<number, ContainerState>([
  [cri.ContainerState.CONTAINER_CREATED, 'created'],
  [cri.ContainerState.CONTAINER_RUNNING, 'running'],
  [cri.ContainerState.CONTAINER_EXITED, 'exited'],
]);

export function containerFromWire(container: cri.Container): ContainerSummary {
  return {
    id: container.id ?? '',
    sandboxId: container.podSandboxId ?? '',
    ...commonOf(container),
  };
}

function commonOf(container: cri.Container | cri.ContainerStatus) {
  return {
    name: container.metadata?.name ?? '',
    attempt: container.metadata?.attempt ?? 0,
    state: containerStates.get(container.state ?? 0) ?? ('unknown' as const),
    createdAtMs: milliseconds(container.createdAt),
    image: container.image?.image ?? '',
    imageId: container.imageRef ?? '',
    labels: container.labels ?? {},
    annotations: container.annotations ?? {},
  };
}

export function containerStatusFromWire(status: cri.ContainerStatus, sandboxId: string): ContainerStatus {
  return {
    id: status.id ?? '',
    sandboxId,
    ...commonOf(status),
    startedAtMs: milliseconds(status.startedAt),
    finishedAtMs: milliseconds(status.finishedAt),
    exitCode: status.exitCode ?? 0,
    reason: status.reason ?? '',
    message: status.message ?? '',
    logPath: status.logPath ?? '',
  };
}

export function containerStatsFromWire(stats: cri.ContainerStats): ContainerStats {
  const { cpu, memory, writableLayer } = stats;
  return {
    id: stats.attributes?.id ?? '',
    name: stats.attributes?.metadata?.name ?? '',
    labels: stats.attributes?.labels ?? {},
    cpu: cpu?.usageCoreNanoSeconds && {
      atMs: milliseconds(cpu.timestamp),
      usageCoreNanoSeconds: cpu.usageCoreNanoSeconds.value ?? 0n,
    },
    memory: memory?.workingSetBytes && {
      atMs: milliseconds(memory.timestamp),
      workingSetBytes: Number(memory.workingSetBytes.value ?? 0n),
      usageBytes: optionalNumber(memory.usageBytes),
      rssBytes: optionalNumber(memory.rssBytes),
      availableBytes: optionalNumber(memory.availableBytes),
      pageFaults: optionalNumber(memory.pageFaults),
      majorPageFaults: optionalNumber(memory.majorPageFaults),
    },
    writableLayer: writableLayer && filesystemFromWire(writableLayer),
  };
}

function optionalNumber(value: cri.UInt64Value | undefined): number | undefined {
  return value === undefined ? undefined : Number(value.value ?? 0n);
}

export function filesystemFromWire(usage: cri.FilesystemUsage): FilesystemUsage {
  return {
    atMs: milliseconds(usage.timestamp),
    mountpoint: usage.fsId?.mountpoint ?? '',
    usedBytes: Number(usage.usedBytes?.value ?? 0n),
    inodesUsed: Number(usage.inodesUsed?.value ?? 0n),
  };
}

export function sandboxStatsFromWire(stats: cri.PodSandboxStats): SandboxStats {
  const network = stats.linux?.network;
  const main = network?.defaultInterface;
  return {
    id: stats.attributes?.id ?? '',
    labels: stats.attributes?.labels ?? {},
    network: main && {
      atMs: milliseconds(network.timestamp),
      interface: main.name ?? '',
      rxBytes: optionalNumber(main.rxBytes) ?? 0,
      txBytes: optionalNumber(main.txBytes) ?? 0,
    },
  };
}

export function imageFromWire(image: cri.Image): Image {
  return {
    id: image.id ?? '',
    tags: image.repoTags ?? [],
    digests: image.repoDigests ?? [],
    sizeBytes: Number(image.size ?? 0n),
    pinned: image.pinned ?? false,
    user: image.uid === undefined ? undefined : Number(image.uid.value ?? 0n),
    username: image.username || undefined,
  };
}

export function credentialToWire(credential: RegistryCredential): cri.AuthConfig {
  return { ...credential };
}
