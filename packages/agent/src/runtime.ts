/**
 * What the agent needs of a container runtime: the part of the CRI that it uses, in plain types. `createCriRuntime` speaks
 * it to containerd or CRI-O, a simulated runtime answers it without processes.
 *
 * Promises: every method may be repeated. Stopping or removing something that isn't there succeeds; reading it rejects
 * with a `RuntimeError` of code `not-found`. `podUid` filters by the label `io.kubernetes.pod.uid`. Times are milliseconds since the epoch, sizes are bytes.
 * Facts: https://kubernetes.io/docs/concepts/architecture/cri/
 */
import type { SandboxMetadata } from '@skerry/api';

export interface ContainerRuntime {
  version(): Promise<RuntimeVersion>;
  /** Readiness of the runtime and of its pod network. */
  status(): Promise<RuntimeStatus>;

  /** Makes the sandbox, with its network, and answers its id. */
  runSandbox(config: SandboxConfig): Promise<string>;
  /** Ends everything in the sandbox and gives its address back; the sandbox stays listed as not ready. */
  stopSandbox(id: string): Promise<void>;
  removeSandbox(id: string): Promise<void>;
  listSandboxes(filter?: { podUid: string }): Promise<SandboxSummary[]>;
  sandboxStatus(id: string): Promise<SandboxStatus>;

  createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** SIGTERM, then SIGKILL after `timeoutSeconds`; resolves when the container has ended. */
  stopContainer(id: string, timeoutSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  listContainers(filter?: { podUid: string }): Promise<ContainerSummary[]>;
  containerStatus(id: string): Promise<ContainerStatus>;
  updateContainerResources(id: string, resources: ContainerResources): Promise<void>;
  /** The log file was moved away: continue in a new one at the same path. */
  reopenContainerLog(id: string): Promise<void>;

  /** Runs a command to its end. Rejects with code `timeout` when `timeoutSeconds` pass first. */
  execSync(id: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult>;
  /** Where to open the stream (SPDY or WebSocket) for a command; the URL is good for one use, within a minute. */
  execUrl(id: string, request: ExecRequest): Promise<string>;
  attachUrl(id: string, request: Omit<ExecRequest, 'command'>): Promise<string>;
  portForwardUrl(sandboxId: string): Promise<string>;

  listContainerStats(): Promise<ContainerStats[]>;
  /** Network of each sandbox; empty where the runtime doesn't know. */
  listSandboxStats(): Promise<SandboxStats[]>;

  listImages(): Promise<Image[]>;
  /** Undefined when the image isn't on this node. `reference` is a name or an id. */
  imageStatus(reference: string): Promise<Image | undefined>;
  /** Answers the image's id. */
  pullImage(reference: string, options: PullOptions): Promise<string>;
  removeImage(id: string): Promise<void>;
  /** Shows the files of an image that is here in a folder, made where it is missing, for reading only. */
  mountImage(id: string, target: string): Promise<void>;
  /** Takes that away again; no fault where there was none. */
  unmountImage(target: string): Promise<void>;
  imageFilesystem(): Promise<FilesystemUsage>;

  /** Calls `changed` soon after anything starts or ends, where the runtime can tell; the caller still lists now and then. */
  onChange?(changed: () => void, signal: AbortSignal): void;
  /** How often that is; a second unless told. */
  readonly listEveryMs?: number;
  close(): void;
}

export interface RuntimeVersion {
  /** `containerd`. */
  readonly name: string;
  readonly version: string;
}

export interface RuntimeStatus {
  readonly runtimeReady: boolean;
  readonly networkReady: boolean;
  /** Why something isn't ready, as the runtime says it. */
  readonly message?: string;
}

export type RuntimeErrorCode = 'not-found' | 'timeout' | 'unavailable' | 'refused' | 'failed';

/** A call that the runtime did not carry out. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: RuntimeErrorCode;
  /** As events and statuses quote a runtime: with the code that the call ended in. */
  readonly quoted: string;

  constructor(code: RuntimeErrorCode, message: string, options: { cause?: unknown; quoted?: string } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.quoted = options.quoted ?? message;
  }
}

export interface SandboxConfig {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly attempt: number;
  /** Empty on the host network, where the machine's own name stays. */
  readonly hostname: string;
  readonly logDirectory: string;
  readonly dns?: DnsConfig;
  readonly portMappings: readonly PortMapping[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly cgroupParent: string;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly namespaces: NamespaceModes;
  readonly privileged: boolean;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly supplementalGroups: readonly number[];
  readonly seccomp: SecurityProfile;
  /** RuntimeClass handler; empty for the default. */
  readonly runtimeHandler: string;
}

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface PortMapping {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp: string;
}

export interface NamespaceModes {
  readonly network: 'pod' | 'node';
  readonly pid: 'pod' | 'container' | 'node' | 'target';
  /** With `target`: the container whose processes are seen. */
  readonly targetId?: string;
  readonly ipc: 'pod' | 'node';
}

export type SecurityProfile =
  | { readonly type: 'unconfined' | 'runtime-default' }
  | { readonly type: 'localhost'; readonly reference: string };

export interface SandboxSummary {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly attempt: number;
  readonly ready: boolean;
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface SandboxStatus extends SandboxSummary {
  /** First the main address; empty on the host network. */
  readonly addresses: readonly string[];
}

export interface ContainerConfig {
  readonly name: string;
  readonly attempt: number;
  /** What runs: an id or digest that `imageStatus` answered. */
  readonly image: string;
  /** As the pod's spec names it. */
  readonly userSpecifiedImage: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDirectory: string;
  readonly env: readonly EnvVar[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly DeviceNode[];
  readonly cdiDevices: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Relative to the sandbox's log directory. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly resources: ContainerResources;
  readonly security: ContainerSecurity;
}

export interface EnvVar {
  readonly name: string;
  readonly value: string;
}

export interface Mount {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly readOnly: boolean;
  readonly propagation: 'private' | 'host-to-container' | 'bidirectional';
}

export interface DeviceNode {
  readonly containerPath: string;
  readonly hostPath: string;
  /** Any of `r`, `w`, `m`. */
  readonly permissions: string;
}

/** Absent means: the runtime's default. */
export interface ContainerResources {
  readonly cpuShares?: number;
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly memoryLimitBytes?: number;
  readonly oomScoreAdj?: number;
}

export interface ContainerSecurity {
  readonly privileged: boolean;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly supplementalGroups: readonly number[];
  readonly readOnlyRootFilesystem: boolean;
  readonly noNewPrivileges: boolean;
  readonly capabilities: { readonly add: readonly string[]; readonly drop: readonly string[] };
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly seccomp: SecurityProfile;
  readonly apparmor?: SecurityProfile;
  readonly namespaces: NamespaceModes;
}

export type ContainerState = 'created' | 'running' | 'exited' | 'unknown';

export interface ContainerSummary {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: ContainerState;
  readonly createdAtMs: number;
  readonly image: string;
  readonly imageId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ContainerStatus extends ContainerSummary {
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  /** `OOMKilled`, `Error`, `Completed`, `StartError`, ''. */
  readonly reason: string;
  readonly message: string;
  readonly logPath: string;
}

export interface ExecResult {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly exitCode: number;
}

export interface ExecRequest {
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

export interface ContainerStats {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cpu?: { readonly atMs: number; readonly usageCoreNanoSeconds: bigint };
  readonly memory?: {
    readonly atMs: number;
    readonly workingSetBytes: number;
    readonly usageBytes?: number;
    readonly rssBytes?: number;
    readonly availableBytes?: number;
    readonly pageFaults?: number;
    readonly majorPageFaults?: number;
  };
  readonly writableLayer?: FilesystemUsage;
}

export interface SandboxStats {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly network?: {
    readonly atMs: number;
    readonly interface: string;
    readonly rxBytes: number;
    readonly txBytes: number;
  };
}

export interface Image {
  readonly id: string;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  readonly pinned: boolean;
  /** The user that the image asks for; a number where it is one. */
  readonly user?: number;
  readonly username?: string;
}

export interface RegistryCredential {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

export interface PullOptions {
  readonly credential?: RegistryCredential;
  /** The pod that it is for, or what is known of pods to come. */
  readonly sandbox?: SandboxConfig | SandboxMetadata;
  readonly signal?: AbortSignal;
}

export interface FilesystemUsage {
  readonly atMs: number;
  readonly mountpoint: string;
  readonly usedBytes: number;
  readonly inodesUsed: number;
}
