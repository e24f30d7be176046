/** How the built-in kinds are shown: the columns of `kubectl get` and what Skerry adds to them. */
import {
  builtinKinds,
  podSummary,
  type AnyObject,
  type CronJob,
  type DaemonSet,
  type Event,
  type Job,
  type KindInfo,
  type Node,
  type Pod,
} from '@skerry/api';
import { bindingFacts, daemonSetFacts, nodeFacts, podFacts } from '#cache/facts.ts';
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
import { nodeColumns } from '#views/node-columns.ts';
import { as, typed } from '#views/of-kind.ts';
import { podColumns } from '#views/pod-columns.ts';
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
import { arranged, type DeclaredColumn, type ViewKind } from '#views/view-kind.ts';
import { jobDuration, jobFacts, spreadColumn } from '#views/workload-columns.ts';

interface Addition extends Pick<ViewKind, 'placed' | 'facts' | 'fromTable' | 'spread'> {
  readonly state?: ViewKind['state'];
  /** By id, in place of kubectl's or after them. */
  readonly columns?: readonly DeclaredColumn[];
  readonly drop?: readonly string[];
  /** Shown when they are asked for: most rows have nothing there, or say it elsewhere. */
  readonly aside?: readonly string[];
}

const date = (id: string, title: string, of: (object: AnyObject) => string | undefined, priority = 0) =>
  column(id, title, { type: 'date', priority, cell: (object) => of(object) ?? null });

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
    // Its tone says it; and an event is as old as it was first seen.
    aside: ['type', 'age'],
  },
  '/namespaces': { state: typed(phaseState) },
  '/persistentvolumes': { state: typed(phaseState), aside: ['volumeattributesclass', 'reason'] },
  '/persistentvolumeclaims': { state: typed(phaseState), aside: ['volumeattributesclass'] },
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
    aside: ['node-selector'],
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
    aside: ['timezone'],
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
  const {
    columns: own = [],
    drop = [],
    aside = [],
    ...rest
  } = additions[`${info.group}/${info.resource}`] ?? {};
  const replaced = new Map(own.map((added) => [added.id, added]));
  const columns = info.columns.map(kubectlColumn).flatMap((given): DeclaredColumn[] => {
    if (told.has(given.id) || drop.includes(given.id)) return [];
    if (rest.state && stateNames.has(given.id)) return [];
    const better = replaced.get(given.id);
    replaced.delete(given.id);
    const shown = better ?? given;
    return [aside.includes(given.id) ? { ...shown, priority: 1 } : shown];
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
      aside.includes('age') ? { ...ageColumn, priority: 1 } : ageColumn,
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
