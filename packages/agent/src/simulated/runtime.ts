/**
 * A container runtime without containers: pods "run" until they are stopped, or end as their annotations say, and no
 * process is behind them. For machines that can't run containers, and for thousands of nodes in one process. Whatever it
 * says is labelled as simulated: the runtime's name, every container's log, and the refusal of exec.
 *
 * It keeps the contract of `ContainerRuntime`, in memory: after a restart nothing runs, as after a reboot.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canonicalAddress } from '@skerry/api';
import type { Clock, Timer } from '@skerry/base';
import {
  type ContainerConfig,
  type ContainerRuntime,
  type ContainerStats,
  type ContainerStatus,
  type ContainerSummary,
  type Image,
  RuntimeError,
  type SandboxConfig,
  type SandboxStats,
  type SandboxStatus,
} from '#runtime.ts';
import { endingOf, endingText, type Ending } from '#simulated/ending.ts';

export interface SimulatedRuntimeOptions {
  readonly clock: Clock;
  /** Ranges for pod addresses, of IPv4 or one of each family; a fixed one until the node has its own. */
  readonly podCidrs: () => readonly string[];
  /** Write each container's log file, so that `kubectl logs` has something to show; off for thousands of nodes. */
  readonly writeLogs: boolean;
}

interface Sandbox {
  readonly id: string;
  readonly config: SandboxConfig;
  readonly createdAtMs: number;
  readonly addresses: readonly string[];
  ready: boolean;
}

interface Container {
  readonly id: string;
  readonly sandbox: Sandbox;
  readonly config: ContainerConfig;
  readonly createdAtMs: number;
  /** Undefined: it runs until it is stopped. */
  readonly ending: Ending | undefined;
  /** Waits for the ending while it runs. */
  timer: Timer | undefined;
  state: 'created' | 'running' | 'exited';
  startedAtMs: number;
  finishedAtMs: number;
  exitCode: number;
}

const imageBytes = 1_000_000;
const signalledExitCode = 137;

export function createSimulatedRuntime(options: SimulatedRuntimeOptions): ContainerRuntime {
  return new SimulatedRuntime(options);
}

class SimulatedRuntime implements ContainerRuntime {
  /** It tells of all that changes, and each second of thousands of nodes in one process is work without end. */
  readonly listEveryMs = 60_000;
  readonly #options: SimulatedRuntimeOptions;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #containers = new Map<string, Container>();
  readonly #images = new Map<string, Image>();
  readonly #listeners = new Set<() => void>();
  #lastId = 0;

  constructor(options: SimulatedRuntimeOptions) {
    this.#options = options;
  }

  async version() {
    return { name: 'simulated', version: '1.0' };
  }

  async status() {
    return { runtimeReady: true, networkReady: true };
  }

  async runSandbox(config: SandboxConfig): Promise<string> {
    const id = this.#newId();
    const addresses = config.namespaces.network === 'node' ? [] : this.#freeAddresses();
    this.#sandboxes.set(id, { id, config, createdAtMs: this.#now, addresses, ready: true });
    this.#changed();
    return id;
  }

  async stopSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) return;
    sandbox.ready = false;
    for (const container of this.#containers.values())
      if (container.sandbox === sandbox) this.#end(container, signalledExitCode);
    this.#changed();
  }

  async removeSandbox(id: string): Promise<void> {
    await this.stopSandbox(id);
    for (const container of this.#containers.values()) {
      if (container.sandbox.id === id) this.#containers.delete(container.id);
    }
    this.#sandboxes.delete(id);
    this.#changed();
  }

  async listSandboxes() {
    return [...this.#sandboxes.values()].map((sandbox) => this.#sandboxStatus(sandbox));
  }

  async sandboxStatus(id: string): Promise<SandboxStatus> {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) throw missing('sandbox', id);
    return this.#sandboxStatus(sandbox);
  }

  async createContainer(sandboxId: string, config: ContainerConfig): Promise<string> {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (!sandbox) throw missing('sandbox', sandboxId);
    const ending = endingOf(config, sandbox.config);
    const id = this.#newId();
    const times = { createdAtMs: this.#now, startedAtMs: 0, finishedAtMs: 0, timer: undefined };
    this.#containers.set(id, { id, sandbox, config, ending, ...times, state: 'created', exitCode: 0 });
    this.#changed();
    return id;
  }

  async startContainer(id: string): Promise<void> {
    const container = this.#container(id);
    container.state = 'running';
    container.startedAtMs = this.#now;
    if (this.#options.writeLogs) await this.#writeLog(container);
    this.#awaitEnding(container);
    this.#changed();
  }

  #awaitEnding(container: Container): void {
    const { ending } = container;
    if (!ending || container.state !== 'running') return;
    container.timer = this.#options.clock.after(ending.afterMs, () => {
      this.#end(container, ending.exitCode);
      this.#changed();
    });
  }

  async stopContainer(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (container) this.#end(container, signalledExitCode);
    this.#changed();
  }

  async removeContainer(id: string): Promise<void> {
    this.#containers.get(id)?.timer?.cancel();
    this.#containers.delete(id);
    this.#changed();
  }

  async listContainers() {
    return [...this.#containers.values()].map(summaryOf);
  }

  async containerStatus(id: string): Promise<ContainerStatus> {
    const container = this.#container(id);
    const { startedAtMs, finishedAtMs, exitCode, state } = container;
    return {
      ...summaryOf(container),
      startedAtMs,
      finishedAtMs,
      exitCode,
      reason: state !== 'exited' ? '' : exitCode === 0 ? 'Completed' : 'Error',
      message: '',
      logPath: logFileOf(container),
    };
  }

  async updateContainerResources(): Promise<void> {}

  async reopenContainerLog(): Promise<void> {}

  /** Every command succeeds, as every container runs: probes pass. */
  async execSync(id: string) {
    this.#container(id);
    return { stdout: new Uint8Array(), stderr: new Uint8Array(), exitCode: 0 };
  }

  execUrl(): Promise<string> {
    return refuse('run a command in');
  }

  attachUrl(): Promise<string> {
    return refuse('attach to');
  }

  portForwardUrl(): Promise<string> {
    return refuse('forward a port of');
  }

  async listContainerStats(): Promise<ContainerStats[]> {
    const atMs = this.#now;
    return [...this.#containers.values()]
      .filter(({ state }) => state === 'running')
      .map(({ id, config }) => ({
        id,
        name: config.name,
        labels: config.labels,
        cpu: { atMs, usageCoreNanoSeconds: 0n },
        memory: { atMs, workingSetBytes: 0 },
      }));
  }

  async listSandboxStats(): Promise<SandboxStats[]> {
    return [];
  }

  async listImages() {
    return [...this.#images.values()];
  }

  async imageStatus(reference: string) {
    return this.#images.get(reference);
  }

  async pullImage(reference: string): Promise<string> {
    const image = { id: reference, tags: [reference], digests: [], sizeBytes: imageBytes, pinned: false };
    this.#images.set(reference, image);
    return reference;
  }

  async removeImage(id: string): Promise<void> {
    this.#images.delete(id);
  }

  async mountImage(): Promise<void> {}

  async unmountImage(): Promise<void> {}

  async imageFilesystem() {
    return {
      atMs: this.#now,
      mountpoint: '/',
      usedBytes: this.#images.size * imageBytes,
      inodesUsed: this.#images.size,
    };
  }

  onChange(changed: () => void, signal: AbortSignal): void {
    this.#listeners.add(changed);
    signal.addEventListener('abort', () => this.#listeners.delete(changed), { once: true });
  }

  close(): void {
    this.#listeners.clear();
    for (const { timer } of this.#containers.values()) timer?.cancel();
  }

  get #now(): number {
    return this.#options.clock.now();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #newId(): string {
    this.#lastId++;
    return `sim${this.#now.toString(16)}${this.#lastId.toString(16).padStart(8, '0')}`;
  }

  #container(id: string): Container {
    const container = this.#containers.get(id);
    if (!container) throw missing('container', id);
    return container;
  }

  #end(container: Container, exitCode: number): void {
    if (container.state !== 'running') return;
    container.timer?.cancel();
    container.state = 'exited';
    container.finishedAtMs = this.#now;
    container.exitCode = exitCode;
  }

  #sandboxStatus({ id, config, createdAtMs, addresses, ready }: Sandbox): SandboxStatus {
    const { name, namespace, uid, attempt, labels, annotations } = config;
    return { id, name, namespace, uid, attempt, ready, createdAtMs, labels, annotations, addresses };
  }

  /**
   * The lowest address of the range that no ready sandbox has; the first two are the network's and the gateway's. That of IPv6
   * has the same place in its range.
   */
  #freeAddresses(): string[] {
    const ranges = this.#options.podCidrs();
    const four = ranges.find((range) => !range.includes(':')) ?? '10.255.0.0/24';
    const six = ranges.find((range) => range.includes(':'))?.split('/')[0];
    const [base = '', bits = ''] = four.split('/');
    const taken = new Set(
      [...this.#sandboxes.values()].filter(({ ready }) => ready).map(({ addresses }) => addresses[0]),
    );
    const start = base.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
    const size = 2 ** (32 - Number(bits));
    for (let offset = 2; offset < size - 1; offset++) {
      const address = [24, 16, 8, 0]
        .map((shift) => Math.floor((start + offset) / 2 ** shift) % 256)
        .join('.');
      if (taken.has(address)) continue;
      return six === undefined ? [address] : [address, canonicalAddress(`${six}${offset.toString(16)}`)];
    }
    throw new RuntimeError('failed', `no free address in ${base}/${bits}`);
  }

  async #writeLog(container: Container): Promise<void> {
    const file = logFileOf(container);
    await mkdir(dirname(file), { recursive: true });
    const time = new Date(this.#now).toISOString().replace('Z', '000000Z');
    const text = `simulated container ${container.config.name}: no process runs; ${endingText(container.ending)}`;
    await writeFile(file, `${time} stdout F ${text}\n`);
  }
}

function summaryOf({ id, sandbox, config, state, createdAtMs }: Container): ContainerSummary {
  const { name, attempt, image, labels, annotations } = config;
  return {
    id,
    sandboxId: sandbox.id,
    name,
    attempt,
    state,
    createdAtMs,
    image,
    imageId: image,
    labels,
    annotations,
  };
}

function logFileOf({ sandbox, config }: Container): string {
  return join(sandbox.config.logDirectory, config.logPath);
}

function missing(what: string, id: string): RuntimeError {
  return new RuntimeError('not-found', `no ${what} ${id}`);
}

function refuse(what: string): Promise<never> {
  return Promise.reject(
    new RuntimeError(
      'refused',
      `can't ${what} a simulated container: no process is behind it; use a node with containerd`,
    ),
  );
}
