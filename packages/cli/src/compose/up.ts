/**
 * `skerry up`: a center and machines in several regions on this host. Start order: center, network, then all machines in
 * parallel; stop order is the reverse, and every step of it runs even when an earlier one failed.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node } from '@skerry/api';
import { type Clock, describeError, type Logger, SkerryError, sleep } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import type { DataDirectory } from '#data-directory.ts';
import { issueJoinToken } from '#join/token.ts';
import { endOrphans, findOrphans } from '#process/orphans.ts';
import {
  claimInstance,
  ensureInternet,
  ensureRegion,
  removeInstance,
  removeMachine,
} from '#regions/network.ts';
import {
  centerAddress,
  type InstancePlan,
  type MachinePlan,
  planMachine,
  planRegion,
  type RegionPlan,
} from '#regions/plan.ts';
import { withStandInArchives } from '#stand-ins/images.ts';
import type { Report } from '#terminal/report.ts';
import { adminClient } from './admin-client.ts';
import { type Center, type ConsoleFacts, createCenter } from './center.ts';
import { type Installation, prepareInstallation } from './installation.ts';
import { LocalMachine } from './local-machine.ts';
import { ensureNodePool } from './node-pool.ts';
import type { ServerConfig } from './server-config.ts';
import {
  addMachine,
  type MachineRecord,
  newInstanceId,
  readUpState,
  type UpState,
  writeUpState,
} from './up-state.ts';

export interface UpOptions {
  readonly data: DataDirectory;
  readonly flags: Partial<ServerConfig>;
  /** Regions of a first start; each gets one machine and a pool of its name. */
  readonly regions: readonly string[];
  readonly runtime: 'containerd' | 'simulated';
  readonly clock: Clock;
  readonly log: Logger;
  readonly report: Report;
}

const readyTimeoutMs = 180_000;

export class Up {
  readonly #options: UpOptions;
  readonly #machines = new Map<string, LocalMachine>();
  readonly #regions = new Map<string, Promise<RegionPlan>>();
  #state: UpState | undefined;
  #installation: Installation | undefined;
  #center: Center | undefined;
  #console: ConsoleFacts | undefined;
  #client: ApiClient | undefined;
  #saved: Promise<void> = Promise.resolve();

  constructor(options: UpOptions) {
    this.#options = options;
  }

  get installation(): Installation {
    if (!this.#installation) throw new Error('not started');
    return this.#installation;
  }

  get console(): ConsoleFacts {
    if (!this.#console) throw new Error('not started');
    return this.#console;
  }

  get machines(): readonly MachineRecord[] {
    return [...this.#machines.values()].map((machine) => machine.record);
  }

  /** Processes by name, for those who look from outside: tests and `skerry up`'s own status. */
  get processes(): Readonly<Record<string, number | undefined>> {
    return Object.fromEntries([
      ...(this.#center?.processes ?? []).map((process) => [process.name, process.pid] as const),
      ...[...this.#machines].map(([name, machine]) => [`agent-${name}`, machine.agentPid] as const),
    ]);
  }

  async start(signal: AbortSignal): Promise<void> {
    const { data, flags, report, clock, log } = this.#options;
    const found = readUpState(data);
    requireRuntime(found, this.#options);
    if ((await findOrphans(data.path)).length > 0)
      await report.step('processes of an earlier run ended', () => endOrphans(data.path, clock));
    await this.#startNetwork(found);
    const prepared = await report.step('keys and certificates', () =>
      prepareInstallation(data, { flags: { ...flags, advertise: [this.#centerAddress] }, clock }),
    );
    this.#installation = prepared;
    await this.#save();
    signal.throwIfAborted();
    this.#center = createCenter(prepared, { clock, log });
    const center = this.#center;
    try {
      this.#console = await report.step(
        'API server, controllers, scheduler, console',
        () => center.start(signal),
        () => `https://127.0.0.1:${prepared.config.port}`,
        signal,
      );
    } catch (error) {
      if (!signal.aborted) await prepared.takeBackFlags();
      throw error;
    }
    this.#client = await adminClient(prepared, clock);
    signal.throwIfAborted();
    const records = found?.machines.length ? found.machines : await this.#firstMachines();
    for (const record of records)
      await ensureNodePool(this.#client, { name: record.pool, region: record.region, clock, signal });
    await this.#withArchives(async (archives) => {
      const results = await Promise.allSettled(
        records.map((record) => this.#startMachine(record, archives, signal)),
      );
      const failure = results.find((result) => result.status === 'rejected');
      if (failure) throw failure.reason;
    });
  }

  /** One more machine while everything runs. */
  async addMachine(
    machine: { name: string; region: string; pool: string; gpus: number; token?: string },
    signal: AbortSignal,
  ): Promise<MachineRecord> {
    const { token, ...wanted } = machine;
    const added = addMachine(this.#currentState, wanted);
    this.#state = added.state;
    await this.#save();
    try {
      await this.#withArchives((archives) => this.#startMachine(added.machine, archives, signal, token));
    } catch (error) {
      await this.removeMachine(added.machine.name);
      throw error;
    }
    return added.machine;
  }

  /** Ends a machine and forgets it, its disk included. The Node object stays, as after a machine was pulled out. */
  async removeMachine(name: string): Promise<void> {
    const machine = this.#machines.get(name);
    const record = this.#currentState.machines.find((other) => other.name === name);
    if (!record)
      throw new SkerryError(
        'machine-unknown',
        `there is no machine named ${name}; \`skerry up machine list\` shows them`,
      );
    await machine?.stop();
    this.#machines.delete(name);
    const plan = await this.#planOf(record);
    if (plan) await removeMachine(plan);
    await rm(this.#directory(record), { recursive: true, force: true });
    this.#state = {
      ...this.#currentState,
      machines: this.#currentState.machines.filter((other) => other.name !== name),
    };
    await this.#save();
  }

  /** Everything that was started, also in part; says so of what was. */
  async stop(): Promise<void> {
    const { report } = this.#options;
    const tolerant = async (title: string, work: () => Promise<unknown>) => {
      try {
        await report.step(title, work);
      } catch {
        // Said by the step; the rest is stopped all the same.
      }
    };
    if (this.#machines.size > 0)
      await tolerant('machines stopped', () =>
        allSettledOrThrow([...this.#machines.values()].map((machine) => machine.stop())),
      );
    this.#client?.close();
    if (this.#center) await tolerant('center stopped', async () => this.#center?.stop());
    if (this.#state && !this.#simulated)
      await tolerant('network removed', () => removeInstance(this.#instance));
  }

  get #currentState(): UpState {
    if (!this.#state) throw new Error('not started');
    return this.#state;
  }

  get #instance(): InstancePlan {
    return { id: this.#currentState.id, subnet: this.#currentState.subnet };
  }

  get #simulated(): boolean {
    return this.#options.runtime === 'simulated';
  }

  get #centerAddress(): string {
    return this.#simulated ? '127.0.0.1' : centerAddress(this.#instance);
  }

  #withArchives<T>(use: (archives: readonly string[]) => Promise<T>): Promise<T> {
    return this.#simulated ? use([]) : withStandInArchives(use);
  }

  async #startNetwork(found: UpState | undefined): Promise<void> {
    const { report, runtime } = this.#options;
    const fresh = { runtime, regions: [], machines: [] };
    if (this.#simulated) {
      this.#state = found ?? { ...fresh, id: newInstanceId(), subnet: 0 };
      return;
    }
    await report.step(
      'network between center and regions',
      async () => {
        if (found) {
          this.#state = found;
          await ensureInternet(found);
        } else {
          await claimInstance({ newId: newInstanceId, random: Math.random }, (instance) => {
            this.#state = { ...fresh, ...instance };
            return this.#save();
          });
        }
      },
      () => `198.18.${this.#instance.subnet}.0/24`,
    );
  }

  /** One after the other, so that the newest state is what stays. */
  #save(): Promise<void> {
    this.#saved = this.#saved
      .catch(() => undefined)
      .then(() => writeUpState(this.#options.data, this.#currentState));
    return this.#saved;
  }

  async #firstMachines(): Promise<readonly MachineRecord[]> {
    for (const region of this.#options.regions) {
      this.#state = addMachine(this.#currentState, {
        name: `${region}-1`,
        region,
        pool: region,
        gpus: 0,
      }).state;
    }
    await this.#save();
    return this.#currentState.machines;
  }

  async #startMachine(
    record: MachineRecord,
    archives: readonly string[],
    signal: AbortSignal,
    token?: string,
  ): Promise<void> {
    const { report, clock, log, data } = this.#options;
    const plan = await this.#planOf(record);
    const machine = new LocalMachine({
      record,
      plan,
      directory: this.#directory(record),
      logs: data.logs,
      serverAddress: `${this.#centerAddress}:${this.installation.config.port}`,
      clock,
      log: log.with({ machine: record.name }),
    });
    this.#machines.set(record.name, machine);
    const where = plan ? `${plan.privateAddress} behind ${plan.region.publicAddress}` : 'simulated';
    await report.step(
      `machine ${record.name} in region ${record.region}`,
      async () => {
        await machine.startRuntime(archives, signal);
        signal.throwIfAborted();
        if (!machine.joined) await this.#join(machine, token, signal);
        signal.throwIfAborted();
        await machine.startAgent();
        await this.#nodeReady(record.name, signal);
      },
      () => where,
      signal,
    );
  }

  /** Makes a token where none was handed in; it is used once and gone. */
  async #join(machine: LocalMachine, handedIn: string | undefined, signal: AbortSignal): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'skerry-token-'));
    try {
      const client = this.#client;
      if (!client) throw new Error('not started');
      const token =
        handedIn ??
        (await issueJoinToken(client, {
          pool: machine.record.pool,
          ttlSeconds: 600,
          uses: 1,
          caHash: this.installation.authority.publicKeyHash,
          clock: this.#options.clock,
        }));
      const file = join(folder, 'token');
      await writeFile(file, token, { mode: 0o600 });
      await machine.join(file, signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #nodeReady(name: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const nodes = this.#client?.resource<Node>({
      group: '',
      version: 'v1',
      resource: 'nodes',
      kind: 'Node',
      namespaced: false,
    });
    const deadlineMs = clock.monotonic() + readyTimeoutMs;
    let last = 'it has not appeared';
    while (clock.monotonic() < deadlineMs) {
      try {
        const node = await nodes?.get(name);
        const ready = node?.status?.conditions?.find((condition) => condition.type === 'Ready');
        if (ready?.status === 'True') return;
        last = ready?.message ?? 'it has no Ready condition';
      } catch (error) {
        last = describeError(error);
      }
      await sleep(clock, 100, signal);
    }
    throw new SkerryError(
      'node-not-ready',
      `node ${name} is not Ready after ${readyTimeoutMs / 1000} s: ${last}; its log is ${join(this.#options.data.logs, `agent-${name}.log`)}`,
    );
  }

  async #planOf(record: MachineRecord): Promise<MachinePlan | undefined> {
    if (this.#simulated) return undefined;
    const index = this.#currentState.regions.indexOf(record.region);
    let region = this.#regions.get(record.region);
    if (!region) {
      const plan = planRegion(this.#instance, record.region, index);
      region = ensureRegion(plan).then(() => plan);
      this.#regions.set(record.region, region);
      region.catch(() => this.#regions.delete(record.region));
    }
    return planMachine(this.#instance, await region, record.name, record.index);
  }

  #directory(record: MachineRecord): string {
    return join(this.#options.data.machines, record.name);
  }
}

/** Machines keep what they were made with: a pod can't move from a container to a pretence of one, or back. */
function requireRuntime(found: UpState | undefined, { runtime, data }: UpOptions): void {
  if (!found?.machines.length || found.runtime === runtime) return;
  throw new SkerryError(
    'runtime-changed',
    `the machines in ${data.path} were made with --runtime ${found.runtime}, which is not what would run now (${runtime}); choose another --data-dir, or \`skerry reset\` this one`,
  );
}

async function allSettledOrThrow(works: readonly Promise<unknown>[]): Promise<void> {
  const failures = (await Promise.allSettled(works)).filter((result) => result.status === 'rejected');
  if (failures.length > 0)
    throw new Error(failures.map((failure) => describeError(failure.reason)).join('; '));
}
