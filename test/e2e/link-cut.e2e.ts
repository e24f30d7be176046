/**
 * What a region sees, and what its pods feel, when its line is cut for longer than the center waits for a node; and how the
 * machines of another region tell a machine that lost its power from one that lost its line alone.
 */
import { join } from 'node:path';
import type { Node, Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, type Cluster, root } from '../support/cluster.ts';
import { Regions } from '../support/regions.ts';

describe.skipIf(!canRunContainers())('when the line of a region is cut', () => {
  let regions: Regions;
  let cluster: Cluster;
  const patient = { timeoutMs: 90_000, everyMs: 300 };

  beforeAll(async () => {
    regions = await Regions.start({ east: 1, west: 5 });
    ({ cluster } = regions);
    await cluster.kubectlOk('apply', '-f', join(root, 'examples/agent-daemonset.yaml'));
    await cluster.kubectlOk('rollout', 'status', 'daemonset/fleet-agent', '--timeout=120s');
  });

  afterAll(async () => {
    await regions?.stop();
  });

  test('node and pods are written off, a machine without power is told from one without a line, and all are ready again soon, with nothing restarted', async () => {
    const before = await podsOf('east');
    const away = await podsOn(['west-4', 'west-5']);
    expect(before.length).toBeGreaterThan(0);
    await regions.setLine('east', 'down');
    await regions.inside('west-4', 'ip', 'route', 'delete', 'default');
    await regions.inside('west-5', 'ip', 'link', 'set', 'eth0', 'down');
    const { [`agent-west-5`]: agent = 0 } = await cluster.processes();
    process.kill(agent, 'SIGKILL');
    try {
      await eventually(async () => {
        expect(await readyOfNodes('east')).toEqual(['Unknown']);
        expect(await readyOfNodes('west')).toEqual(['True', 'True', 'True', 'Unknown', 'Unknown']);
        expect((await podsOf('east')).map(({ ready }) => ready)).not.toContain('True');
        expect(await conditionOf('west-5', 'Disconnected')).toMatchObject({ status: 'True' });
        expect(await conditionOf('west-5', 'Dead')).toMatchObject({ status: 'True', reason: 'PeersSilent' });
        expect(await conditionOf('west-4', 'Disconnected')).toMatchObject({
          status: 'True',
          message: expect.stringContaining('machines of its pool hear it'),
        });
      }, patient);
      expect(await conditionOf('west-4', 'Dead')).toBeUndefined();
      expect(await conditionOf('east-1', 'Dead')).toBeUndefined();
      expect((await podsOn(['west-4', 'west-5'])).map(({ uid }) => uid)).toEqual(away.map(({ uid }) => uid));
    } finally {
      await regions.setLine('east', 'up');
      await regions.inside('west-5', 'ip', 'link', 'set', 'eth0', 'up');
      for (const machine of ['west-4', 'west-5'])
        await regions.inside(machine, 'ip', 'route', 'replace', 'default', 'via', '192.168.0.1');
    }
    await eventually(async () => {
      expect(await readyOfNodes('east')).toEqual(['True']);
      expect(await readyOfNodes('west')).toEqual(['True', 'True', 'True', 'True', 'True']);
      expect(await podsOf('east')).toEqual(before);
      expect(await podsOn(['west-4', 'west-5'])).toEqual(away);
      expect(await conditionOf('west-5', 'Dead')).toMatchObject({ status: 'False' });
    }, patient);
  });

  async function podsOf(region: string) {
    return podsOn((await nodesOf(region)).map(({ metadata }) => metadata.name ?? ''));
  }

  async function podsOn(names: readonly string[]) {
    const { items } = await cluster.json<{ items: Pod[] }>('get', 'pods', '--all-namespaces');
    return items
      .filter(({ spec }) => names.includes(spec?.nodeName ?? ''))
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

  async function conditionOf(name: string, type: string) {
    const { status } = await cluster.json<Node>('get', 'node', name);
    return status?.conditions?.find((condition) => condition.type === type);
  }
});
