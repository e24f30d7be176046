/**
 * Many simulated nodes whose lines are cut for longer than the center waits for them, and mended at once. By then each pauses for up
 * to half a minute before it tries again, of a thousand nodes for ten seconds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Node, WatchEvent } from '@skerry/api';
import { Fleet } from '../test/support/fleet.ts';
import { Line } from '../test/support/line.ts';
import { ApiSession } from './api-session.ts';
import { type BenchCenter, until } from './center.ts';
import { quantile } from './figure.ts';

export interface StormResult {
  /** From the mending. */
  readonly readySeconds: number;
  /** Of a GET of one node every 20 ms meanwhile. */
  readonly p99Ms: number;
  readonly slowestMs: number;
  readonly failed: number;
}

const patienceMs = 300_000;
/** Joining is no part of what is measured, and takes the longest. */
const joinPatienceMs = 200;
const askEveryMs = 20;

export async function reconnectStorm(
  center: BenchCenter,
  { nodes, note }: { nodes: number; note: (text: string) => void },
): Promise<StormResult> {
  const directory = mkdtempSync(join(tmpdir(), 'skerry-storm-'));
  const line = await Line.to(center.port);
  const session = await ApiSession.open(center, 1);
  const ready = readyNodes(session);
  let asking: ApiSession | undefined;
  let fleet: Fleet | undefined;
  try {
    const startedMs = performance.now();
    const since = (fromMs: number) => (performance.now() - fromMs) / 1000;
    const address = `127.0.0.1:${line.port}`;
    fleet = await Fleet.start({ center: center.dataDirectory, directory, address, nodes });
    note(`${nodes} identities made in ${since(startedMs).toFixed(0)} s`);
    await until(`${nodes} nodes Ready`, patienceMs + nodes * joinPatienceMs, () => ready.size === nodes);
    note(`all Ready ${since(startedMs).toFixed(0)} s after the start`);
    line.cut();
    await until('the center sees them as cut off', patienceMs, () => ready.size === 0);
    note('all cut off');
    // Not before: a connection that asks for nothing is closed.
    asking = await ApiSession.open(center, 1);
    const mendedMs = performance.now();
    const asked = askSteadily(asking);
    await line.mend();
    for (const share of [0.5, 0.9, 0.99, 1]) {
      const some = Math.ceil(nodes * share);
      await until(`${some} nodes Ready again`, patienceMs, () => ready.size >= some);
      note(`${some} Ready again after ${since(mendedMs).toFixed(1)} s`);
    }
    const readySeconds = since(mendedMs);
    const { times, failed } = await asked.stop();
    if (times.length === 0) throw new Error('no GET was answered while nodes came back');
    return { readySeconds, p99Ms: quantile(times, 0.99), slowestMs: Math.max(...times), failed };
  } finally {
    await fleet?.stop();
    line.close();
    asking?.close();
    session.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Their names, as a watch tells: to list thousands of nodes again and again would be more work for the server than their return. */
function readyNodes(session: ApiSession): ReadonlySet<string> {
  const ready = new Set<string>();
  session.follow('/api/v1/nodes?watch=true', (line) => {
    const { type, object } = JSON.parse(line) as WatchEvent<Node>;
    if (type === 'ERROR' || type === 'BOOKMARK') return;
    const { name = '' } = object.metadata;
    const condition = object.status?.conditions?.find((each) => each.type === 'Ready');
    if (type !== 'DELETED' && condition?.status === 'True') ready.add(name);
    else ready.delete(name);
  });
  return ready;
}

function askSteadily(session: ApiSession) {
  const times: number[] = [];
  let failed = 0;
  const stopped = new AbortController();
  const asking = (async () => {
    while (!stopped.signal.aborted) {
      const startedMs = performance.now();
      try {
        await session.ok('GET', '/api/v1/nodes/sim-0');
        times.push(performance.now() - startedMs);
      } catch {
        failed++;
      }
      await delay(askEveryMs);
    }
  })();
  return {
    async stop() {
      stopped.abort();
      await asking;
      return { times, failed };
    },
  };
}
