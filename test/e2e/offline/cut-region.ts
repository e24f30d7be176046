/** The region whose line is cut: its machines, what their runtimes have, and what the center says of it. */
import { join } from 'node:path';
import { createCriRuntime } from '@skerry/agent';
import type { Node, Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { expect } from 'vitest';
import type { Cluster, CommandResult } from '../../support/cluster.ts';
import { Regions } from '../../support/regions.ts';
import { killAtOnce, processesThatName, withDescendants } from './power.ts';

export const patient = { timeoutMs: 120_000, everyMs: 300 };

export class CutRegion {
  /** The machine that most is looked at on. */
  readonly node = 'east-1';
  readonly regions: Regions;

  private constructor(regions: Regions) {
    this.regions = regions;
  }

  /** Five machines, `east-1` to `east-5`. */
  static async start(flags: readonly string[]): Promise<CutRegion> {
    return new CutRegion(await Regions.start({ east: 5 }, { flags }));
  }

  get cluster(): Cluster {
    return this.regions.cluster;
  }

  stop(): Promise<void> {
    return this.regions.stop();
  }

  async conditionOf(machine: string, type: string) {
    const { status } = await this.cluster.json<Node>('get', 'node', machine);
    return status?.conditions?.find((condition) => condition.type === type);
  }

  async apply(object: object): Promise<void> {
    const applied = await this.cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
    expect(applied.errors).toBe('');
  }

  /** Pods of the rolling set by machine, and of which round their templates are. */
  async roundsOf(app = 'rolls') {
    const { items } = await this.cluster.json<{ items: Pod[] }>('get', 'pods', '-l', `app=${app}`);
    return Object.fromEntries(
      items.map(({ metadata, spec, status }) => [
        spec?.nodeName ?? '',
        {
          name: metadata.name,
          needs: status?.conditions?.find(({ type }) => type === 'PodNeedUpgrade'),
          images: status?.conditions?.find(({ type }) => type === 'PodImageReady'),
          uid: metadata.uid,
          round: spec?.containers[0]?.env?.[0]?.value,
          isReady: status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True',
        },
      ]),
    );
  }

  execIn(name: string, ...command: string[]): Promise<{ output: string }> {
    return this.inRuntime(this.node, async (runtime) => {
      const [container] = await this.containers(name);
      const { stdout } = await runtime.execSync(container?.id ?? '', command, 10);
      return { output: Buffer.from(stdout).toString().trim() };
    });
  }

  /** What the machine's own runtime gave the pod. */
  addressOf(name: string, machine: string): Promise<string | undefined> {
    return this.inRuntime(machine, async (runtime) => {
      const [sandbox] = (await runtime.listSandboxes()).filter((each) => each.name === name && each.ready);
      return sandbox && (await runtime.sandboxStatus(sandbox.id)).addresses[0];
    });
  }

  local(...args: string[]): Promise<CommandResult> {
    return this.localOn(this.node, ...args);
  }

  localOn(machine: string, ...args: string[]): Promise<CommandResult> {
    const [command = '', ...rest] = args;
    const directory = join(this.cluster.dataDirectory, 'machines', machine);
    return this.cluster.skerry(['local', command, '--data-dir', directory, ...rest]);
  }

  async inside(name: string, path: string): Promise<string> {
    const [container] = await this.containers(name);
    return this.inRuntime(this.node, async (runtime) => {
      const { stdout } = await runtime.execSync(container?.id ?? '', ['cat', path], 10);
      return Buffer.from(stdout).toString();
    });
  }

  async pods() {
    const { items } = await this.cluster.json<{ items: Pod[] }>('get', 'pods', '-l', 'app=offline');
    return Object.fromEntries(
      items.map(({ metadata, status }) => {
        const [container] = status?.containerStatuses ?? [];
        const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
        const id = container?.containerID?.split('//')[1];
        return [
          metadata.name ?? '',
          {
            uid: metadata.uid,
            ready,
            container: id,
            restarts: container?.restartCount,
            address: status?.podIP,
          },
        ];
      }),
    );
  }

  async readyOfNode() {
    const { status } = await this.cluster.json<Node>('get', 'node', this.node);
    return status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  }

  /** What the machine's own runtime has of a pod, newest first. */
  containers(name: string) {
    return this.inRuntime(this.node, async (runtime) => {
      const sandboxes = (await runtime.listSandboxes()).filter((each) => each.name === name && each.ready);
      const ids = new Set(sandboxes.map(({ id }) => id));
      const all = await runtime.listContainers();
      return all.filter(({ sandboxId }) => ids.has(sandboxId)).sort((a, b) => b.createdAtMs - a.createdAtMs);
    });
  }

  async inRuntime<T>(
    machine: string,
    use: (runtime: ReturnType<typeof createCriRuntime>) => Promise<T>,
  ): Promise<T> {
    const socket = join(this.cluster.dataDirectory, 'machines', machine, 'containerd', 'containerd.sock');
    const runtime = createCriRuntime({ socket });
    try {
      return await use(runtime);
    } finally {
      runtime.close();
    }
  }

  /** What the end of a machine's power does: agent, runtime and containers end at once, and begin anew. */
  async reboot(machine: string): Promise<void> {
    const runtime = join(this.cluster.dataDirectory, 'machines', machine, 'containerd');
    const { [`agent-${machine}`]: agent = 0 } = await this.cluster.processes();
    const doomed = withDescendants(processesThatName(runtime));
    for (const pid of [agent, ...doomed]) killAtOnce(pid);
    await eventually(async () => {
      const { [`agent-${machine}`]: now } = await this.cluster.processes();
      expect(now).toBeGreaterThan(0);
      expect(now).not.toBe(agent);
    }, patient);
  }
}
