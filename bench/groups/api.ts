/**
 * Requests per second of processor time that the API server and its store spend on them: the client's own work does not
 * count. The same load goes to the real kube-apiserver where the machine has it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ApiSession, inParallel } from '../api-session.ts';
import { BenchCenter } from '../center.ts';
import { median } from '../figure.ts';
import type { BenchGroup } from '../group.ts';
import { benchNode, benchPod } from '../objects.ts';
import { comparePeer, type LoadFigure } from '../peer.ts';
import { pssMb } from '../processes.ts';
import { type BenchTarget, startPeer } from '../target.ts';
import { measureFlood } from './flood.ts';

const pods = '/api/v1/namespaces/default/pods';
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const mergePatch = 'application/merge-patch+json';
const widthMax = 64;
/** Until controllers have read what there is. */
const settleMs = 15_000;

export const measureApi: BenchGroup = async ({ quick, note }) => {
  const count = quick ? 5000 : 50_000;
  const center = await BenchCenter.start();
  const session = await ApiSession.open(center, 4);
  try {
    center.pauseControllers();
    const ours = await load(center, session, { count, quick });
    session.close();
    center.resumeControllers();
    await delay(settleMs);
    const weights = center.pids.map(pssMb);
    note(`PSS of the server's processes, supervisor first: ${weights.map(Math.round).join(' + ')} MB`);
    await center.down();
    await center.up();
    note(`ready again with ${count} pods after ${Math.round(center.readyMs)} ms`);
    const compared = await comparePeer(ours, startPeer, async (target) => {
      note(`the same load on ${target.port}: kube-apiserver with etcd`);
      const peerSession = await ApiSession.open(target, 4);
      try {
        return await load(target, peerSession, { count, quick });
      } finally {
        peerSession.close();
      }
    });
    return [
      ...compared,
      {
        name: `server memory (PSS), ${count / 10} nodes, ${count} pods`,
        value: weights.reduce((a, b) => a + b, 0),
        unit: 'MB',
        most: 2000,
      },
      { name: `server start to ready, ${count} pods`, value: center.readyMs, unit: 'ms' },
    ];
  } finally {
    session.close();
    await center.stop();
  }
};

async function load(
  target: BenchTarget,
  session: ApiSession,
  { count, quick }: { count: number; quick: boolean },
): Promise<LoadFigure[]> {
  await defaultAccount(session);
  const runs = quick ? 3 : 5;
  const perRun = quick ? 3000 : 10_000;
  const nodes = count / 10;
  const figures: LoadFigure[] = [];
  const timed = async (work: () => Promise<unknown>) => {
    const cpu = target.cpuSeconds();
    const startedMs = performance.now();
    await work();
    return { wall: (performance.now() - startedMs) / 1000, cpu: Math.max(target.cpuSeconds() - cpu, 0.01) };
  };
  /** `amount` of `unit` done by each run of `work`: per second and per second of the server's processor. */
  const measure = async (
    name: string,
    unit: string,
    { amount, times = runs, ratioLeast }: { amount: number; times?: number; ratioLeast?: number },
    work: (run: number) => Promise<unknown>,
  ) => {
    const spent = [];
    for (let run = 0; run < times; run++) spent.push(await timed(() => work(run)));
    const walls = median(spent.map(({ wall }) => amount / wall));
    const cpus = median(spent.map(({ cpu }) => amount / cpu));
    figures.push(
      { name, value: walls, unit: `${unit}/s` },
      {
        name: `${name}, per core`,
        value: cpus,
        unit: `${unit}/s/core`,
        ...(ratioLeast ? { ratioLeast } : {}),
      },
    );
  };
  const each = (work: (index: number) => Promise<unknown>, amount = perRun) =>
    inParallel(amount, widthMax, work);

  await each((at) => session.ok('POST', '/api/v1/nodes', benchNode(`node-${at}`, 'a')), nodes);
  await measure('durable create', 'creates', { amount: count, times: 1, ratioLeast: 1.5 }, () =>
    each(
      (at) => session.ok('POST', pods, benchPod(`pod-${at}`, { node: `node-${at % nodes}`, team: at % 50 })),
      count,
    ),
  );
  await measure('GET', 'requests', { amount: perRun, ratioLeast: 2 }, () =>
    each((at) => session.ok('GET', `${pods}/pod-${at % count}`)),
  );
  await measure(`LIST ${count} pods`, 'pods', { amount: count, ratioLeast: 5 }, () =>
    session.ok('GET', pods),
  );
  await measure(`LIST ${count} pods in pages of 500`, 'pods', { amount: count }, () => listPaged(session));
  await measure('LIST pods of a node', 'requests', { amount: 1000 }, () =>
    each((at) => session.ok('GET', `/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-${at % nodes}`), 1000),
  );
  await measure(`LIST by label, 1 in 50 of ${count} pods`, 'requests', { amount: 20 }, () =>
    each((at) => session.ok('GET', `${pods}?labelSelector=team%3Dteam-${at % 50}`), 20),
  );
  await measure(`WatchList of ${count} pods`, 'pods', { amount: count }, () => watchList(session));
  await measure('patch, durable', 'patches', { amount: perRun }, (run) =>
    each((at) =>
      session.ok(
        'PATCH',
        `${pods}/pod-${at % count}`,
        { metadata: { annotations: { run: `${run}` } } },
        mergePatch,
      ),
    ),
  );
  await measure('status patch, durable', 'patches', { amount: perRun }, (run) =>
    each((at) =>
      session.ok(
        'PATCH',
        `${pods}/pod-${at % count}/status`,
        { status: { message: `run ${run}` } },
        mergePatch,
      ),
    ),
  );
  await each((at) => session.ok('POST', leases, lease(at)), 1000);
  await measure('Lease renewal', 'renewals', { amount: perRun }, () =>
    each((at) =>
      session.ok(
        'PATCH',
        `${leases}/node-${at % 1000}`,
        { spec: { renewTime: new Date().toISOString().replace('Z', '000Z') } },
        mergePatch,
      ),
    ),
  );
  const single: number[] = [];
  for (let index = 0; index < 200; index++) {
    const startedMs = performance.now();
    await session.ok('GET', `${pods}/pod-${index}`);
    single.push(performance.now() - startedMs);
  }
  figures.push({ name: 'GET, one at a time', value: median(single), unit: 'ms', smallerIsBetter: true });
  const doomed = Math.min(count / 5, perRun);
  await measure('delete, durable', 'deletes', { amount: doomed, times: 1 }, () =>
    each((at) => session.ok('DELETE', `${pods}/pod-${count - 1 - at}?gracePeriodSeconds=0`), doomed),
  );
  figures.push(...(await measureFlood(target, session)));
  return figures;
}

async function listPaged(session: ApiSession): Promise<void> {
  let more = '';
  do {
    const answer = await session.ok('GET', `${pods}?limit=500${more && `&continue=${more}`}`);
    // The head is enough: metadata comes before the items.
    const token = /"continue":"([^"]*)"/.exec(answer.body.subarray(0, 1000).toString('latin1'))?.[1];
    more = token ? encodeURIComponent(token) : '';
  } while (more);
}

/** All objects as ADDED events, until the bookmark that ends them. */
function watchList(session: ApiSession): Promise<void> {
  const query =
    'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const stream = session.stream('GET', `${pods}?${query}`);
  return new Promise((resolve, reject) => {
    let tail = '';
    stream.on('error', reject);
    stream.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString('latin1')).slice(-4000);
      if (!tail.includes('k8s.io/initial-events-end')) return;
      stream.off('error', reject);
      stream.on('error', () => undefined);
      stream.close();
      resolve();
    });
  });
}

function lease(index: number): unknown {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: `node-${index}` },
    spec: { holderIdentity: `node-${index}`, leaseDurationSeconds: 40 },
  };
}

/** Pods are refused until the namespace has its service account; who runs no controllers has to make it. */
export async function defaultAccount(session: ApiSession): Promise<void> {
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
  const { status } = await session.request('POST', '/api/v1/namespaces/default/serviceaccounts', account);
  if (status !== 201 && status !== 409) throw new Error(`service account "default": ${status}`);
}
