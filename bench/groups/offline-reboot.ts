/** A machine loses its line and its power, and comes back without the line: until all its pods run again. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pod } from '@skerry/api';
import type { Cluster } from '../../test/support/cluster.ts';
import type { ApiSession } from '../api-session.ts';
import { until } from '../center.ts';
import type { Measurement } from '../figure.ts';

const pods = 20;
const path = '/api/v1/namespaces/default/pods';

export async function offlineReboot(
  cluster: Cluster,
  session: ApiSession,
  node: string,
): Promise<Measurement> {
  const directory = join(cluster.dataDirectory, 'machines', node);
  for (let index = 0; index < pods; index++)
    await session.ok('POST', path, rebootPod(`bench-reboot-${index}`, node));
  try {
    await until(`${pods} pods running`, 120_000, async () => {
      const { items } = await session.json<{ items: Pod[] }>(`${path}?labelSelector=app%3Dbench-reboot`);
      return items.filter(({ status }) => status?.phase === 'Running').length === pods;
    });
    // What the machine's disk is to hold is written by then.
    await delay(5000);
    setLine(cluster, node, 'down');
    try {
      const { [`agent-${node}`]: agent = 0 } = await cluster.processes();
      for (const pid of [agent, ...descendantsOf(join(directory, 'containerd'))]) killAtOnce(pid);
      await until('the agent starts again', 60_000, async () => {
        const { [`agent-${node}`]: now = 0 } = await cluster.processes();
        return now > 0 && now !== agent;
      });
      const startedMs = performance.now();
      await until(`${pods} pods running again`, 120_000, async () => {
        const { output } = await cluster.skerry(['local', 'pods', '--data-dir', directory]);
        return (output.match(/bench-reboot-\d+ +1\/1 +Running/g) ?? []).length === pods;
      });
      return {
        name: `a reboot without the line, until ${pods} pods run, from the agent's start`,
        value: (performance.now() - startedMs) / 1000,
        unit: 's',
        most: 10,
      };
    } finally {
      setLine(cluster, node, 'up');
    }
  } finally {
    await cluster.kubectl(['delete', 'pod', '-l', 'app=bench-reboot', '--timeout=90s']);
  }
}

function setLine(cluster: Cluster, node: string, state: 'up' | 'down'): void {
  const { id, regions } = JSON.parse(readFileSync(join(cluster.dataDirectory, 'up.json'), 'utf8')) as {
    id: string;
    regions: string[];
  };
  const region = regions.findIndex((name) => node.startsWith(`${name}-`));
  const { status, stderr } = spawnSync('ip', ['link', 'set', `sk${id}u${region}`, state]);
  if (status !== 0) throw new Error(String(stderr));
}

/** Processes whose command names a path, and all that they have started. */
function descendantsOf(named: string): number[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
        const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]);
        return [{ pid: Number(name), parent, command }];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
  const found = new Set(all.filter(({ command }) => command.includes(named)).map(({ pid }) => pid));
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

function killAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended with its parent.
  }
}

function rebootPod(name: string, node: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: 'bench-reboot' } },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'skerry.io/stand-in/busybox:1.35', command: ['sleep', '100000'] }],
    },
  };
}
