/** A whole node for tests: an agent on a containerd of its own, with an API server in memory before it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Node, Pod, PodSpec } from '@skerry/api';
import { silentLogger, systemClock, type Logger } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient, recordingEvents } from '@skerry/client/testing';
import { createAgent, type Agent } from '#agent.ts';
import { startContainerdNode, type ContainerdNode } from '#testing/containerd-node.ts';

/** Images that every such node has. */
export const testImages = {
  first: 'registry.example/busybox:1',
  second: 'registry.example/busybox:2',
} as const;

/** A command that a shell runs. */
export function script(text: string): string[] {
  return ['sh', '-c', text];
}

export class AgentNode {
  readonly node: ContainerdNode;
  readonly client = new FakeApiClient({ clock: systemClock });
  readonly events = recordingEvents();
  readonly #log: Logger;
  #agent: Agent | undefined;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(node: ContainerdNode, { log = silentLogger }: { log?: Logger } = {}) {
    this.node = node;
    this.#log = log;
  }

  /** Starts containerd and agent, and waits until the node is ready. */
  static async start(options: { log?: Logger } = {}): Promise<AgentNode> {
    const machine = await startContainerdNode(options);
    for (const image of Object.values(testImages)) await machine.addImage(image);
    const started = new AgentNode(machine, options);
    started.startAgent();
    await started.becomeReady();
    return started;
  }

  get agent(): Agent {
    if (!this.#agent) throw new Error('the agent was never started');
    return this.#agent;
  }

  get dataDirectory(): string {
    return join(this.node.directory, 'data');
  }

  startAgent(): void {
    this.#stop = new AbortController();
    this.#agent = createAgent({
      client: this.client,
      runtime: this.node.runtime,
      nodeName: 'n1',
      dataDirectory: this.dataDirectory,
      addresses: ['10.0.0.1'],
      labels: { 'topology.kubernetes.io/region': 'here' },
      network: {
        configFile: this.node.cniConfigFile,
        bridge: 'skerry0',
        networkNamespace: this.node.networkNamespace,
        dataDirectory: join(this.node.directory, 'ipam'),
      },
      cgroupRoot: this.node.cgroupRoot,
      recorder: this.events,
      clock: systemClock,
      log: this.#log,
      random: Math.random,
    });
    this.#running = this.#agent.run(this.#stop.signal);
  }

  async stopAgent(): Promise<void> {
    this.#stop.abort(new Error('test ends'));
    await this.#running;
  }

  /** Gives the node its range of addresses, as a controller would, and waits for its pod network. */
  async becomeReady(): Promise<void> {
    const nodes = () => this.client.all<Node>(resources.nodes);
    await eventually(() => require(nodes().length === 1, 'the node is not registered'));
    this.client.edit<Node>(resources.nodes, { name: 'n1' }, (object) => {
      object.spec = { ...object.spec, podCIDR: '10.77.1.0/24', podCIDRs: ['10.77.1.0/24'] };
    });
    await eventually(() => {
      const ready = nodes()[0]?.status?.conditions?.find(({ type }) => type === 'Ready');
      require(ready?.status === 'True', `the node is not ready: ${ready?.message}`);
    });
  }

  create(name: string, spec: PodSpec): Pod {
    return this.client.seed<Pod>(resources.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', labels: { app: name } },
      spec: { nodeName: 'n1', terminationGracePeriodSeconds: 1, restartPolicy: 'Always', ...spec },
    });
  }

  read(name: string): Promise<Pod> {
    return this.client.resource<Pod>(resources.pods).get(name, { namespace: 'default' });
  }

  /** The pod, once `check` is content with it. */
  podWith(name: string, check: (pod: Pod) => void): Promise<Pod> {
    const look = async () => {
      const pod = await this.read(name);
      check(pod);
      return pod;
    };
    return eventually(look, { timeoutMs: 60_000 });
  }

  podReady(name: string): Promise<Pod> {
    return this.podWith(name, ({ status }) => {
      const ready = status?.conditions?.find(({ type }) => type === 'Ready');
      require(ready?.status ===
        'True', `pod ${name} is not ready: ${JSON.stringify(status?.containerStatuses)}`);
    });
  }

  /** Deletes the pod and waits until nothing of it is left, at the API and at the runtime. */
  async remove(name: string): Promise<void> {
    await this.client.resource<Pod>(resources.pods).delete(name, { namespace: 'default' });
    const gone = async () => {
      const left = this.client.all<Pod>(resources.pods).filter(({ metadata }) => metadata.name === name);
      require(left.length === 0, `pod ${name} is still there`);
      const sandboxes = await this.node.runtime.listSandboxes();
      require(!sandboxes.some((sandbox) => sandbox.name === name), `a sandbox of ${name} is still there`);
    };
    await eventually(gone, { timeoutMs: 60_000 });
  }

  async logOf(name: string, container: string, attempt = 0): Promise<string> {
    const { uid } = (await this.read(name)).metadata;
    return readFile(
      join(this.dataDirectory, 'log/pods', `default_${name}_${uid}`, container, `${attempt}.log`),
      'utf8',
    );
  }

  /** What a command in the pod's running container says. */
  async execIn(name: string, command: readonly string[]): Promise<string> {
    const containers = await this.node.runtime.listContainers();
    const found = containers.find(
      ({ labels, state }) => labels['io.kubernetes.pod.name'] === name && state === 'running',
    );
    if (!found) throw new Error(`pod ${name} has no running container`);
    const { stdout, stderr, exitCode } = await this.node.runtime.execSync(found.id, command, 10);
    if (exitCode !== 0) throw new Error(`${command.join(' ')}: ${Buffer.from(stderr).toString()}`);
    return Buffer.from(stdout).toString();
  }

  /** Takes everything away; answers what stayed nevertheless. */
  async close(): Promise<string[]> {
    await this.stopAgent();
    await this.node.close();
    return this.node.leftovers();
  }
}

function require(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}
