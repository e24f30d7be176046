/**
 * A machine that joined by hand: a network namespace on the network of a region, a containerd of its own, and an agent that
 * nobody but the test runs. What it puts outside its data directory lies in places of the test's own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unmountUnder } from '@skerry/agent';
import { type ContainerdNode, startContainerdNode } from '@skerry/agent/testing';
import { type CommandResult, entry, run } from './cluster.ts';
import { busyboxImage, type Regions } from './regions.ts';

export interface JoinedMachineOptions {
  readonly name: string;
  readonly region: string;
  /** On the region's network; no other machine may have it. */
  readonly address: string;
}

export class JoinedMachine {
  readonly dataDirectory: string;
  readonly cgroupRoot: string;
  readonly cniConfDirectory: string;
  readonly kubeletDirectory: string;
  readonly #machine: ContainerdNode;
  #agent: ChildProcess | undefined;

  private constructor(machine: ContainerdNode, { name }: JoinedMachineOptions) {
    this.#machine = machine;
    this.dataDirectory = mkdtempSync(join(tmpdir(), 'skerry-joined-'));
    this.cgroupRoot = `${machine.cgroupRoot}/${name}`;
    this.cniConfDirectory = dirname(machine.cniConfigFile);
    this.kubeletDirectory = join(machine.directory, 'kubelet');
  }

  /** With an image for pods, on the network; not joined yet. */
  static async start(regions: Regions, options: JoinedMachineOptions): Promise<JoinedMachine> {
    const machine = await startContainerdNode();
    const joined = new JoinedMachine(machine, options);
    mkdirSync(joined.kubeletDirectory);
    await machine.addImage(busyboxImage);
    const router = `skerry-${regions.instance}-${options.region}-nat`;
    const port = `j${options.address.split('.').at(-1)}`;
    const ends = ['add', 'eth0', 'type', 'veth', 'peer', 'name', port, 'netns', router];
    await joined.insideOk('ip', 'link', ...ends);
    await joined.insideOk('ip', 'address', 'add', `${options.address}/24`, 'dev', 'eth0');
    await joined.insideOk('ip', 'link', 'set', 'eth0', 'up');
    await regions.inside(`${options.region}-nat`, 'ip', 'link', 'set', port, 'master', 'lan', 'up');
    await joined.insideOk('ip', 'route', 'add', 'default', 'via', '192.168.0.1');
    return joined;
  }

  async join(regions: Regions, { name, region }: JoinedMachineOptions): Promise<void> {
    const { dataDirectory, port } = regions.cluster;
    const { subnet } = JSON.parse(readFileSync(join(dataDirectory, 'up.json'), 'utf8')) as { subnet: number };
    const flags = ['--data-dir', dataDirectory, '--pool', region];
    const made = await regions.cluster.skerry(['token', 'create', ...flags]);
    const tokenFile = join(this.#machine.directory, 'token');
    writeFileSync(tokenFile, made.output.trim(), { mode: 0o600 });
    const joining = ['--token-file', tokenFile, '--node-name', name, '--pool', region, '--start', 'none'];
    const runtime = ['--runtime-endpoint', `unix://${this.#machine.containerd.socket}`];
    const own = ['--data-dir', this.dataDirectory];
    const center = `198.18.${subnet}.1:${port}`;
    await this.insideOk(process.execPath, entry(), 'join', center, ...joining, ...runtime, ...own);
    rmSync(tokenFile);
    const places = ['--cni-conf-dir', this.cniConfDirectory, '--kubelet-dir', this.kubeletDirectory];
    const groups = ['--cgroup-root', this.cgroupRoot];
    const network = `--net=${this.#machine.networkNamespace}`;
    const agent = [process.execPath, entry(), 'agent', ...own, ...places, ...groups];
    this.#agent = spawn('nsenter', [network, ...agent], { stdio: 'ignore' });
  }

  /** Ended by whomever. */
  async agentEnded(): Promise<void> {
    const agent = this.#agent;
    if (agent && agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
  }

  inside(program: string, ...args: string[]): Promise<CommandResult> {
    return run('nsenter', [`--net=${this.#machine.networkNamespace}`, program, ...args]);
  }

  async insideOk(...[program = '', ...args]: string[]): Promise<string> {
    const { code, output, errors } = await this.inside(program, ...args);
    if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${errors || output}`);
    return output;
  }

  /** Pods of whatever kind that the runtime still knows. */
  async sandboxes(): Promise<number> {
    return (await this.#machine.runtime.listSandboxes()).length;
  }

  get runtimeDirectory(): string {
    return this.#machine.directory;
  }

  async stop(): Promise<void> {
    this.#agent?.kill('SIGKILL');
    await this.agentEnded();
    await this.#machine.close();
    await unmountUnder(this.dataDirectory);
    rmSync(this.dataDirectory, { recursive: true, force: true });
  }
}
