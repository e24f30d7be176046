/**
 * What the console waits for: pages of a large cluster, filtered, sorted and cut by the center, a search over all its names, and
 * a change on its way to an open tab; and what a tab of a real browser takes. Asked over HTTPS as the console asks, of a center that runs as it is released.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { describeError } from '@skerry/base';
import { WebSocket } from '@skerry/streams/testing';
import { ApiSession, inParallel } from '../api-session.ts';
import { BenchCenter, until } from '../center.ts';
import { type Measurement, quantile } from '../figure.ts';
import type { BenchGroup } from '../group.ts';
import { benchNode, benchPod } from '../objects.ts';
import { bundleSizes, measureTab } from '../console-tab.ts';
import { cpuSeconds, pssMb } from '../processes.ts';
import { defaultAccount } from './api.ts';

const pods = '/api/v1/namespaces/default/pods';
const regions = ['beijing', 'osaka', 'shanghai', 'tokyo'];
const mergePatch = 'application/merge-patch+json';
const widthMax = 64;

/** Queries as people make them: the first page, a filter, a sort far down, one pool. */
const queries = [
  '',
  'q=status:Pending+label:team%3Dteam-7&sort=-age',
  'q=pod-123&sort=name&group=none',
  'region=osaka&sort=node&offset=5000',
  'sort=-age&group=none&offset=20000',
];

export const measureConsole: BenchGroup = async ({ quick, note }) => {
  const count = quick ? 5000 : 50_000;
  const nodes = count / 10;
  const runs = quick ? 20 : 60;
  const center = await BenchCenter.start();
  const session = await ApiSession.open(center, 4);
  try {
    center.pauseControllers();
    await fill(session, { count, nodes });
    note(`${nodes} nodes and ${count} pods are there`);
    const token = await center.consoleToken();
    const { ca } = center.credentials;
    const console = await ApiSession.open({ port: center.consolePort, credentials: { ca, token } });
    const before = pssMb(center.centerPid);
    const cluster = await clusterName(console);
    const startedMs = performance.now();
    const firstRows = firstRowsMs(center, { cluster, token });
    await until('the first page of pods', 120_000, async () => (await total(console, cluster)) === count);
    const firstMs = performance.now() - startedMs;
    const rowsMs = await firstRows;
    const cpu = cpuSeconds(center.centerPid);
    const lists = await timed(runs, (run) => console.ok('GET', view(cluster, query(run))));
    const listCpu = ((cpuSeconds(center.centerPid) - cpu) / runs) * 1000;
    // The first search of a cluster makes copies of more resources, which memory is read with.
    await console.ok('GET', '/api/search?q=pod-1');
    const searches = await timed(runs, (run) =>
      console.ok('GET', `/api/search?q=pod-${(run * 7919) % count}&limit=20`),
    );
    const live = await liveChanges(center, { session, cluster, token, runs: quick ? 20 : 60 });
    const tab = await measureTab(center, { session, cluster, quick, note }).catch((error: unknown) => {
      note(`nothing was measured in a browser: ${describeError(error)}`);
      return [];
    });
    console.close();
    // What the changes left behind is no copy: a while after the last of them it has been given back.
    await delay(15_000);
    const memory = pssMb(center.centerPid) - before;
    const name = `${nodes} nodes, ${count} pods`;
    return [
      { name: `first rows of pods in a tab after nobody looked, ${name}`, value: rowsMs, unit: 'ms' },
      { name: `all pods after nobody looked, ${name}`, value: firstMs, unit: 'ms' },
      { name: `a page, filtered and sorted, ${name}, p50`, value: quantile(lists, 0.5), unit: 'ms' },
      {
        name: `a page, filtered and sorted, ${name}, p95`,
        value: quantile(lists, 0.95),
        unit: 'ms',
        most: 150,
      },
      { name: `a page, filtered and sorted, ${name}: the center's processor`, value: listCpu, unit: 'ms' },
      { name: `search over all names, ${name}, p95`, value: quantile(searches, 0.95), unit: 'ms', most: 100 },
      ...live,
      ...tab,
      ...(await bundleSizes()),
      {
        name: `the center's copies (PSS above an idle center), ${name}`,
        value: memory,
        unit: 'MB',
        most: 150,
      },
    ];
  } finally {
    session.close();
    await center.stop();
  }
};

/** None twice: what tabs share is not what is measured. */
function query(run: number): string {
  return `${queries[run % queries.length]}&limit=${50 + run}`;
}

async function fill(session: ApiSession, { count, nodes }: { count: number; nodes: number }): Promise<void> {
  await defaultAccount(session);
  await inParallel(nodes, widthMax, (at) =>
    session.ok('POST', '/api/v1/nodes', benchNode(`node-${at}`, regions[at % regions.length]!)),
  );
  await inParallel(count, widthMax, (at) =>
    session.ok('POST', pods, benchPod(`pod-${at}`, { node: `node-${at % nodes}`, team: at % 50 })),
  );
}

async function openTab(center: BenchCenter, token: string): Promise<WebSocket> {
  const tab = new WebSocket(`wss://127.0.0.1:${center.consolePort}/api/live`, {
    ca: center.credentials.ca,
    headers: { authorization: `Bearer ${token}` },
  });
  await new Promise<void>((resolve, reject) => {
    tab.once('open', resolve);
    tab.once('error', reject);
  });
  return tab;
}

/** Until a tab has something to show of a cluster that is read anew. */
async function firstRowsMs(
  center: BenchCenter,
  { cluster, token }: { cluster: string; token: string },
): Promise<number> {
  const startedMs = performance.now();
  const tab = await openTab(center, token);
  try {
    await new Promise<void>((resolve) => {
      tab.on('message', (data: Buffer) => {
        if (/"type":"page".*"key":/.test(data.toString('utf8'))) resolve();
      });
      tab.send(JSON.stringify({ type: 'show', id: 'first', cluster, resource: 'pods', query: {} }));
    });
    return performance.now() - startedMs;
  } finally {
    tab.terminate();
  }
}

/** From the write until a tab that shows the pod is told, and what a tab costs while pods change all the time. */
async function liveChanges(
  center: BenchCenter,
  { session, cluster, token, runs }: { session: ApiSession; cluster: string; token: string; runs: number },
): Promise<Measurement[]> {
  const tab = await openTab(center, token);
  let onText: (text: string) => void = () => undefined;
  tab.on('message', (data: Buffer) => onText(data.toString('utf8')));
  try {
    const next = (holds: (text: string) => boolean) =>
      new Promise<void>((resolve) => {
        onText = (text) => holds(text) && resolve();
      });
    const show = async (id: string, asked: object) => {
      const page = next((text) => text.includes(`"page","id":"${id}"`));
      tab.send(JSON.stringify({ type: 'show', id, cluster, resource: 'pods', query: asked }));
      await page;
    };
    await show('one', { q: 'pod-77', group: 'none' });
    const latencies: number[] = [];
    for (let run = 0; run < runs; run++) {
      const told = next((text) => text.includes(`round-${run}"`));
      const sentMs = performance.now();
      const status = { status: { phase: 'Failed', reason: `round-${run}` } };
      await session.ok('PATCH', `${pods}/pod-77/status`, status, mergePatch);
      await told;
      latencies.push(performance.now() - sentMs);
    }
    tab.send(JSON.stringify({ type: 'hide', id: 'one' }));
    // All of them, those that fail first: every change shows.
    await show('all', { group: 'none', sort: 'status' });
    let bytes = 0;
    onText = (text) => (bytes += text.length);
    const changes = 2_000;
    const cpu = cpuSeconds(center.centerPid);
    const startedMs = performance.now();
    await inParallel(changes, 8, async (at) => {
      const waitMs = startedMs + at * 5 - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      await session.ok(
        'PATCH',
        `${pods}/pod-${at % 500}/status`,
        { status: { phase: 'Failed', reason: `Reason${at % 7}` } },
        mergePatch,
      );
    });
    const seconds = (performance.now() - startedMs) / 1000;
    return [
      { name: 'a change, write sent to tab told, p50', value: quantile(latencies, 0.5), unit: 'ms' },
      {
        name: 'a change, write sent to tab told, p95',
        value: quantile(latencies, 0.95),
        unit: 'ms',
        most: 1000,
      },
      {
        name: 'one tab under 200 changes/s: to the tab',
        value: bytes / 1024 / seconds,
        unit: 'KiB/s',
        most: 256,
      },
      {
        name: 'one tab under 200 changes/s: the center',
        value: ((cpuSeconds(center.centerPid) - cpu) / seconds) * 100,
        unit: '% of a core',
      },
    ];
  } finally {
    tab.terminate();
  }
}

async function timed(runs: number, work: (run: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const startedMs = performance.now();
    await work(run);
    times.push(performance.now() - startedMs);
  }
  return times;
}

function view(cluster: string, query: string): string {
  return `/api/clusters/${cluster}/views/pods?${query}`;
}

async function total(console: ApiSession, cluster: string): Promise<number> {
  return (await console.json<{ total: number }>(view(cluster, 'limit=1'))).total;
}

async function clusterName(console: ApiSession): Promise<string> {
  let name: string | undefined;
  await until('the cluster is known', 60_000, async () => {
    const { clusters } = await console.json<{ clusters: { name: string }[] }>('/api/home');
    name = clusters[0]?.name;
    return name !== undefined;
  });
  return name!;
}
