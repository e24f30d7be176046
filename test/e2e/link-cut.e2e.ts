/** What a region sees, and what its pods feel, when its line is cut for longer than the center waits for a node. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createCriRuntime } from '@skerry/agent';
import type { Node, Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { networkBytes } from '../../bench/processes.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, Cluster, entry, root, soonSilent } from '../support/cluster.ts';
import { isLong, lengths } from '../support/lengths.ts';

/** A pod of the region that its probe has started anew when somebody takes its file away. */
const probed = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'probed' },
  spec: {
    nodeName: 'east-1',
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'main',
        image: 'skerry.io/stand-in/busybox:1.35',
        command: ['sh', '-c', 'touch /tmp/well; trap "exit 0" TERM; while true; do sleep 1000 & wait; done'],
        livenessProbe: {
          exec: { command: ['test', '-f', '/tmp/well'] },
          initialDelaySeconds: 2,
          periodSeconds: 1,
          timeoutSeconds: 10,
          failureThreshold: 2,
        },
      },
    ],
  },
};

describe.skipIf(!canRunContainers())('when the line of a region is cut', () => {
  let cluster: Cluster;
  const patient = { timeoutMs: 90_000, everyMs: 300 };

  beforeAll(async () => {
    cluster = await Cluster.start({
      runtime: 'containerd',
      regions: ['east', 'west'],
      flags: isLong ? [] : soonSilent,
    });
    await cluster.kubectlOk('apply', '-f', join(root, 'examples/agent-daemonset.yaml'));
    await cluster.kubectlOk('rollout', 'status', 'daemonset/fleet-agent', '--timeout=120s');
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  test('its pods go on and nothing is evicted, it is written off meanwhile, and soon after the line is mended all is as it was', async () => {
    const started = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(probed) });
    expect(started.errors).toBe('');
    await cluster.kubectlOk('wait', '--for=condition=Ready', 'pod/probed', '--timeout=60s');
    const before = await podsOf('east');
    expect(before.length).toBeGreaterThan(1);
    const cutAtMs = performance.now();
    const cutAt = Math.floor(Date.now() / 1000) * 1000;
    setLine('east', 'down');
    let restarted: string[] = [];
    let since: string | undefined;
    try {
      restarted = await crashesAndComesBack();
      await eventually(async () => {
        expect(await readyOfNodes('east')).toEqual(['Unknown']);
        expect(await readyOfNodes('west')).toEqual(['True']);
        expect((await podsOf('east')).map(({ ready }) => ready)).not.toContain('True');
        since = await disconnectedSince();
      }, patient);
      expect(Date.parse(since ?? '')).toBeGreaterThanOrEqual(cutAt);
      while (performance.now() - cutAtMs < lengths.cutMs) {
        await delay(Math.min(5_000, Math.max(0, lengths.cutMs - (performance.now() - cutAtMs))));
        expect((await podsOf('east')).map(({ uid }) => uid)).toEqual(before.map(({ uid }) => uid));
        expect(await disconnectedSince()).toBe(since);
      }
      expect(await runningNow()).toEqual(restarted);
    } finally {
      setLine('east', 'up');
    }
    await eventually(async () => {
      expect(await readyOfNodes('east')).toEqual(['True']);
      expect(await disconnectedSince()).toBeUndefined();
      const now = await podsOf('east');
      expect(now.filter(isOther)).toEqual(before.filter(isOther));
      expect(now.map(({ uid, ready }) => [uid, ready])).toEqual(before.map(({ uid }) => [uid, 'True']));
      expect(now.find(({ name }) => name === 'probed')?.containers).toMatchObject([{ restartCount: 1 }]);
    }, patient);
    expect(await runningNow()).toEqual(restarted);
  });

  test('what crosses a link is counted by purpose, as the interface counts it', async () => {
    const pod = (await cluster.json<{ items: Pod[] }>('get', 'pods', '--all-namespaces')).items.find(
      ({ spec }) => spec?.nodeName === 'west-1',
    );
    const { namespace = '', name = '' } = pod?.metadata ?? {};
    const before = await Promise.all([linkOf('west-1'), wireBytes('west-1')]);
    for (let round = 0; round < 5; round++) {
      await cluster.kubectlOk('get', '--raw', '/api/v1/nodes/west-1/proxy/metrics');
      await cluster.kubectlOk('logs', '--namespace', namespace, name);
      await cluster.kubectlOk('exec', '--namespace', namespace, name, '--', 'true');
      await cluster.kubectlOk(
        'annotate',
        'pod',
        '--namespace',
        namespace,
        name,
        `round=${round}`,
        '--overwrite',
      );
    }
    await eventually(async () => {
      const [link, wire] = await Promise.all([linkOf('west-1'), wireBytes('west-1')]);
      const counted = link.sum - before[0].sum;
      expect(wire - before[1]).toBeGreaterThan(20_000);
      expect(Math.abs(counted / (wire - before[1]) - 1)).toBeLessThan(0.06);
      for (const purpose of ['watch', 'logs', 'exec', 'other']) {
        expect(link.of(purpose)).toBeGreaterThan(before[0].of(purpose));
      }
    }, patient);
    const top = await cluster.skerry(['link', 'top', '--once', '--data-dir', cluster.dataDirectory]);
    expect(top.output).toMatch(/^NODE +POOL +STATE +RTT .*\n(?:.*\n)*west-1 +west +Linked +[\d.]+ms /);
  });

  test('a drill cuts it for real, says what held, and mends it however it ends', async () => {
    const flags = ['drill', '--region', 'east', '--yes', '--data-dir', cluster.dataDirectory, '-o', 'json'];
    const before = await podsOf('east');
    const held = await cluster.skerry([...flags, '--for', '10s']);
    expect(JSON.parse(held.output)).toMatchObject({
      held: true,
      nodes: [{ name: 'east-1' }],
      pods: { ranBefore: before.length, runsNow: before.length, restarted: [], evicted: [] },
    });
    expect(held.code).toBe(0);
    expect(await podsOf('east')).toEqual(before);

    const drill = spawn(process.execPath, [entry(), ...flags, '--for', '10m'], {
      env: cluster.environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const report = outputOf(drill);
    await eventually(async () => expect((await linkOf('east-1')).state).toBe('Drill'), patient);
    expect((await cluster.kubectl(['get', '--raw', '/api/v1/nodes/east-1/proxy/healthz'])).errors).toContain(
      'holds no link',
    );
    const [crashed] = (await podsOf('east')).flatMap(({ name = '' }) => name);
    const directory = join(cluster.dataDirectory, 'machines', 'east-1');
    const restarted = await cluster.skerry(['local', 'restart', crashed ?? '', '--data-dir', directory]);
    expect(restarted.errors).toBe('');
    drill.kill('SIGINT');
    const [code] = (await once(drill, 'exit')) as [number];
    const { pods, held: all } = JSON.parse(await report) as { pods: { restarted: string[] }; held: boolean };
    expect([all, pods.restarted, code]).toEqual([false, [`default/${crashed}`], 1]);
    expect((await linkOf('east-1')).state).toBe('Linked');

    const killed = spawn(process.execPath, [entry(), ...flags, '--for', '10m'], {
      env: cluster.environment,
      stdio: 'ignore',
    });
    await eventually(async () => expect((await linkOf('east-1')).state).toBe('Drill'), patient);
    killed.kill('SIGKILL');
    await eventually(async () => expect((await linkOf('east-1')).state).toBe('Linked'), patient);
  });

  test('a line that flaps restarts nothing and costs no memory', async () => {
    const before = await podsOf('east');
    const { reconnects } = await linkOf('east-1');
    const { 'agent-east-1': pid = 0 } = await cluster.processes();
    const memoryBytes = residentBytes(pid);
    const untilMs = performance.now() + lengths.flappingMs;
    for (let flap = 0; performance.now() < untilMs; flap++) {
      setLine('east', 'down');
      await delay(1_500);
      // Packets that are lost for so short a time only come late: every second time the connection itself ends.
      if (flap % 2 === 1) endConnections('east-1');
      setLine('east', 'up');
      await delay(2_000);
    }
    await eventually(async () => {
      expect(await readyOfNodes('east')).toEqual(['True']);
      expect(await podsOf('east')).toEqual(before);
      const link = await linkOf('east-1');
      expect(link.state).toBe('Linked');
      expect(link.reconnects).toBeGreaterThan(reconnects);
    }, patient);
    expect(residentBytes(pid) - memoryBytes).toBeLessThan(40 * 1024 * 1024);
  });

  const isOther = ({ name }: { name?: string | undefined }) => name !== 'probed';

  /** Its probe finds what is done to it on the machine, and it is started anew. Answers with what runs then. */
  async function crashesAndComesBack(): Promise<string[]> {
    const before = await runningNow();
    const broken = await local('exec', 'probed', 'rm', '/tmp/well');
    expect(broken.errors).toBe('');
    return eventually(async () => {
      const [again, ...others] = await runningNow('probed');
      expect([again === undefined, before.includes(again ?? ''), others]).toEqual([false, false, []]);
      expect((await local('exec', 'probed', 'cat', '/tmp/well')).code).toBe(0);
      return runningNow();
    }, patient);
  }

  /** Ids of the containers that the machine's own runtime runs, of one pod or of all. */
  async function runningNow(pod?: string): Promise<string[]> {
    const socket = join(cluster.dataDirectory, 'machines', 'east-1', 'containerd', 'containerd.sock');
    const runtime = createCriRuntime({ socket });
    try {
      const sandboxes = await runtime.listSandboxes();
      const ids = new Set(
        sandboxes.filter(({ name }) => pod === undefined || name === pod).map(({ id }) => id),
      );
      const all = await runtime.listContainers();
      const running = all.filter(({ state, sandboxId }) => state === 'running' && ids.has(sandboxId));
      return running.map(({ id }) => id).sort();
    } finally {
      runtime.close();
    }
  }

  function local(command: string, ...args: string[]) {
    const directory = join(cluster.dataDirectory, 'machines', 'east-1');
    return cluster.skerry(['local', command, '--data-dir', directory, ...args]);
  }

  /** Undefined while it is not. */
  async function disconnectedSince(): Promise<string | undefined> {
    const [node] = await nodesOf('east');
    const condition = node?.status?.conditions?.find(({ type }) => type === 'Disconnected');
    return condition?.status === 'True' ? condition.lastTransitionTime : undefined;
  }

  interface LinkStatus {
    readonly state: string;
    readonly reconnects: number;
    readonly purposes: Record<string, { sentBytes: number; receivedBytes: number }>;
  }

  async function linkOf(node: string) {
    const { status } = await cluster.json<{ status: LinkStatus }>('get', 'nodelink', node);
    const of = (purpose: string) => {
      const { sentBytes = 0, receivedBytes = 0 } = status.purposes[purpose] ?? {};
      return sentBytes + receivedBytes;
    };
    const sum = Object.keys(status.purposes).reduce((total, purpose) => total + of(purpose), 0);
    return { ...status, of, sum };
  }

  /** Both ways, from the IP header on. */
  async function wireBytes(node: string): Promise<number> {
    const { [`agent-${node}`]: pid = 0 } = await cluster.processes();
    return networkBytes(pid);
  }

  /** Breaks the machine's TCP connections, as a router does that forgot them. */
  function endConnections(machine: string): void {
    const { id } = plan();
    const result = spawnSync('ip', [
      'netns',
      'exec',
      `skerry-${id}-${machine}`,
      'ss',
      '-K',
      'dport',
      '=',
      String(cluster.port),
    ]);
    if (result.status !== 0) throw new Error(String(result.stderr));
  }

  async function podsOf(region: string) {
    const names = (await nodesOf(region)).map(({ metadata }) => metadata?.name);
    const { items } = await cluster.json<{ items: Pod[] }>('get', 'pods', '--all-namespaces');
    return items
      .filter(({ spec }) => names.includes(spec?.nodeName))
      .map(({ metadata, status }) => ({
        name: metadata?.name,
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
    const { id, regions } = plan();
    const result = spawnSync('ip', ['link', 'set', `sk${id}u${regions.indexOf(region)}`, state]);
    if (result.status !== 0) throw new Error(String(result.stderr));
  }

  function plan() {
    return JSON.parse(readFileSync(join(cluster.dataDirectory, 'up.json'), 'utf8')) as {
      id: string;
      regions: string[];
    };
  }
});

async function outputOf(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const piece of child.stdout ?? []) text += String(piece);
  return text;
}

function residentBytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}
