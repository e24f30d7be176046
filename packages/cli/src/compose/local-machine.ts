/**
 * A machine that `skerry up` makes on this host: a network namespace behind its region's NAT, its own containerd and its
 * own agent, which joins with a token as any far machine does. Everything it is lies in its folder; starting may be
 * repeated, and takes over a containerd that an earlier run left. A containerd that ends is started again; pods live on
 * meanwhile. Without a plan it is a simulated machine: an agent with the simulated runtime, in the host's network.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Containerd, importImage, startContainerd, unmountUnder } from '@skerry/agent';
import { Backoff, type Clock, describeError, type Logger, sleep } from '@skerry/base';
import { runCommand } from '#process/command.ts';
import { ManagedProcess } from '#process/managed-process.ts';
import { isZombie } from '#process/orphans.ts';
import { selfCommand } from '#process/self.ts';
import { ensureMachine, removeMachine } from '#regions/network.ts';
import { type MachinePlan, namespacePath } from '#regions/plan.ts';
import { pauseReference } from '#stand-ins/images.ts';
import type { MachineRecord } from './up-state.ts';

export interface LocalMachineOptions {
  readonly record: MachineRecord;
  readonly plan: MachinePlan | undefined;
  /** The machine's own folder. */
  readonly directory: string;
  readonly logs: string;
  /** `host:port` as the machine dials it. */
  readonly serverAddress: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const containerdLookMs = 1_000;

export class LocalMachine {
  readonly #options: LocalMachineOptions;
  readonly #agent: ManagedProcess;
  readonly #plugin: ManagedProcess | undefined;
  readonly #stopped = new AbortController();
  #containerd: Containerd | undefined;
  #watching: Promise<void> | undefined;

  constructor(options: LocalMachineOptions) {
    this.#options = options;
    const { record } = options;
    this.#agent = this.#process(`agent-${record.name}`, ['agent', ...this.#agentFlags()], 256);
    if (record.gpus > 0) {
      const flags = [
        '--kubelet-dir',
        this.#path('kubelet'),
        '--resource',
        'nvidia.com/gpu',
        '--count',
        String(record.gpus),
      ];
      this.#plugin = this.#process(`device-plugin-${record.name}`, ['sample-device-plugin', ...flags], 64);
    }
  }

  get record(): MachineRecord {
    return this.#options.record;
  }

  get agentPid(): number | undefined {
    return this.#agent.pid;
  }

  get containerdSocket(): string | undefined {
    return this.#containerd?.socket;
  }

  get joined(): boolean {
    return existsSync(this.#path('agent/client.crt'));
  }

  /** Network and container runtime, with the given images in it. */
  async startRuntime(archives: readonly string[], signal: AbortSignal): Promise<void> {
    const { plan } = this.#options;
    if (!plan) return;
    await ensureMachine(plan);
    const { socket, snapshotter } = await this.#startContainerd();
    this.#watching ??= this.#keepContainerd();
    const marker = this.#path('images-loaded');
    if (existsSync(marker)) return;
    for (const archive of archives) {
      signal.throwIfAborted();
      await importImage(socket, archive, { snapshotter });
    }
    await writeFile(marker, '');
  }

  /** `skerry join` inside the machine. The token travels by file, never in the arguments. */
  async join(tokenFile: string, signal: AbortSignal): Promise<void> {
    const { serverAddress, record } = this.#options;
    const { program, args } = this.#inside([
      'join',
      serverAddress,
      '--token-file',
      tokenFile,
      '--pool',
      record.pool,
      '--node-name',
      record.name,
      '--node-labels',
      `topology.kubernetes.io/region=${record.region}`,
      '--start',
      'none',
      '--data-dir',
      this.#options.directory,
      '--runtime-endpoint',
      this.#runtimeEndpoint,
    ]);
    await mkdir(this.#options.directory, { recursive: true, mode: 0o711 });
    await runCommand(program, args, { timeoutMs: 120_000, env: { NO_COLOR: '1' }, signal });
  }

  async startAgent(): Promise<void> {
    await this.#agent.start();
    await this.#plugin?.start();
  }

  /** Ends agent, pods and runtime, and takes the namespace away. What is on disk stays. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#watching;
    await this.#plugin?.stop();
    await this.#agent.stop();
    await this.#containerd?.stop({ graceSeconds: 2 });
    await unmountUnder(this.#options.directory);
    if (this.#options.plan) await removeMachine(this.#options.plan);
  }

  async #startContainerd(): Promise<Containerd> {
    const { plan, log } = this.#options;
    this.#containerd = await startContainerd({
      directory: this.#path('containerd'),
      cniBinDirectory: '/usr/lib/cni',
      cniConfDirectory: this.#path('cni'),
      sandboxImage: pauseReference,
      ...(plan ? { networkNamespace: namespacePath(plan.namespace) } : {}),
      cgroupRoot: this.#cgroupRoot,
      log,
    });
    return this.#containerd;
  }

  async #keepContainerd(): Promise<void> {
    const { clock, log } = this.#options;
    const backoff = new Backoff({ baseMs: containerdLookMs, maxMs: 30_000 });
    for (let delayMs = containerdLookMs; ;) {
      await sleep(clock, delayMs, this.#stopped.signal).catch(() => undefined);
      if (this.#stopped.signal.aborted) return;
      delayMs = containerdLookMs;
      const pid = this.#containerd?.pid;
      if (pid !== undefined && !(await isZombie(pid))) continue;
      log.warn('containerd ended, starting it again', { pid });
      try {
        await this.#startContainerd();
        backoff.reset();
      } catch (error) {
        delayMs = backoff.next();
        log.error('containerd did not start again', { error: describeError(error), delayMs });
      }
    }
  }

  get #cgroupRoot(): string {
    return `/${this.#options.plan?.namespace ?? ''}`;
  }

  get #runtimeEndpoint(): string {
    return this.#options.plan ? `unix://${join(this.#path('containerd'), 'containerd.sock')}` : 'simulated';
  }

  #agentFlags(): string[] {
    return [
      '--data-dir',
      this.#options.directory,
      '--kubelet-dir',
      this.#path('kubelet'),
      '--cni-conf-dir',
      this.#path('cni'),
      '--cgroup-root',
      this.#cgroupRoot,
    ];
  }

  #process(name: string, args: readonly string[], heapMb: number): ManagedProcess {
    const { clock, log, logs } = this.#options;
    return new ManagedProcess({
      name,
      ...this.#inside(args, heapMb),
      logFile: join(logs, `${name}.log`),
      clock,
      log,
    });
  }

  #inside(args: readonly string[], heapMb = 128) {
    const self = selfCommand(args, { heapMb });
    const { plan } = this.#options;
    if (!plan) return self;
    return {
      program: 'nsenter',
      args: [`--net=${namespacePath(plan.namespace)}`, self.program, ...self.args],
    };
  }

  #path(name: string): string {
    return join(this.#options.directory, name);
  }
}
