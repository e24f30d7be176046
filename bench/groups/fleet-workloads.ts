/** Workloads over many simulated nodes: how long they take, and what they ask of the API. */
import { ApiSession, inParallel } from '../api-session.ts';
import { type BenchCenter, until } from '../center.ts';
import type { Measurement } from '../figure.ts';
import { pssMb } from '../processes.ts';

const namespace = 'bench';
const patienceMs = 900_000;
const base = `/apis/apps/v1/namespaces/${namespace}/deployments`;
const daemonSets = `/apis/apps/v1/namespaces/${namespace}/daemonsets`;
const objectsOfNamespace = 10_000;

export interface FleetWorkloadsOptions {
  readonly nodes: number;
  readonly note: (text: string) => void;
}

/** On a center whose simulated nodes are Ready. */
export async function measureFleetWorkloads(
  center: BenchCenter,
  { nodes, note }: FleetWorkloadsOptions,
): Promise<Measurement[]> {
  const session = await ApiSession.open({ port: center.port, credentials: center.credentials });
  const over = `over ${nodes} simulated nodes`;
  const pods = 4 * nodes;
  const jobs = Math.ceil(nodes / 5);
  const timed = async (what: string, act: () => Promise<void>) => {
    const startedMs = performance.now();
    await act();
    const seconds = (performance.now() - startedMs) / 1000;
    note(`${what}: ${seconds.toFixed(1)} s`);
    return seconds;
  };
  try {
    await sent(session, 'POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    const spread = await timed('a DaemonSet, created', async () => {
      await sent(session, 'POST', daemonSets, daemonSet);
      await until('its pods available', patienceMs, () => isOnAll(session, nodes));
    });
    const changed = await timed('the DaemonSet, changed', async () => {
      const patch = { spec: { template: { metadata: { annotations: { changed: 'yes' } } } } };
      await sent(session, 'PATCH', `${daemonSets}/agent`, patch, 'application/merge-patch+json');
      await until('its pods changed', patienceMs, () => isOnAll(session, nodes));
    });
    const removed = await timed('the DaemonSet, deleted', async () => {
      await sent(session, 'DELETE', `${daemonSets}/agent`);
      await until('its pods gone', patienceMs, async () => (await podsLeft(session)) === 0);
    });
    const before = await writesOf(session);
    const created = await timed(`${pods} pods of a Deployment`, async () => {
      await sent(session, 'POST', base, deployment(pods));
      await until('all pods available', patienceMs, () => isRolledOut(session, pods));
    });
    const perPod = ((await writesOf(session)) - before - (await eventsOfNodes(session))) / pods;
    const rolled = await timed('the Deployment rolled', async () => {
      const patch = { spec: { template: { metadata: { annotations: { rolled: 'yes' } } } } };
      await sent(session, 'PATCH', `${base}/web`, patch, 'application/merge-patch+json');
      await until('all pods rolled', patienceMs, () => isRolledOut(session, pods));
    });
    const done = await timed(`${jobs} Jobs`, async () => {
      for (let index = 0; index < jobs; index++) {
        await sent(session, 'POST', `/apis/batch/v1/namespaces/${namespace}/jobs`, job(index));
      }
      await until('all Jobs complete', patienceMs, async () => (await completeJobs(session)) === jobs);
    });
    const resumed = await timed('controllers and scheduler, killed', async () => {
      process.kill(center.controllersPid, 'SIGKILL');
      const patch = { spec: { replicas: pods + 10 } };
      await sent(session, 'PATCH', `${base}/web`, patch, 'application/merge-patch+json');
      await until('ten more pods', patienceMs, () => isRolledOut(session, pods + 10));
    });
    const memoryMb = center.pids.reduce((sum, pid) => sum + pssMb(pid), 0);
    const others = Math.max(0, objectsOfNamespace - pods - 2 * jobs);
    await inParallel(others, 32, (index) =>
      sent(session, 'POST', `/api/v1/namespaces/${namespace}/configmaps`, {
        metadata: { name: `map-${index}` },
      }),
    );
    const deleted = await timed('the namespace deleted', async () => {
      await sent(session, 'DELETE', `/api/v1/namespaces/${namespace}`);
      const gone = async () =>
        (await session.request('GET', `/api/v1/namespaces/${namespace}`)).status === 404;
      await until('the namespace gone', patienceMs, gone);
    });
    return [
      {
        name: `DaemonSet ${over}, create to all available`,
        value: spread,
        unit: 's',
      },
      { name: `DaemonSet ${over}, a tenth at a time, changed`, value: changed, unit: 's' },
      { name: `DaemonSet ${over}, deleted`, value: removed, unit: 's' },
      { name: `Deployment of ${pods} pods ${over}, create to all available`, value: created, unit: 's' },
      { name: `the same, pods available a second`, value: pods / created, unit: 'pods/s' },
      { name: `the same, API writes per pod created and bound`, value: perPod, unit: 'requests', most: 5 },
      { name: `Deployment of ${pods} pods ${over}, rolled`, value: rolled, unit: 's' },
      { name: `${jobs} Jobs ${over}, create to all complete`, value: done, unit: 's' },
      {
        name: `controllers and scheduler killed ${over}, to ten more pods available`,
        value: resumed,
        unit: 's',
      },
      { name: `server memory with ${pods} pods ${over}`, value: memoryMb, unit: 'MB' },
      {
        name: `namespace of ${pods + 2 * jobs + others} objects ${over}, delete to gone`,
        value: deleted,
        unit: 's',
      },
    ];
  } finally {
    session.close();
  }
}

const podSpec = {
  terminationGracePeriodSeconds: 1,
  containers: [{ name: 'main', image: 'registry.example.com/web:1' }],
};

const daemonLabels = { app: 'agent' };
const daemonSet = {
  metadata: { name: 'agent' },
  spec: {
    selector: { matchLabels: daemonLabels },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
    template: { metadata: { labels: daemonLabels }, spec: podSpec },
  },
};

async function isOnAll(session: ApiSession, nodes: number): Promise<boolean> {
  const { status, metadata } = await session.json<{
    metadata: { generation: number };
    status?: Record<string, number>;
  }>(`${daemonSets}/agent`);
  const counts = [status?.['updatedNumberScheduled'], status?.['numberAvailable']];
  return status?.['observedGeneration'] === metadata.generation && counts.every((count) => count === nodes);
}

async function podsLeft(session: ApiSession): Promise<number> {
  const { items } = await session.json<{ items: unknown[] }>(`/api/v1/namespaces/${namespace}/pods?limit=1`);
  return items.length;
}

function deployment(replicas: number) {
  const labels = { app: 'web' };
  return {
    metadata: { name: 'web' },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } },
  };
}

function job(index: number) {
  const annotations = { 'skerry.io/simulated-run-seconds': '0' };
  const spec = { ...podSpec, restartPolicy: 'Never' };
  return { metadata: { name: `job-${index}` }, spec: { template: { metadata: { annotations }, spec } } };
}

async function sent(
  session: ApiSession,
  method: string,
  path: string,
  body?: unknown,
  contentType?: string,
): Promise<void> {
  const { status, body: answer } = await session.request(method, path, body, contentType);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${answer.toString('utf8').slice(0, 300)}`);
}

async function isRolledOut(session: ApiSession, replicas: number): Promise<boolean> {
  const { status, metadata } = await session.json<{
    metadata: { generation: number };
    status?: Record<string, number>;
  }>(`${base}/web`);
  const counts = [status?.['replicas'], status?.['updatedReplicas'], status?.['availableReplicas']];
  return (
    status?.['observedGeneration'] === metadata.generation && counts.every((count) => count === replicas)
  );
}

async function completeJobs(session: ApiSession): Promise<number> {
  const { items } = await session.json<{
    items: { status?: { conditions?: { type: string; status: string }[] } }[];
  }>(`/apis/batch/v1/namespaces/${namespace}/jobs`);
  return items.filter(({ status }) =>
    status?.conditions?.some(({ type, status: is }) => type === 'Complete' && is === 'True'),
  ).length;
}

/** Events of Deployment pods that their nodes wrote. */
async function eventsOfNodes(session: ApiSession): Promise<number> {
  let count = 0;
  let next: string | undefined = '';
  while (next !== undefined) {
    const page: { items: KubeEvent[]; metadata: { continue?: string } } = await session.json(
      `/api/v1/namespaces/${namespace}/events?limit=500${next && `&continue=${encodeURIComponent(next)}`}`,
    );
    count += page.items
      .filter(
        ({ source, involvedObject }) =>
          source?.component === 'kubelet' && involvedObject?.name?.startsWith('web-'),
      )
      .reduce((sum, { count: times = 1 }) => sum + times, 0);
    next = page.metadata.continue || undefined;
  }
  return count;
}

interface KubeEvent {
  readonly source?: { readonly component?: string };
  readonly involvedObject?: { readonly name?: string };
  readonly count?: number;
}

/** Writes so far but for what nodes say of themselves and of their pods' state. */
async function writesOf(session: ApiSession): Promise<number> {
  const text = (await session.request('GET', '/metrics')).body.toString('utf8');
  let writes = 0;
  for (const [, labels = '', value] of text.matchAll(/^apiserver_request_total\{([^}]*)\} (\d+)/gm)) {
    const of = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1];
    if (!['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE'].includes(of('verb') ?? '')) continue;
    const isNodes =
      ['nodes', 'leases', 'csinodes'].includes(of('resource') ?? '') ||
      (of('resource') === 'pods' && of('subresource') === 'status');
    if (!isNodes) writes += Number(value);
  }
  return writes;
}
