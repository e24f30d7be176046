/** What happens to containers and to what was acknowledged when parts are killed. */
import { join } from 'node:path';
import type { Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, Cluster, root } from '../support/cluster.ts';

describe.skipIf(!canRunContainers())('when parts are killed', () => {
  let cluster: Cluster;
  const patient = { timeoutMs: 150_000, everyMs: 300 };

  beforeAll(async () => {
    cluster = await Cluster.start({ runtime: 'containerd', regions: ['east', 'west'] });
    await cluster.kubectlOk('apply', '-f', join(root, 'examples/agent-daemonset.yaml'));
    const keeper = [
      'run',
      'keeper',
      '--image=skerry.io/stand-in/busybox:1.35',
      '--',
      'sh',
      '-c',
      'trap "exit 0" TERM; sleep 100000 & wait',
    ];
    await cluster.kubectlOk(...keeper);
    await cluster.kubectlOk('rollout', 'status', 'daemonset/fleet-agent', '--timeout=120s');
    await cluster.kubectlOk('wait', '--for=condition=Ready', 'pod/keeper', '--timeout=120s');
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  test('the server killed with -9 in the middle of a rollout loses nothing, restarts no container, and the rollout ends', async () => {
    const keeper = await containerOf('keeper');
    await cluster.kubectlOk(
      'set',
      'image',
      'daemonset/fleet-agent',
      'agent=skerry.io/stand-in/fleet-agent:1.1',
    );
    const acknowledged: string[] = [];
    let killed = false;
    for (let index = 0; index < 40; index++) {
      const name = `written-${index}`;
      const result = await cluster.kubectl(['create', 'configmap', name, `--from-literal=n=${index}`], {
        timeoutMs: 15_000,
      });
      if (result.code === 0) acknowledged.push(name);
      if (index === 10) {
        const { 'api-server': pid } = await cluster.processes();
        process.kill(pid ?? 0, 'SIGKILL');
        killed = true;
      }
    }
    expect(killed).toBe(true);
    await eventually(async () => {
      await cluster.kubectlOk('rollout', 'status', 'daemonset/fleet-agent', '--timeout=60s');
    }, patient);
    const { items } = await cluster.json<{ items: { metadata: { name: string } }[] }>('get', 'configmaps');
    const present = new Set(items.map(({ metadata }) => metadata.name));
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(acknowledged.filter((name) => !present.has(name))).toEqual([]);
    expect(await containerOf('keeper')).toEqual(keeper);
  });

  test('an agent killed with -9 comes back and restarts no container', async () => {
    const before = await containerOf('keeper');
    const pods = await cluster.json<{ items: Pod[] }>('get', 'pods', '-o', 'json');
    const node = pods.items.find(({ metadata }) => metadata?.name === 'keeper')?.spec?.nodeName ?? '';
    const { [`agent-${node}`]: pid } = await cluster.processes();
    process.kill(pid ?? 0, 'SIGKILL');
    await eventually(async () => {
      const { [`agent-${node}`]: now } = await cluster.processes();
      expect(now).toBeGreaterThan(0);
      expect(now).not.toBe(pid);
    }, patient);
    await eventually(async () => {
      expect((await cluster.kubectl(['exec', 'keeper', '--', 'true'])).code).toBe(0);
    }, patient);
    expect(await containerOf('keeper')).toEqual(before);
  });

  test('a changed image of a running pod keeps its sandbox and address', async () => {
    const before = await cluster.json<Pod>('get', 'pod', 'keeper');
    await cluster.kubectlOk('set', 'image', 'pod/keeper', 'keeper=skerry.io/stand-in/fleet-agent:1.2');
    await eventually(async () => {
      const now = await cluster.json<Pod>('get', 'pod', 'keeper');
      const [status] = now.status?.containerStatuses ?? [];
      expect(status?.image).toContain('fleet-agent:1.2');
      expect(status?.state?.running).toBeDefined();
      expect(now.status?.podIP).toBe(before.status?.podIP);
      expect(now.metadata?.uid).toBe(before.metadata?.uid);
    }, patient);
  });

  async function containerOf(pod: string) {
    const { status } = await cluster.json<Pod>('get', 'pod', pod);
    const [container] = status?.containerStatuses ?? [];
    return { id: container?.containerID, restarts: container?.restartCount, address: status?.podIP };
  }
});
