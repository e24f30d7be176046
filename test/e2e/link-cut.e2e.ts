/**
 * What a region sees, and what its pods feel, when its line is cut for longer than the center waits for a node; and how the
 * machines of another region tell a machine that lost its power from one that lost its line alone.
 */
import { join } from 'node:path';
import type { Node, Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, type Cluster, root } from '../support/cluster.ts';
import { busyboxImage, Regions } from '../support/regions.ts';

/** A set whose rollout leaves out machines that are out of reach. */
const rolling = (round: string) => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: {
    name: 'rolls',
    annotations: {
      'apps.openyurt.io/update-strategy': 'AdvancedRollingUpdate',
      'apps.openyurt.io/max-unavailable': '2',
    },
  },
  spec: {
    updateStrategy: { type: 'OnDelete' },
    selector: { matchLabels: { app: 'rolls' } },
    template: {
      metadata: { labels: { app: 'rolls' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'main',
            image: busyboxImage,
            command: ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 1000 & wait; done'],
            env: [{ name: 'ROUND', value: round }],
          },
        ],
      },
    },
  },
});

describe.skipIf(!canRunContainers())('when the line of a region is cut', () => {
  let regions: Regions;
  let cluster: Cluster;
  const patient = { timeoutMs: 90_000, everyMs: 300 };

  beforeAll(async () => {
    regions = await Regions.start({ east: 1, west: 5 });
    ({ cluster } = regions);
    await cluster.kubectlOk('apply', '-f', join(root, 'examples/agent-daemonset.yaml'));
    await apply(rolling('first'));
    await cluster.kubectlOk('rollout', 'status', 'daemonset/fleet-agent', '--timeout=120s');
    await eventually(async () => {
      const rounds = Object.values(await roundsOf());
      expect(rounds.map(({ round, isReady }) => round === 'first' && isReady)).toEqual(
        Array.from({ length: 6 }, () => true),
      );
    }, patient);
  });

  afterAll(async () => {
    await regions?.stop();
  });

  test('node and pods are written off, a machine without power is told from one without a line, and all are ready again soon, with nothing restarted but what a rollout left out', async () => {
    const before = await podsOf('east');
    const away = await podsOn(['west-4', 'west-5']);
    expect(before.length).toBeGreaterThan(0);
    await regions.setLine('east', 'down');
    await regions.inside('west-4', 'ip', 'route', 'delete', 'default');
    await regions.inside('west-5', 'ip', 'link', 'set', 'eth0', 'down');
    const { [`agent-west-5`]: agent = 0 } = await cluster.processes();
    process.kill(agent, 'SIGKILL');
    let rolledOut: Awaited<ReturnType<typeof roundsOf>> = {};
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
      await apply(rolling('second'));
      const cutOff = ['east-1', 'west-4', 'west-5'];
      await eventually(async () => {
        for (const [name, { round, isReady }] of Object.entries(await roundsOf()))
          if (!cutOff.includes(name)) expect([name, round, isReady]).toEqual([name, 'second', true]);
      }, patient);
      rolledOut = await roundsOf();
      for (const name of cutOff) expect(rolledOut[name]?.round).toBe('first');
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
      const rounds = await roundsOf();
      for (const [name, { round, isReady, uid }] of Object.entries(rounds)) {
        expect([name, round, isReady]).toEqual([name, 'second', true]);
        // Those that had finished are left alone.
        if (rolledOut[name]?.round === 'second') expect(uid).toBe(rolledOut[name].uid);
      }
    }, patient);
  });

  async function podsOf(region: string) {
    return podsOn((await nodesOf(region)).map(({ metadata }) => metadata.name ?? ''));
  }

  async function podsOn(names: readonly string[]) {
    const { items } = await cluster.json<{ items: Pod[] }>('get', 'pods', '-l', 'app=fleet-agent');
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

  /** Pods of the rolling set by machine, and of which round their templates are. */
  async function roundsOf() {
    const { items } = await cluster.json<{ items: Pod[] }>('get', 'pods', '-l', 'app=rolls');
    return Object.fromEntries(
      items.map(({ metadata, spec, status }) => [
        spec?.nodeName ?? '',
        {
          uid: metadata.uid,
          round: spec?.containers[0]?.env?.[0]?.value,
          isReady: status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True',
        },
      ]),
    );
  }

  async function apply(object: object): Promise<void> {
    const applied = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
    expect(applied.errors).toBe('');
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
