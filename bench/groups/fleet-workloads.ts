/** Workloads over many simulated nodes: how long they take, and what they ask of the API. */
import { writesIn } from '../../test/support/writes.ts';
import { ApiSession, inParallel } from '../api-session.ts';
import { until } from '../center.ts';
import type { LoadFigure } from '../peer.ts';
import type { ApiEndpoint } from '../target.ts';

/** Made before nodes are played in it. */
export const namespace = 'bench';
const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;

const patienceMs = 1_800_000;
const base = `/apis/apps/v1/namespaces/${namespace}/deployments`;
const daemonSets = `/apis/apps/v1/namespaces/${namespace}/daemonsets`;
const objectsOfNamespace = 10_000;

export interface FleetWorkloadsOptions {
  /** Who asks, where the pods are made and what they cost. */
  readonly target: ApiEndpoint & {
    cpuSeconds(): number;
    managerCpuSeconds(): number;
    /** Ends controllers and scheduler without a word; somebody starts them again. */
    killManagers?(): void;
    memoryMb?(): number;
  };
  readonly nodes: number;
  /** What kind of nodes they are. */
  readonly kind: 'simulated' | 'played';
  readonly note: (text: string) => void;
}

/** On a cluster whose nodes are Ready; `namespace` is made, and is gone in the end. */
export async function measureFleetWorkloads({
  target,
  nodes,
  kind,
  note,
}: FleetWorkloadsOptions): Promise<LoadFigure[]> {
  const session = await ApiSession.open(target);
  const over = `over ${nodes} ${kind} nodes`;
  const pods = 4 * nodes;
  const jobs = Math.ceil(nodes / 5);
  const figures: LoadFigure[] = [];
  /** Seconds, and processor time for each of so many. */
  const timed = async (name: string, count: number, act: () => Promise<void>) => {
    const startedMs = performance.now();
    const managers = target.managerCpuSeconds();
    const server = target.cpuSeconds();
    await act();
    const seconds = (performance.now() - startedMs) / 1000;
    note(`${name}: ${seconds.toFixed(1)} s`);
    const smallerIsBetter = true;
    const each = (from: number, to: number) => ({ value: ((to - from) / count) * 1000, unit: 'ms' });
    figures.push(
      { name, value: seconds, unit: 's', smallerIsBetter },
      {
        name: `${name}: API server's processor time each`,
        ...each(server, target.cpuSeconds()),
        smallerIsBetter,
      },
      {
        name: `${name}: controllers' and scheduler's each`,
        ...each(managers, target.managerCpuSeconds()),
        smallerIsBetter,
      },
    );
    return seconds;
  };
  try {
    await session.request('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    await until(
      'its service account',
      patienceMs,
      async () => (await session.request('GET', account)).status === 200,
    );
    await timed(`DaemonSet ${over}, create to all available`, nodes, async () => {
      await sent(session, 'POST', daemonSets, daemonSet);
      await until('its pods available', patienceMs, () => isOnAll(session, nodes));
    });
    await timed(`DaemonSet ${over}, a tenth at a time, changed`, nodes, async () => {
      const patch = { spec: { template: { metadata: { annotations: { changed: 'yes' } } } } };
      await sent(session, 'PATCH', `${daemonSets}/agent`, patch, 'application/merge-patch+json');
      await until('its pods changed', patienceMs, () => isOnAll(session, nodes));
    });
    await timed(`DaemonSet ${over}, deleted`, nodes, async () => {
      await sent(session, 'DELETE', `${daemonSets}/agent`);
      await until('its pods gone', patienceMs, async () => (await podsLeft(session)) === 0);
    });
    const before = await writesOf(session);
    const deploymentName = `Deployment of ${pods} pods ${over}`;
    const created = await timed(`${deploymentName}, create to all available`, pods, async () => {
      await sent(session, 'POST', base, deployment(pods));
      await until('all pods available', patienceMs, () => isRolledOut(session, pods));
    });
    const perPod = ((await writesOf(session)) - before - (await eventsOfNodes(session))) / pods;
    figures.push(
      { name: `${deploymentName}, pods available a second`, value: pods / created, unit: 'pods/s' },
      {
        name: `${deploymentName}, API writes per pod created and bound`,
        value: perPod,
        unit: 'requests',
        smallerIsBetter: true,
        most: 5,
      },
    );
    await timed(`${deploymentName}, rolled`, pods, async () => {
      const patch = { spec: { template: { metadata: { annotations: { rolled: 'yes' } } } } };
      await sent(session, 'PATCH', `${base}/web`, patch, 'application/merge-patch+json');
      await until('all pods rolled', patienceMs, () => isRolledOut(session, pods));
    });
    await timed(`${jobs} Jobs ${over}, create to all complete`, jobs, async () => {
      await inParallel(jobs, 8, (index) =>
        sent(session, 'POST', `/apis/batch/v1/namespaces/${namespace}/jobs`, job(index)),
      );
      await until('all Jobs complete', patienceMs, async () => (await completeJobs(session)) === jobs);
    });
    if (target.killManagers) {
      const startedMs = performance.now();
      target.killManagers();
      const patch = { spec: { replicas: pods + 10 } };
      await sent(session, 'PATCH', `${base}/web`, patch, 'application/merge-patch+json');
      await until('ten more pods', patienceMs, () => isRolledOut(session, pods + 10));
      figures.push({
        name: `controllers and scheduler killed ${over}, to ten more pods available`,
        value: (performance.now() - startedMs) / 1000,
        unit: 's',
      });
    }
    if (target.memoryMb)
      figures.push({ name: `server memory with ${pods} pods ${over}`, value: target.memoryMb(), unit: 'MB' });
    const others = Math.max(0, objectsOfNamespace - pods - 2 * jobs);
    await inParallel(others, 32, (index) =>
      sent(session, 'POST', `/api/v1/namespaces/${namespace}/configmaps`, {
        metadata: { name: `map-${index}` },
      }),
    );
    const objects = pods + 2 * jobs + others;
    await timed(`namespace of ${objects} objects ${over}, delete to gone`, objects, async () => {
      await sent(session, 'DELETE', `/api/v1/namespaces/${namespace}`);
      const gone = async () =>
        (await session.request('GET', `/api/v1/namespaces/${namespace}`)).status === 404;
      await until('the namespace gone', patienceMs, gone);
    });
    return figures;
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

async function writesOf(session: ApiSession): Promise<number> {
  const text = (await session.request('GET', '/metrics')).body.toString('utf8');
  return [...writesIn(text).values()].reduce((sum, count) => sum + count, 0);
}
