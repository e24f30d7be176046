/**
 * Throughput between pods on two machines, by the means of a pool and across two pools, beside that of the same machines
 * without us: plain routes between plain network namespaces, measured in turns.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../../test/support/cluster.ts';
import { Regions } from '../../test/support/regions.ts';
import { until } from '../center.ts';
import { median, type Measurement } from '../figure.ts';
import type { BenchGroup } from '../group.ts';
import { pssMb } from '../processes.ts';
import { requestsPerSecond } from './requests.ts';

export interface Place {
  /** What enters its network: words before a program. */
  readonly enter: readonly [string, ...string[]];
  readonly address: string;
}

export const measureNetwork: BenchGroup = async ({ quick, note }) => {
  const runs = quick ? 1 : 5;
  const seconds = quick ? 3 : 10;
  const holders: ChildProcess[] = [];
  const regions = await Regions.start({ a: 2, b: 1 });
  try {
    const [first, second, far] = [
      await podOn(regions, 'a-1'),
      await podOn(regions, 'a-2'),
      await podOn(regions, 'b-1'),
    ];
    const bare = await bareNetwork(regions, holders);
    const plain: number[] = [];
    const routed: number[] = [];
    const tunnelled: number[] = [];
    for (let index = 0; index < runs; index++) {
      plain.push(await throughput(bare.first, bare.second, seconds));
      await route(regions, 'auto');
      routed.push(await throughput(first, second, seconds));
      await route(regions, 'vxlan');
      tunnelled.push(await throughput(first, second, seconds));
    }
    const service = await serviceBefore(regions, 'bench-a-2');
    const byService: number[] = [];
    for (let index = 0; index < runs; index++)
      byService.push(await throughput(first, second, seconds, service));
    const requests = await measureRequests({ first, second, bare, runs, seconds, service });
    note(`plain: ${plain.map(Math.round).join(' ')}; VXLAN: ${tunnelled.map(Math.round).join(' ')} Mbit/s`);
    await cross(regions);
    const crossed: number[] = [];
    for (let index = 0; index < runs; index++) crossed.push(await throughput(first, far, seconds));
    note(`crossing: ${crossed.map(Math.round).join(' ')} Mbit/s`);
    const agent = (await regions.cluster.processes())['agent-a-1'] ?? 0;
    const peer = 'the same machines without us';
    const compared = (values: readonly number[], ratioLeast?: number) => ({
      value: median([...values]),
      unit: 'Mbit/s',
      comparison: {
        peer,
        value: median([...plain]),
        measured: true,
        ...(ratioLeast ? { ratioLeast } : {}),
      },
    });
    return [
      { name: 'pod to pod in a pool, routes', ...compared(routed) },
      { name: 'pod to pod in a pool, VXLAN', ...compared(tunnelled, 0.75) },
      { name: 'through a Service in a pool, VXLAN', ...compared(byService) },
      ...requests,
      { name: 'pod to pod across pools, relayed', value: median(crossed), unit: 'Mbit/s', least: 100 },
      { name: 'agent of a gateway, after that', value: pssMb(agent), unit: 'MB' },
    ];
  } finally {
    for (const holder of holders) holder.kill('SIGKILL');
    await regions.stop();
  }
};

/** Of the same pairs, in turns. */
async function measureRequests({
  first,
  second,
  bare,
  runs,
  seconds,
  service,
}: {
  first: Place;
  second: Place;
  bare: { first: Place; second: Place };
  runs: number;
  seconds: number;
  /** The address of one before `second`. */
  service: string;
}): Promise<Measurement[]> {
  const url = `http://${service}/`;
  const plain: number[] = [];
  const direct: number[] = [];
  const byService: number[] = [];
  for (let index = 0; index < runs; index++) {
    plain.push(await requestsPerSecond(bare.first, bare.second, { seconds }));
    direct.push(await requestsPerSecond(first, second, { seconds }));
    byService.push(await requestsPerSecond(first, second, { seconds, url }));
  }
  const compared = (name: string, values: readonly number[]): Measurement => ({
    name,
    value: median([...values]),
    unit: 'requests/s',
    comparison: { peer: 'the same machines without us', value: median([...plain]), measured: true },
  });
  return [
    compared('requests pod to pod in a pool, VXLAN', direct),
    compared('requests through a Service, VXLAN', byService),
  ];
}

/** The address of a Service before the HTTP server in a pod, and before its iperf3. */
async function serviceBefore(regions: Regions, pod: string): Promise<string> {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'bench' },
    spec: {
      selector: { app: pod },
      ports: [
        { name: 'http', port: 80, targetPort: 8_090 },
        { name: 'iperf', port: 5_201, targetPort: 5_201 },
      ],
    },
  };
  const created = await regions.cluster.kubectl(['create', '-f', '-'], { input: JSON.stringify(service) });
  if (created.code !== 0) throw new Error(created.errors);
  const { spec } = await regions.cluster.json<{ spec: { clusterIP: string } }>('get', 'service', 'bench');
  const isThere = async () =>
    (await regions.inside('a-1', 'nft', 'list', 'table', 'ip', 'skerry_services')).output;
  for (let tries = 0; !(await isThere()).includes(`${spec.clusterIP} . tcp . 80 : goto`); tries++) {
    if (tries > 100) throw new Error('the Service is not in the kernel');
    await delay(100);
  }
  return spec.clusterIP;
}

async function podOn(regions: Regions, machine: string): Promise<Place> {
  const { address } = await regions.runPod(`bench-${machine}`, machine);
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    if (!commandOf(name).startsWith('httpd -f -p 8080')) continue;
    // Another cluster on this host may have a pod with the same address.
    if (!groupOf(name).includes(`skerry-${regions.instance}-${machine}`)) continue;
    const enter: Place['enter'] = ['nsenter', '--target', name, '--net', '--'];
    const [program, ...args] = [...enter, 'ip', '-o', 'address'];
    if ((await run(program, args)).output.includes(` ${address}/`)) return { enter, address };
  }
  throw new Error(`no process of the pod with the address ${address}`);
}

function commandOf(pid: string): string {
  return readOrNothing(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

function groupOf(pid: string): string {
  return readOrNothing(`/proc/${pid}/cgroup`);
}

/** The process may have ended. */
function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** A namespace behind each of the two machines, and plain routes between them. They go with the machines. */
async function bareNetwork(
  regions: Regions,
  holders: ChildProcess[],
): Promise<{ first: Place; second: Place }> {
  const place = async (machine: string, index: number, other: string): Promise<Place> => {
    const inside = async (program: string, ...args: string[]) => {
      const { code, errors } = await regions.inside(machine, program, ...args);
      if (code !== 0) throw new Error(errors);
    };
    // Held by a process and by nothing else, so that it ends with it.
    const holder = spawn('unshare', ['--net', '--', 'sleep', 'infinity'], { stdio: 'ignore' });
    holders.push(holder);
    const pid = String(holder.pid);
    await until('the namespace', 5_000, () => commandOf(pid).startsWith('sleep'));
    await inside('ip', 'link', 'add', 'bench', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pid);
    await inside('ip', 'address', 'add', `172.31.${index}.1/24`, 'dev', 'bench');
    await inside('ip', 'link', 'set', 'bench', 'up');
    await inside('ip', 'route', 'add', `172.31.${3 - index}.0/24`, 'via', other);
    const enter: Place['enter'] = ['nsenter', '--target', pid, '--net', '--'];
    const address = `172.31.${index}.2`;
    for (const command of [
      ['ip', 'address', 'add', `${address}/24`, 'dev', 'eth0'],
      ['ip', 'link', 'set', 'eth0', 'up'],
      ['ip', 'route', 'add', 'default', 'via', `172.31.${index}.1`],
    ]) {
      const [program, ...args] = [...enter, ...command];
      const { code, errors } = await run(program, args);
      if (code !== 0) throw new Error(errors);
    }
    return { enter, address };
  };
  return { first: await place('a-1', 1, '192.168.0.11'), second: await place('a-2', 2, '192.168.0.10') };
}

/** Megabits per second that arrive in `to`, by its own address or another that leads there. */
async function throughput(
  from: Place,
  to: Place,
  seconds: number,
  address: string = to.address,
): Promise<number> {
  const [serverProgram, ...serverArgs] = [...to.enter, 'iperf3', '--server', '--one-off'];
  const server = spawn(serverProgram, serverArgs, { stdio: 'ignore' });
  try {
    await listening(to);
    const args = [...from.enter.slice(1), 'iperf3', '--client', address, '--time', String(seconds), '--json'];
    const { output } = await run(from.enter[0], args, { timeoutMs: (seconds + 30) * 1000 });
    const report = JSON.parse(output) as {
      error?: string;
      end: { sum_received?: { bits_per_second: number } };
    };
    if (report.error) throw new Error(`iperf3: ${report.error}`);
    return (report.end.sum_received?.bits_per_second ?? 0) / 1e6;
  } finally {
    server.kill();
  }
}

/** Waits until the server does; what it says of that stays in a buffer of its own. */
async function listening({ enter }: Place): Promise<void> {
  const [program, ...args] = [...enter, 'cat', '/proc/net/tcp', '/proc/net/tcp6'];
  // Port 5201, in state LISTEN.
  for (let tries = 0; !/:1451 [0-9A-F:]+ 0A /.test((await run(program, args)).output); tries++) {
    if (tries > 100) throw new Error('iperf3 does not listen');
    await delay(100);
  }
}

async function route(regions: Regions, routing: 'auto' | 'vxlan'): Promise<void> {
  const note = `network.skerry.io/routing=${routing}`;
  await regions.cluster.kubectlOk('annotate', 'nodepool', 'a', note, '--overwrite');
  const isTunnelled = async () => {
    const { output } = await regions.inside('a-1', 'ip', 'route', 'show', 'protocol', '83');
    return output.includes('skerry-vxlan');
  };
  for (let tries = 0; (await isTunnelled()) !== (routing === 'vxlan'); tries++) {
    if (tries > 300) throw new Error(`the machines of the pool do not go over to ${routing}`);
    await delay(100);
  }
  // The other machine's turn: it follows the same object.
  await delay(1_000);
}

async function cross(regions: Regions): Promise<void> {
  const crossing = {
    apiVersion: 'network.skerry.io/v1alpha1',
    kind: 'Crossing',
    metadata: { name: 'a-b' },
    spec: { pools: ['a', 'b'] },
  };
  const created = await regions.cluster.kubectl(['create', '-f', '-'], { input: JSON.stringify(crossing) });
  if (created.code !== 0) throw new Error(created.errors);
  const pod = await regions.cluster.json<{ status: { podIP: string } }>('get', 'pod', 'bench-b-1');
  await regions.fetched('bench-a-1', `http://${pod.status.podIP}:8080/`);
}
