/** Names answered by a node to its own pods: questions per second, latency, and the memory that it costs the agent. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median, type Measurement } from '../figure.ts';
import type { BenchGroup } from '../group.ts';
import { pssMb } from '../processes.ts';

interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const server = '10.96.0.10';
const name = 'kubernetes.default.svc.cluster.local';
const inFlight = 64;
const run = promisify(execFile);

export const measureDns: BenchGroup = async ({ quick, cluster: shared, note }) => {
  const cluster = await shared.get();
  if (!shared.real) {
    note('without network namespaces nobody answers names');
    return [];
  }
  const processes = await cluster.processes();
  const [, pid = 0] = Object.entries(processes).find(([process]) => process.startsWith('agent-')) ?? [];
  const load = async (questions: number): Promise<Load> => {
    const script = join(import.meta.dirname, '../dns-load.ts');
    const args = [server, name, String(questions), quick ? '1' : '5'];
    const inside = [`--net=/proc/${pid}/ns/net`, process.execPath, script, ...args];
    return JSON.parse((await run('nsenter', inside)).stdout) as Load;
  };
  const before = pssMb(pid);
  const loaded: Load[] = [];
  for (let index = 0; index < 3; index++) loaded.push(await load(inFlight));
  const alone = await load(1);
  const figures: Measurement[] = [
    {
      name: `DNS, ${inFlight} questions at a time`,
      value: median(loaded.map(({ perSecond }) => perSecond)),
      unit: 'questions/s',
    },
    {
      name: `DNS, ${inFlight} questions at a time, p99`,
      value: median(loaded.map(({ p99Ms }) => p99Ms)),
      unit: 'ms',
    },
    { name: 'DNS, one question at a time, p50', value: alone.p50Ms, unit: 'ms' },
    { name: 'DNS, one question at a time, p99', value: alone.p99Ms, unit: 'ms' },
    { name: 'DNS, memory the agent has gained under load', value: pssMb(pid) - before, unit: 'MB' },
  ];
  return figures;
};
