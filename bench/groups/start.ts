/** How long the center takes to answer, and what it weighs. */
import { setTimeout as delay } from 'node:timers/promises';
import { BenchCenter } from '../center.ts';
import { median } from '../figure.ts';
import type { BenchGroup } from '../group.ts';
import { pssMb } from '../processes.ts';

/** Ten seconds after their start, the processes give back what starting needed. */
const settleMs = 15_000;

export const measureStart: BenchGroup = async ({ quick, note }) => {
  const runs = quick ? 3 : 7;
  const empty: number[] = [];
  const again: number[] = [];
  for (let index = 0; index < runs; index++) {
    const center = await BenchCenter.start();
    try {
      empty.push(center.readyMs);
      await center.down();
      await center.up();
      again.push(center.readyMs);
    } finally {
      await center.stop();
    }
  }
  note(`start, empty: ${empty.map(Math.round).join(' ')} ms; again: ${again.map(Math.round).join(' ')} ms`);
  const [fresh, busy] = await memory(quick ? 100 : 1000, note);
  return [
    { name: 'server start to ready, empty', value: median(empty), unit: 'ms', most: 1500 },
    { name: 'server start to ready, existing state', value: median(again), unit: 'ms', most: 1500 },
    { name: 'server memory (PSS), 1 node', value: fresh, unit: 'MB', most: 300 },
    { name: `server memory (PSS), ${quick ? 100 : 1000} nodes joined`, value: busy, unit: 'MB' },
  ];
};

async function memory(nodes: number, note: (text: string) => void): Promise<[number, number]> {
  const center = await BenchCenter.start();
  const weigh = async () => {
    await delay(settleMs);
    const parts = center.pids.map(pssMb);
    note(`PSS of the server's processes, supervisor first: ${parts.map(Math.round).join(' + ')} MB`);
    return parts.reduce((sum, part) => sum + part, 0);
  };
  try {
    await center.simulate(1);
    const fresh = await weigh();
    await center.simulate(nodes, 'more');
    return [fresh, await weigh()];
  } finally {
    await center.stop();
  }
}
