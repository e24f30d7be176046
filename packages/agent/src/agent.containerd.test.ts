import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConfigMap, Node, Pod, PodSpec } from '@skerry/api';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient, recordingEvents } from '@skerry/client/testing';
import { createAgent, type Agent } from '#agent.ts';
import { canRunContainers, startContainerdNode, type ContainerdNode } from '#testing/containerd-node.ts';

const image = 'registry.example/busybox:1';
const otherImage = 'registry.example/busybox:2';

describe.skipIf(!(await canRunContainers()))('agent on containerd', () => {
  let node: ContainerdNode;
  let client: FakeApiClient;
  let events: ReturnType<typeof recordingEvents>;
  let agent: Agent;
  let stop: AbortController;
  let running: Promise<void>;

  function startAgent(): void {
    stop = new AbortController();
    agent = createAgent({
      client,
      runtime: node.runtime,
      nodeName: 'n1',
      dataDirectory: join(node.directory, 'data'),
      addresses: ['10.0.0.1'],
      labels: { 'topology.kubernetes.io/region': 'here' },
      network: {
        configFile: node.cniConfigFile,
        bridge: 'skerry0',
        dataDirectory: join(node.directory, 'ipam'),
        masquerade: false,
      },
      cgroupRoot: node.cgroupRoot,
      recorder: events,
      clock: systemClock,
      log: silentLogger,
      random: Math.random,
    });
    running = agent.run(stop.signal);
  }

  async function stopAgent(): Promise<void> {
    stop.abort(new Error('test ends'));
    await running;
  }

  beforeAll(async () => {
    node = await startContainerdNode();
    await node.addImage(image);
    await node.addImage(otherImage);
    client = new FakeApiClient({ clock: systemClock });
    events = recordingEvents();
    startAgent();
    await eventually(() => expect(client.all<Node>(resources.nodes)).toHaveLength(1));
    client.edit<Node>(resources.nodes, { name: 'n1' }, (object) => {
      object.spec = { ...object.spec, podCIDR: '10.77.1.0/24', podCIDRs: ['10.77.1.0/24'] };
    });
    await eventually(() => {
      const ready = client
        .all<Node>(resources.nodes)[0]
        ?.status?.conditions?.find(({ type }) => type === 'Ready');
      expect(ready).toMatchObject({ status: 'True', reason: 'KubeletReady' });
    });
  });

  afterAll(async () => {
    await stopAgent();
    await node.close();
    expect(await node.leftovers()).toEqual([]);
  });

  function create(name: string, spec: PodSpec): Pod {
    return client.seed<Pod>(resources.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', labels: { app: name } },
      spec: { nodeName: 'n1', terminationGracePeriodSeconds: 1, restartPolicy: 'Always', ...spec },
    });
  }

  const read = (name: string) => client.resource<Pod>(resources.pods).get(name, { namespace: 'default' });

  async function podWith(name: string, check: (pod: Pod) => void): Promise<Pod> {
    return eventually(
      async () => {
        const pod = await read(name);
        check(pod);
        return pod;
      },
      { timeoutMs: 60_000 },
    );
  }

  const isReady = (pod: Pod) =>
    expect(pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');

  async function remove(name: string): Promise<void> {
    await client.resource<Pod>(resources.pods).delete(name, { namespace: 'default' });
    await eventually(async () => await expect(read(name)).rejects.toThrow('not found'), {
      timeoutMs: 60_000,
    });
    await eventually(async () => {
      const sandboxes = await node.runtime.listSandboxes();
      expect(sandboxes.filter((sandbox) => sandbox.name === name)).toEqual([]);
    });
  }

  const script = (text: string) => ['sh', '-c', text];

  async function logOf(name: string, container: string, attempt = 0): Promise<string> {
    const { uid } = (await read(name)).metadata;
    const path = join(node.directory, 'data/log/pods', `default_${name}_${uid}`, container, `${attempt}.log`);
    return readFile(path, 'utf8');
  }

  test('a pod runs, with an address, a log and a full status, and leaves nothing when it is deleted', async () => {
    create('web', {
      containers: [{ name: 'main', image, command: script('echo hello from $HOSTNAME; exec sleep 1000') }],
    });
    const pod = await podWith('web', isReady);
    expect(pod.status).toMatchObject({
      phase: 'Running',
      hostIP: '10.0.0.1',
      podIP: expect.stringMatching(/^10\.77\.1\.\d+$/),
      qosClass: 'BestEffort',
      containerStatuses: [
        {
          name: 'main',
          ready: true,
          started: true,
          restartCount: 0,
          image,
          containerID: expect.stringMatching(/^containerd:\/\/[0-9a-f]{64}$/),
          state: { running: {} },
        },
      ],
    });
    expect(await logOf('web', 'main')).toMatch(/ stdout F hello from web\n/);
    expect(events.lines).toEqual(
      expect.arrayContaining([
        `Normal Pulled: Container image "${image}" already present on machine`,
        'Normal Created: Container created',
        'Normal Started: Container started',
      ]),
    );
    const id = pod.metadata.uid ?? '';
    await remove('web');
    expect(events.lines).toContain('Normal Killing: Stopping container main');
    expect(await readdir(join(node.directory, 'data/pods'))).not.toContain(id);
    expect((await node.leftovers()).filter((line) => line.includes(id))).toEqual([]);
  });
});
