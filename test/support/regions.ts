/**
 * A cluster for tests of the network: regions behind NAT routers whose machines have the same private addresses, with
 * several machines in a region. What is asked of a machine is asked inside its network namespace.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { Cluster, type CommandResult, run } from './cluster.ts';

export const busyboxImage = 'skerry.io/stand-in/busybox:1.35';

/** Machines of each region: `{ a: 2, b: 1 }` makes `a-1`, `a-2` in pool `a` and `b-1` in pool `b`. */
export type RegionSizes = Readonly<Record<string, number>>;

export class Regions {
  readonly cluster: Cluster;
  readonly #instance: string;
  readonly #regions: readonly string[];

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
    const state = JSON.parse(readFileSync(join(cluster.dataDirectory, 'up.json'), 'utf8')) as {
      id: string;
      regions: string[];
    };
    this.#instance = state.id;
    this.#regions = state.regions;
  }

  static async start(
    sizes: RegionSizes = { a: 2, b: 1 },
    { flags = [] }: { flags?: readonly string[] } = {},
  ): Promise<Regions> {
    const cluster = await Cluster.start({ runtime: 'containerd', regions: Object.keys(sizes), flags });
    try {
      const regions = new Regions(cluster);
      for (const [region, size] of Object.entries(sizes)) {
        for (let index = 2; index <= size; index++) await regions.addMachine(`${region}-${index}`, region);
      }
      return regions;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Part of the names of its namespaces and links; see `leftovers`. */
  get instance(): string {
    return this.#instance;
  }

  stop(): Promise<void> {
    return this.cluster.stop();
  }

  async addMachine(name: string, region: string): Promise<void> {
    await this.#machine('add', name, '--region', region);
  }

  async removeMachine(name: string): Promise<void> {
    await this.#machine('remove', name);
  }

  /** Runs a program in a machine's network, as root of this host; never rejects for its exit code. */
  inside(machine: string, program: string, ...args: string[]): Promise<CommandResult> {
    return run('nsenter', [this.#namespaceFlag(machine), program, ...args]);
  }

  /** The same for a program that is to go on; end it with `kill()`. */
  spawnInside(machine: string, program: string, ...args: string[]): ChildProcess {
    return spawn('nsenter', [this.#namespaceFlag(machine), program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Takes the region's router off the net between the regions, or puts it back. */
  async setLine(region: string, state: 'up' | 'down'): Promise<void> {
    const uplink = `sk${this.#instance}u${this.#regions.indexOf(region)}`;
    const result = await run('ip', ['link', 'set', uplink, state]);
    if (result.code !== 0) throw new Error(result.errors);
  }

  /**
   * Makes a pod on a machine and answers it with its address, ready. Without a command it serves its own name at
   * `http://…:8080/`; a pod of the same name must not be there.
   */
  async runPod(
    name: string,
    machine: string,
    options: {
      command?: readonly string[];
      labels?: Record<string, string>;
      spec?: object;
      /** An empty folder of its own, at `/NAME`. */
      volume?: string;
    } = {},
  ): Promise<Pod & { address: string }> {
    const { command = serveName(name), labels = { app: name }, spec = {}, volume } = options;
    const volumeMounts = volume ? [{ name: volume, mountPath: `/${volume}` }] : [];
    const manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels },
      spec: {
        nodeName: machine,
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'main', image: busyboxImage, command, volumeMounts }],
        volumes: volumeMounts.map(({ name: called }) => ({ name: called, emptyDir: {} })),
        ...spec,
      },
    };
    const created = await this.cluster.kubectl(['create', '-f', '-'], { input: JSON.stringify(manifest) });
    if (created.code !== 0) throw new Error(created.errors);
    await this.cluster.kubectlOk('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=120s');
    const pod = await this.cluster.json<Pod>('get', 'pod', name);
    return { ...pod, address: pod.status?.podIP ?? '' };
  }

  /** Runs a program in a pod. */
  exec(pod: string, ...command: string[]): Promise<CommandResult> {
    return this.cluster.kubectl(['exec', pod, '--', ...command]);
  }

  /** What a pod gets from a URL within some seconds; undefined when it gets nothing. */
  async fetch(pod: string, url: string, seconds = 3): Promise<string | undefined> {
    // The image's own limit, `-T`, crashes it.
    const command = ['timeout', String(seconds), 'wget', '-q', '-O', '-', url];
    const { code, output } = await this.exec(pod, ...command);
    return code === 0 ? output.trim() : undefined;
  }

  /** Waits until a pod gets something from a URL, and answers it. */
  fetched(pod: string, url: string): Promise<string> {
    return eventually(
      async () => {
        const body = await this.fetch(pod, url);
        if (body === undefined) throw new Error(`${pod} gets nothing from ${url}`);
        return body;
      },
      { timeoutMs: 60_000, everyMs: 300 },
    );
  }

  #namespaceFlag(machine: string): string {
    return `--net=/run/netns/skerry-${this.#instance}-${machine}`;
  }

  async #machine(...args: string[]): Promise<void> {
    const flags = ['--data-dir', this.cluster.dataDirectory];
    const result = await this.cluster.skerry(['up', 'machine', ...args, ...flags], { timeoutMs: 240_000 });
    if (result.code !== 0) throw new Error(result.errors || result.output);
  }
}

function serveName(name: string): string[] {
  return [
    'sh',
    '-c',
    `mkdir -p /tmp/www && echo ${name} > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www`,
  ];
}
