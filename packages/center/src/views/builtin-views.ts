/** How the built-in kinds are shown: the columns of `kubectl get` and what Skerry adds to them. */
import {
  builtinKinds,
  humanDuration,
  podSummary,
  type AnyObject,
  type CronJob,
  type DaemonSet,
  type Event,
  type Job,
  type KindInfo,
  type KubeObject,
  type Node,
  type Pod,
} from '@skerry/api';
import { bindingFacts, daemonSetFacts, isGpu, nodeFacts, podFacts } from '#cache/facts.ts';
import type { Item, StateCell } from '#cache/item.ts';
import { workloadOf } from '#cache/workload-of.ts';
import { rowActions } from '#views/row-actions.ts';
import {
  ageColumn,
  column,
  kubectlColumn,
  nameColumn,
  namespaceColumn,
  poolColumn,
  regionColumn,
  stateColumn,
} from '#views/columns.ts';
import { nodeState } from '#views/states/node-state.ts';
import {
  apiServiceState,
  autoscalerState,
  definitionState,
  disruptionBudgetState,
  eventState,
  phaseState,
  serviceState,
  signingRequestState,
} from '#views/states/object-states.ts';
import { podState } from '#views/states/pod-state.ts';
import {
  cronJobState,
  daemonSetState,
  deploymentState,
  jobState,
  replicaSetState,
  statefulSetState,
} from '#views/states/workload-state.ts';
import { arranged, type DeclaredColumn, type ViewContext, type ViewKind } from '#views/view-kind.ts';

interface Addition extends Pick<ViewKind, 'placed' | 'facts' | 'fromTable' | 'spread'> {
  readonly state?: ViewKind['state'];
  /** By id, in place of kubectl's or after them. */
  readonly columns?: readonly DeclaredColumn[];
  readonly drop?: readonly string[];
}

// The cache of a resource hands over objects of its kind.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- callers name the kind that `fn` is handed.
function typed<T extends KubeObject>(
  fn: (object: T, nowMs: number) => StateCell | undefined,
): ViewKind['state'] {
  return (object, nowMs) => fn(object as unknown as T, nowMs);
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as for `typed`.
const as = <T extends KubeObject>(object: AnyObject) => object as unknown as T;

const podColumns: DeclaredColumn[] = [
  column('ready', 'Ready', {
    cell: (object) => {
      const { ready, containers } = podSummary(as<Pod>(object));
      return `${ready}/${containers}`;
    },
  }),
  column('restarts', 'Restarts', {
    type: 'number',
    derive: (item) => (item.facts?.kind === 'pod' ? item.facts.restarts : null),
  }),
  column('node', 'Node', {
    derive: (item) => (item.facts?.kind === 'pod' ? (item.facts.node ?? null) : null),
  }),
  column('gpu', 'GPU', { type: 'number', derive: (item) => gpusRequested(item) || null }),
  column('cpu', 'CPU request', {
    type: 'quantity',
    priority: 1,
    derive: (item) => cores(amount(item, 'cpu')),
  }),
  column('memory', 'Memory request', {
    type: 'quantity',
    priority: 1,
    derive: (item) => amount(item, 'memory'),
  }),
  column('owner', 'Owner', {
    priority: 1,
    derive: (item) => {
      const { kind, name } = workloadOf(item);
      return kind === 'Pod' ? null : `${kind}/${name}`;
    },
  }),
];

function amount({ facts }: Item, resource: string): number | null {
  return facts?.kind === 'pod' ? (facts.requests.get(resource) ?? null) : null;
}

function cores(milli: number | null): number | null {
  return milli === null ? null : milli / 1000;
}

/** Accelerators that a pod asks for, whatever they are called. */
export function gpusRequested({ facts }: Item): number {
  if (facts?.kind !== 'pod' || facts.requests.size === 0) return 0;
  let total = 0;
  for (const [resource, count] of facts.requests) if (isGpu(resource)) total += count;
  return total;
}

const nodeColumns: DeclaredColumn[] = [
  column('link', 'Link', {
    type: 'state',
    derive: (item, context) => linkState(item, context),
  }),
  column('autonomy', 'Autonomy', { cell: (object) => autonomyText(as<Node>(object)) }),
  column('pods', 'Pods', {
    type: 'number',
    derive: (item, context) => context.loadOf(item.metadata.name)?.pods ?? null,
  }),
  column('gpu', 'GPU', {
    type: 'number',
    derive: ({ facts }) =>
      facts?.kind === 'node' ? facts.gpus.reduce((sum, { count }) => sum + count, 0) || null : null,
  }),
  column('gpu-used', 'GPU used', { type: 'number', derive: gpusUsed }),
  column('gpu-model', 'GPU model', {
    priority: 1,
    facet: true,
    derive: ({ facts }) => (facts?.kind === 'node' ? (facts.gpus[0]?.model ?? null) : null),
  }),
  column('cpu', 'CPU', { type: 'quantity', priority: 1, derive: (item) => cores(allocatable(item, 'cpu')) }),
  column('memory', 'Memory', {
    type: 'quantity',
    priority: 1,
    derive: (item) => allocatable(item, 'memory'),
  }),
  column('cpu-requested', 'CPU requested', {
    type: 'quantity',
    priority: 1,
    derive: (item, context) => cores(context.loadOf(item.metadata.name)?.requested.get('cpu') ?? null),
  }),
  column('memory-requested', 'Memory requested', {
    type: 'quantity',
    priority: 1,
    derive: (item, context) => context.loadOf(item.metadata.name)?.requested.get('memory') ?? null,
  }),
];

/** How long it may run on its own: `2h`, `always`; nothing where it may not. */
function autonomyText({ metadata }: Node): string | null {
  const duration = metadata.annotations?.['node.openyurt.io/autonomy-duration'];
  if (duration !== undefined) return duration === '0' ? 'always' : duration;
  return metadata.annotations?.['node.beta.openyurt.io/autonomy'] === 'true' ? 'always' : null;
}

function allocatable({ facts }: Item, resource: string): number | null {
  return facts?.kind === 'node' ? (facts.allocatable.get(resource) ?? null) : null;
}

function gpusUsed(item: Item, context: ViewContext): number | null {
  if (item.facts?.kind !== 'node' || item.facts.gpus.length === 0) return null;
  const requested = context.loadOf(item.metadata.name)?.requested;
  if (!requested) return null;
  return item.facts.gpus.reduce((sum, { resource }) => sum + (requested.get(resource) ?? 0), 0);
}

function linkState(item: Item, context: ViewContext): StateCell | null {
  if (item.facts?.kind !== 'node') return null;
  const { reachable, since } = item.facts;
  if (reachable) return { state: 'Online', tone: 'ok', ...(since ? { since } : {}) };
  const now = context.stateOf(item);
  return { state: now?.state ?? 'Unknown', tone: now?.tone ?? 'unknown', ...(since ? { since } : {}) };
}

/** `osaka-1 3, tokyo-0 2`; of many pools, the three with most pods. */
function spreadColumn(kind: string): DeclaredColumn {
  return column('pools', 'Pools', {
    derive: ({ metadata: { name, namespace = '' } }, context) => {
      const spread = context.spreadOf({ kind, namespace, name });
      const told = spread.slice(0, poolsTold).map(({ pool, pods }) => `${pool || '-'} ${pods}`);
      const more = spread.length - told.length;
      return told.length === 0 ? null : `${told.join(', ')}${more > 0 ? `, ${more} more` : ''}`;
    },
  });
}

const poolsTold = 3;

const jobDuration = column('duration', 'Duration', {
  derive: ({ facts }, { nowMs }) =>
    facts?.kind === 'job' && facts.startedMs !== undefined
      ? humanDuration((facts.endedMs ?? nowMs) - facts.startedMs)
      : null,
});

const date = (id: string, title: string, of: (object: AnyObject) => string | undefined, priority = 0) =>
  column(id, title, { type: 'date', priority, cell: (object) => of(object) ?? null });

function jobFacts(job: Job) {
  const { startTime, completionTime, conditions } = job.status ?? {};
  const failed = conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  const ended = completionTime ?? failed?.lastTransitionTime;
  return {
    kind: 'job' as const,
    ...(startTime ? { startedMs: Date.parse(startTime) } : {}),
    ...(ended ? { endedMs: Date.parse(ended) } : {}),
  };
}

/** Last and first time that an event was seen, whichever way its writer tells it. */
function seen(event: Event): { last?: string; first?: string } {
  const last = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime;
  const first = event.firstTimestamp ?? event.eventTime;
  return { last: last ?? event.metadata.creationTimestamp, first: first ?? event.metadata.creationTimestamp };
}

const additions: Readonly<Record<string, Addition>> = {
  '/pods': {
    placed: 'node',
    state: typed<Pod>((pod) => podState(pod)),
    facts: (object, interner) =>
      podFacts(as<Pod>(object), { interner, restarts: podSummary(as<Pod>(object)).restarts }),
    columns: podColumns,
    drop: ['nominated-node', 'readiness-gates'],
  },
  '/nodes': {
    placed: 'own',
    state: typed(nodeState),
    facts: (object, interner) => nodeFacts(as<Node>(object), interner),
    columns: nodeColumns,
  },
  '/events': {
    state: typed(eventState),
    columns: [
      date('last-seen', 'Last Seen', (object) => seen(as<Event>(object)).last),
      date('first-seen', 'First Seen', (object) => seen(as<Event>(object)).first, 1),
    ],
    drop: ['reason', 'name'],
  },
  '/namespaces': { state: typed(phaseState) },
  '/persistentvolumes': { state: typed(phaseState) },
  '/persistentvolumeclaims': { state: typed(phaseState) },
  '/replicationcontrollers': { state: typed(replicaSetState) },
  '/services': { state: typed(serviceState) },
  '/secrets': { fromTable: true },
  'apiextensions.k8s.io/customresourcedefinitions': {
    state: typed(definitionState),
    columns: [
      column('group', 'Group', { facet: true, cell: (object) => specText(object, 'group') }),
      column('scope', 'Scope', { cell: (object) => specText(object, 'scope') }),
    ],
  },
  'apiregistration.k8s.io/apiservices': { state: typed(apiServiceState), drop: ['available'] },
  'apps/daemonsets': {
    state: typed(daemonSetState),
    facts: (object) => daemonSetFacts(as<DaemonSet>(object)),
    spread: true,
    columns: [spreadColumn('DaemonSet')],
  },
  'apps/deployments': { state: typed(deploymentState), spread: true, columns: [spreadColumn('Deployment')] },
  'apps/replicasets': { state: typed(replicaSetState) },
  'apps/statefulsets': {
    state: typed(statefulSetState),
    spread: true,
    columns: [spreadColumn('StatefulSet')],
  },
  'autoscaling/horizontalpodautoscalers': { state: typed(autoscalerState) },
  'batch/cronjobs': {
    state: typed(cronJobState),
    columns: [
      date('last-schedule', 'Last Schedule', (object) => as<CronJob>(object).status?.lastScheduleTime),
    ],
  },
  'batch/jobs': {
    state: typed(jobState),
    facts: (object) => jobFacts(as<Job>(object)),
    columns: [jobDuration],
  },
  'certificates.k8s.io/certificatesigningrequests': { state: typed(signingRequestState) },
  'policy/poddisruptionbudgets': { state: typed(disruptionBudgetState) },
  'rbac.authorization.k8s.io/clusterrolebindings': { facts: bindingFacts },
  'rbac.authorization.k8s.io/rolebindings': { facts: bindingFacts },
};

function specText(object: AnyObject, field: string): string | null {
  const value = (object.spec as Record<string, unknown> | undefined)?.[field];
  return typeof value === 'string' ? value : null;
}

/** Told by columns that every view has, in the form that fits a page. */
const told = new Set(['name', 'age', 'created-at']);
const stateNames = new Set(['status', 'condition']);

function viewOf(info: KindInfo): ViewKind {
  const { columns: own = [], drop = [], ...rest } = additions[`${info.group}/${info.resource}`] ?? {};
  const replaced = new Map(own.map((added) => [added.id, added]));
  const columns = info.columns.map(kubectlColumn).flatMap((given): DeclaredColumn[] => {
    if (told.has(given.id) || drop.includes(given.id)) return [];
    if (rest.state && stateNames.has(given.id)) return [];
    const better = replaced.get(given.id);
    replaced.delete(given.id);
    return [better ?? given];
  });
  const { group, version, kind, resource, namespaced } = info;
  return {
    ref: { group, version, kind, resource, namespaced },
    ...rest,
    columns: arranged([
      nameColumn,
      ...(namespaced ? [namespaceColumn] : []),
      ...(rest.state ? [stateColumn] : []),
      ...(rest.placed ? [regionColumn, poolColumn] : []),
      ...columns,
      ...replaced.values(),
      ageColumn,
    ]),
    actions: rowActions(info),
  };
}

/** `deployments.apps`, `pods`: how a resource is named in a path. */
export function resourceId({ group, resource }: { group: string; resource: string }): string {
  return group === '' ? resource : `${resource}.${group}`;
}

/** By resource id; of two versions of one resource, the one that kubectl takes. */
export const builtinViews: ReadonlyMap<string, ViewKind> = new Map(
  builtinKinds
    .filter(
      ({ verbs, group, version }) =>
        verbs.includes('watch') && !(group === 'autoscaling' && version === 'v1'),
    )
    .map((info) => [resourceId(info), viewOf(info)]),
);
