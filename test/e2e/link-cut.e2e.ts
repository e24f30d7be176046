/** What a region sees, and what its pods feel, when its line is cut for longer than the center waits for a node. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Node, Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, Cluster, root } from '../support/cluster.ts';

describe.skipIf(!canRunContainers())('when the line of a region is cut', () => {
  let cluster: Cluster;
  const patient = { timeoutMs: 90_000, everyMs: 300 };

  beforeAll(async () => {
    cluster = await Cluster.start({ runtime: 'containerd', regions: ['east', 'west'] });
    await cluster.kubectlOk('apply', '-f', join(root, 'examples/agent-daemonset.yaml'));
    await cluster.kubectlOk('rollout', 'status', 'daemonset/fleet-agent', '--timeout=120s');
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  test('node and pods are written off, and are ready again soon after the line is mended, with nothing restarted', async () => {
    const before = await podsOf('east');
    expect(before.length).toBeGreaterThan(0);
    setLine('east', 'down');
    try {
      await eventually(async () => {
        expect(await readyOfNodes('east')).toEqual(['Unknown']);
        expect(await readyOfNodes('west')).toEqual(['True']);
        expect((await podsOf('east')).map(({ ready }) => ready)).not.toContain('True');
      }, patient);
    } finally {
      setLine('east', 'up');
    }
    await eventually(async () => {
      expect(await readyOfNodes('east')).toEqual(['True']);
      expect(await podsOf('east')).toEqual(before);
    }, patient);
  });

  async function podsOf(region: string) {
    const names = (await nodesOf(region)).map(({ metadata }) => metadata?.name);
    const { items } = await cluster.json<{ items: Pod[] }>('get', 'pods', '--all-namespaces');
    return items
      .filter(({ spec }) => names.includes(spec?.nodeName))
      .map(({ metadata, status }) => ({
        uid: metadata?.uid,
        ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status,
        containers: status?.containerStatuses?.map(({ containerID, restartCount }) => ({
          containerID,
          restartCount,
        })),
      }));
  }

  async function nodesOf(region: string): Promise<Node[]> {
    const selector = `topology.kubernetes.io/region=${region}`;
    return (await cluster.json<{ items: Node[] }>('get', 'nodes', '-l', selector)).items;
  }

  async function readyOfNodes(region: string) {
    return (await nodesOf(region)).map(
      ({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status,
    );
  }

  /** Takes the region's router off the net between the regions, or puts it back. */
  function setLine(region: string, state: 'up' | 'down'): void {
    const { id, regions } = JSON.parse(readFileSync(join(cluster.dataDirectory, 'up.json'), 'utf8')) as {
      id: string;
      regions: string[];
    };
    const result = spawnSync('ip', ['link', 'set', `sk${id}u${regions.indexOf(region)}`, state]);
    if (result.status !== 0) throw new Error(String(result.stderr));
  }
});
