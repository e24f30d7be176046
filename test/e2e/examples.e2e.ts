/** Both examples on real containers, and what must hold around them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DaemonSet, Node, Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, Cluster, leftovers, root } from '../support/cluster.ts';

const example = (name: string) => join(root, 'examples', name);

const byText = (left = '', right = '') => left.localeCompare(right);

interface Listed<T> {
  readonly items: T[];
}

describe.skipIf(!canRunContainers())('three regions on real containers', () => {
  let cluster: Cluster;
  const agents = async () => (await cluster.json<Listed<Pod>>('get', 'pods', '-l', 'app=fleet-agent')).items;
  const patient = { timeoutMs: 120_000, everyMs: 300 };

  beforeAll(async () => {
    cluster = await Cluster.start({ runtime: 'containerd' });
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  test('all machines have the same private address and are Ready in their pools', async () => {
    const { items } = await cluster.json<Listed<Node>>('get', 'nodes');
    const facts = items.map(({ metadata, status }) => ({
      name: metadata?.name,
      pool: metadata?.labels?.['apps.openyurt.io/nodepool'],
      region: metadata?.labels?.['topology.kubernetes.io/region'],
      address: status?.addresses?.find(({ type }) => type === 'InternalIP')?.address,
      ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status,
    }));
    expect(facts).toEqual(
      ['beijing', 'shanghai', 'zhangjiakou'].map((region) => ({
        name: `${region}-1`,
        pool: region,
        region,
        address: '192.168.0.10',
        ready: 'True',
      })),
    );
  });

  test('a DaemonSet runs one pod in each region', async () => {
    await cluster.kubectlOk('apply', '-f', example('agent-daemonset.yaml'));
    await cluster.kubectlOk('rollout', 'status', 'daemonset/fleet-agent', '--timeout=120s');
    const pods = await agents();
    expect(pods.map((pod) => pod.spec?.nodeName).toSorted(byText)).toEqual([
      'beijing-1',
      'shanghai-1',
      'zhangjiakou-1',
    ]);
    for (const pod of pods) expect(pod.status?.phase).toBe('Running');
    expect(await cluster.kubectlOk('logs', pods[0]?.metadata?.name ?? '')).toContain(
      'agent 1.0 (stand-in) starts on',
    );
  });

  test('a changed image rolls through with at most one machine without its agent', async () => {
    await cluster.kubectlOk(
      'set',
      'image',
      'daemonset/fleet-agent',
      'agent=skerry.io/stand-in/fleet-agent:1.1',
    );
    let most = 0;
    await eventually(async () => {
      const { status, metadata } = await cluster.json<DaemonSet>('get', 'daemonset', 'fleet-agent');
      most = Math.max(most, status?.numberUnavailable ?? 0);
      expect(status?.observedGeneration).toBe(metadata?.generation);
      expect(status?.updatedNumberScheduled).toBe(3);
      expect(status?.numberAvailable).toBe(3);
    }, patient);
    expect(most).toBeLessThanOrEqual(1);
    for (const pod of await agents()) expect(pod.spec?.containers[0]?.image).toMatch(/:1\.1$/);
  });

  test('its history is kept and can be gone back to', async () => {
    expect(await cluster.kubectlOk('rollout', 'history', 'daemonset/fleet-agent')).toMatch(/^1 +.*\n2 +/m);
    await cluster.kubectlOk('rollout', 'undo', 'daemonset/fleet-agent');
    await cluster.kubectlOk('rollout', 'status', 'daemonset/fleet-agent', '--timeout=120s');
    for (const pod of await agents()) expect(pod.spec?.containers[0]?.image).toMatch(/:1\.0$/);
  });

  test('a fourth machine that joins gets its pod by itself', async () => {
    const added = await cluster.skerry([
      'up',
      'machine',
      'add',
      'shanghai-2',
      '--region',
      'shanghai',
      '--data-dir',
      cluster.dataDirectory,
    ]);
    expect(added.errors).toBe('');
    await eventually(async () => {
      const pod = (await agents()).find((each) => each.spec?.nodeName === 'shanghai-2');
      expect(pod?.status?.phase).toBe('Running');
    }, patient);
  });

  test('a pod waits for a GPU that no region has, and runs on a machine that brings one: the same pod, never restarted', async () => {
    await cluster.kubectlOk('apply', '-f', example('tensorflow-mnist.yaml'));
    const waiting = await eventually(async () => {
      const [pod] = (await cluster.json<Listed<Pod>>('get', 'pods', '-l', 'app=tensorflow-mnist')).items;
      const scheduled = pod?.status?.conditions?.find(({ type }) => type === 'PodScheduled');
      expect(scheduled).toMatchObject({ status: 'False', reason: 'Unschedulable' });
      expect(scheduled?.message).toContain('0/4 nodes are available: 4 Insufficient nvidia.com/gpu.');
      return pod;
    }, patient);
    const name = waiting?.metadata?.name ?? '';
    expect(await cluster.kubectlOk('get', 'pods', name)).toMatch(/0\/1 +Pending +0 /);
    await eventually(async () => {
      expect(await cluster.kubectlOk('describe', 'pod', name)).toMatch(
        /Warning +FailedScheduling .*Insufficient nvidia\.com\/gpu/,
      );
    }, patient);

    await cluster.kubectlOk('apply', '-f', example('gpu-node-pool.yaml'));
    const added = await cluster.skerry([
      'up',
      'machine',
      'add',
      'guangzhou-gpu-1',
      '--region',
      'guangzhou',
      '--gpus',
      '1',
      '--data-dir',
      cluster.dataDirectory,
    ]);
    expect(added.errors).toBe('');

    const running = await eventually(async () => {
      const pod = await cluster.json<Pod>('get', 'pod', name);
      expect(pod.status?.phase).toBe('Running');
      expect(pod.status?.containerStatuses?.[0]?.ready).toBe(true);
      return pod;
    }, patient);
    expect(running.metadata?.uid).toBe(waiting?.metadata?.uid);
    expect(running.spec?.nodeName).toBe('guangzhou-gpu-1');
    expect(running.status?.containerStatuses?.[0]?.restartCount).toBe(0);
    expect(running.status?.podIP).toMatch(/^10\.12\.\d+\.\d+$/);
    expect(await cluster.kubectlOk('get', 'pods', '-owide', name)).toMatch(
      /1\/1 +Running +0 .* guangzhou-gpu-1 +<none> +<none>/,
    );
  });

  test('a pool with machines can not be deleted, and its label on a node can not be changed', async () => {
    const deleted = await cluster.kubectl(['delete', 'nodepool', 'shanghai']);
    expect(deleted.code).toBe(1);
    expect(deleted.errors).toMatch(/forbidden|still/);
    const moved = await cluster.kubectl([
      'label',
      'node',
      'shanghai-1',
      'apps.openyurt.io/nodepool=beijing',
      '--overwrite',
    ]);
    expect(moved.code).toBe(1);
  });

  test("a pool's labels and taints reach its machines, and leave them again", async () => {
    const patch = (spec: object) =>
      cluster.kubectlOk('patch', 'nodepool', 'zhangjiakou', '--type=merge', '-p', JSON.stringify({ spec }));
    await patch({
      labels: { tier: 'far', 'topology.kubernetes.io/region': 'zhangjiakou' },
      taints: [{ key: 'site', value: 'far', effect: 'PreferNoSchedule' }],
    });
    await eventually(async () => {
      const node = await cluster.json<Node>('get', 'node', 'zhangjiakou-1');
      expect(node.metadata?.labels?.['tier']).toBe('far');
      expect(node.spec?.taints).toContainEqual({ key: 'site', value: 'far', effect: 'PreferNoSchedule' });
    }, patient);
    await patch({ labels: { tier: null }, taints: [] });
    await eventually(async () => {
      const node = await cluster.json<Node>('get', 'node', 'zhangjiakou-1');
      expect(node.metadata?.labels).not.toHaveProperty('tier');
      expect(node.spec?.taints ?? []).toEqual([]);
    }, patient);
  });

  test('Ctrl-C leaves nothing behind, and the next start finds its state', async () => {
    const { id } = JSON.parse(readFileSync(join(cluster.dataDirectory, 'up.json'), 'utf8')) as { id: string };
    const before = (await agents()).map((pod) => pod.metadata?.uid).toSorted(byText);
    await cluster.pause();
    expect(leftovers(cluster.dataDirectory, id)).toEqual([]);
    await cluster.resume();
    await eventually(async () => {
      const pods = await agents();
      expect(pods.map((pod) => pod.metadata?.uid).toSorted(byText)).toEqual(before);
      for (const pod of pods) expect(pod.status?.containerStatuses?.[0]?.ready).toBe(true);
    }, patient);
  });

  test('nothing of the cluster is readable by others', () => {
    for (const file of ['admin.kubeconfig', 'server/pki/ca.key', 'run/controllers-token']) {
      const path = join(cluster.dataDirectory, file);
      expect(existsSync(path), file).toBe(true);
      expect(execFileSync('stat', ['-c', '%a', path], { encoding: 'utf8' }).trim(), file).toBe('600');
    }
  });
});
