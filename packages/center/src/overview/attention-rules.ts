/**
 * What wants a person's attention in a cluster: a table of rules, each a pure function of what the caller may see. A rule finds
 * each cause once per place, not each object that suffers from it: forty nodes of a pool behind one dead link are one finding.
 */
import { gpusRequested } from '#views/pod-columns.ts';
import type { Item, StateCell } from '#cache/item.ts';
import { workloadKey, workloadOf, type Workload } from '#cache/workload-of.ts';
import { links, type AttentionRules, type Tone } from '#contract/index.ts';
import type { Place, ViewContext } from '#views/view-kind.ts';
import { isOutOfReach } from '#views/states/node-state.ts';

export interface AttentionInput {
  readonly cluster: string;
  readonly context: ViewContext;
  readonly nodes: readonly Item[];
  readonly pods: readonly Item[];
  readonly deployments: readonly Item[];
  readonly daemonSets: readonly Item[];
  readonly jobs: readonly Item[];
  readonly claims: readonly Item[];
  readonly namespaces: readonly Item[];
  readonly apiServices: readonly Item[];
}

type RuleId = keyof AttentionRules;

export type Finding = {
  [R in RuleId]: {
    readonly rule: R;
    readonly tone: Tone;
    readonly values: AttentionRules[R];
    readonly message: string;
    readonly link: string;
  };
}[RuleId];

type Rule = (input: AttentionInput) => Finding[];

const minuteMs = 60_000;
/** A pod that waits is news after this, one that waits for a GPU after that. */
const pendingMs = 2 * minuteMs;
const gpuWaitMs = 10 * minuteMs;
const stuckMs = 10 * minuteMs;
const failedJobsMs = 24 * 60 * minuteMs;

const rules: readonly Rule[] = [
  ({ cluster, nodes, context }) =>
    byPlace(nodes, context, (_, state) => isOutOfReach(state) && state?.state !== 'Offline').map(
      ({ place, items: [first, ...rest] }) => {
        const count = rest.length + 1;
        const since = first!.state?.since ?? '';
        return {
          rule: 'nodes-disconnected',
          tone: 'disconnected',
          values: { ...place, count, node: first!.metadata.name, since },
          message: `${plural(count, 'node')} of ${placeText(place)} ${be(count)} disconnected, the first since ${since}`,
          link: links.list(cluster, 'nodes', { ...scope(place), q: 'link:Disconnected,Autonomous' }),
        };
      },
    ),
  ({ cluster, nodes, context }) =>
    byPlace(nodes, context, (_, state) => state?.state === 'Offline').map(
      ({ place, items: [first, ...rest] }) => {
        const count = rest.length + 1;
        const since = first!.state?.since ?? '';
        return {
          rule: 'nodes-offline',
          tone: 'error',
          values: { ...place, count, node: first!.metadata.name, since },
          message: `${plural(count, 'node')} of ${placeText(place)} ${be(count)} offline for longer than they may run on their own`,
          link: links.list(cluster, 'nodes', { ...scope(place), q: 'status:Offline' }),
        };
      },
    ),
  ({ cluster, nodes, context }) =>
    byPlace(nodes, context, (_, state) => state?.state === 'NotReady').map(
      ({ place, items: [first, ...rest] }) => {
        const count = rest.length + 1;
        const why = first!.state?.why ?? '';
        return {
          rule: 'nodes-not-ready',
          tone: 'error',
          values: { ...place, count, node: first!.metadata.name, why },
          message: `${plural(count, 'node')} of ${placeText(place)} ${be(count)} not ready: ${why}`,
          link: links.list(cluster, 'nodes', { ...scope(place), q: 'status:NotReady' }),
        };
      },
    ),
  ({ cluster, nodes, context }) =>
    byPlace(nodes, context, (_, state) => state?.state === 'Ready' && state.tone === 'warning').map(
      ({ place, items: [first, ...rest] }) => {
        const count = rest.length + 1;
        const why = first!.state?.why ?? '';
        return {
          rule: 'node-pressure',
          tone: 'warning',
          values: { ...place, count, node: first!.metadata.name, why },
          message: `${plural(count, 'node')} of ${placeText(place)} ${count === 1 ? 'is' : 'are'} under pressure: ${why}`,
          link: links.node(cluster, first!.metadata.name),
        };
      },
    ),
  ({ cluster, pods, context }) =>
    byOwner(pods, (pod) => isCrashing(pod, context)).map(({ owner, items }) => {
      const worst = items.reduce((most, pod) => (restartsOf(pod) > restartsOf(most) ? pod : most));
      const [restarts, why] = [restartsOf(worst), worst.state?.why ?? worst.state?.state ?? ''];
      return {
        rule: 'pods-crashing',
        tone: 'error',
        values: { ...owner, count: items.length, restarts, why },
        message: `${plural(items.length, 'pod')} of ${ownerText(owner)} ${verb(items.length, 'crash')} again and again (${restarts} restarts): ${why}`,
        link: podsLink(cluster, owner, items),
      };
    }),
  ({ cluster, pods, context }) =>
    byImage(pods, context).map(({ place, image, count }) => ({
      rule: 'image-pull-failing',
      tone: 'error',
      values: { ...place, count, image },
      message: `${plural(count, 'pod')} in ${placeText(place)} can't get the image ${image}`,
      link: links.list(cluster, 'pods', { ...scope(place), q: 'status:*ImagePull*,*InvalidImage*' }),
    })),
  ({ cluster, pods, context }) =>
    byOwner(pods, (pod) => waitsFor(pod, context) > pendingMs && gpusRequested(pod) === 0).map(
      ({ owner, items }) => {
        const { since, why } = waitingOf(items[0]!);
        return {
          rule: 'pods-pending',
          tone: 'warning',
          values: { ...owner, count: items.length, since, why },
          message: `${plural(items.length, 'pod')} of ${ownerText(owner)} ${verb(items.length, 'find')} no node since ${since}: ${why}`,
          link: podsLink(cluster, owner, items),
        };
      },
    ),
  ({ cluster, pods, context }) => {
    const waiting = pods.filter((pod) => gpusRequested(pod) > 0 && waitsFor(pod, context) > gpuWaitMs);
    const [first] = waiting.toSorted((a, b) => (waitingOf(a).since < waitingOf(b).since ? -1 : 1));
    if (!first) return [];
    const gpus = waiting.reduce((sum, pod) => sum + gpusRequested(pod), 0);
    const { since, why } = waitingOf(first);
    const count = waiting.length;
    return [
      {
        rule: 'gpus-waited-for',
        tone: 'warning',
        values: { count, gpus, since, why },
        message: `${plural(count, 'pod')} ${verb(count, 'wait')} for ${plural(gpus, 'GPU')} since ${since}: ${why}`,
        link: links.gpu(cluster),
      },
    ];
  },
  ({ cluster, deployments }) =>
    deployments
      .filter(({ state }) => state?.state === 'Stuck' || state?.state === 'Failing')
      .map((item) => {
        const { name, namespace = '' } = item.metadata;
        const why = item.state?.why ?? '';
        return {
          rule: 'rollout-stuck',
          tone: 'error',
          values: { count: 1, kind: 'Deployment', namespace, name, why },
          message: `the rollout of Deployment ${namespace}/${name} is stuck: ${why}`,
          link: links.object(cluster, 'deployments.apps', { namespace, name }),
        };
      }),
  ({ cluster, daemonSets, nodes, context }) => {
    const outOfReach = nodes.filter((node) => isOutOfReach(context.stateOf(node))).length;
    return daemonSets.flatMap((item) => {
      const { facts, state } = item;
      if (facts?.kind !== 'workload' || facts.available >= facts.desired || state?.tone === 'progressing')
        return [];
      const { name, namespace = '' } = item.metadata;
      const count = facts.desired - facts.available;
      return [
        {
          rule: 'daemonset-incomplete' as const,
          // Those on nodes out of reach most likely run.
          tone: count <= outOfReach ? ('disconnected' as const) : ('warning' as const),
          values: { count, kind: 'DaemonSet', namespace, name, desired: facts.desired, outOfReach },
          message: `DaemonSet ${namespace}/${name} is missing on ${count} of ${plural(facts.desired, 'node')}${outOfReach > 0 ? `; ${plural(outOfReach, 'node')} ${be(outOfReach)} out of reach` : ''}`,
          link: links.object(cluster, 'daemonsets.apps', { namespace, name }),
        },
      ];
    });
  },
  ({ cluster, jobs, context }) => {
    const recent = jobs.filter(
      ({ state }) =>
        state?.state === 'Failed' && context.nowMs - Date.parse(state.since ?? '') < failedJobsMs,
    );
    return [...Map.groupBy(recent, ({ metadata }) => metadata.namespace ?? '')].map(([namespace, items]) => {
      const [first] = items;
      const why = first!.state?.why ?? '';
      return {
        rule: 'jobs-failed',
        tone: 'warning',
        values: { count: items.length, kind: 'Job', namespace, name: first!.metadata.name, why },
        message: `${plural(items.length, 'Job')} in ${namespace} failed, ${first!.metadata.name} last: ${why}`,
        link: links.list(cluster, 'jobs.batch', { namespace, q: 'status:Failed' }),
      };
    });
  },
  ({ cluster, claims, context }) => {
    const pending = claims.filter(
      ({ state, metadata }) =>
        state?.state === 'Lost' ||
        (state?.state === 'Pending' &&
          context.nowMs - Date.parse(metadata.creationTimestamp ?? '') > stuckMs),
    );
    return [...Map.groupBy(pending, ({ metadata }) => metadata.namespace ?? '')].map(
      ([namespace, items]) => ({
        rule: 'volume-claims-pending',
        tone: 'warning',
        values: { count: items.length, namespace, name: items[0]!.metadata.name },
        message: `${plural(items.length, 'volume claim')} in ${namespace} ${be(items.length)} not bound, ${items[0]!.metadata.name} first`,
        link: links.list(cluster, 'persistentvolumeclaims', { namespace, q: '-status:Bound' }),
      }),
    );
  },
  ({ cluster, namespaces, context }) =>
    namespaces
      .filter(
        ({ state }) =>
          state?.state === 'Terminating' && context.nowMs - Date.parse(state.since ?? '') > stuckMs,
      )
      .map(({ metadata: { name }, state }) => ({
        rule: 'namespace-stuck',
        tone: 'warning',
        values: { namespace: name, since: state?.since ?? '', why: state?.why ?? '' },
        message: `the namespace ${name} is being deleted since ${state?.since ?? ''}: ${state?.why ?? ''}`,
        link: links.object(cluster, 'namespaces', { name }),
      })),
  ({ cluster, apiServices }) =>
    apiServices
      .filter(({ state }) => state?.tone === 'error')
      .map(({ metadata: { name }, state }) => ({
        rule: 'api-unavailable',
        tone: 'error',
        values: { name, why: state?.why ?? '' },
        message: `the API ${name} is not available: ${state?.why ?? ''}`,
        link: links.object(cluster, 'apiservices.apiregistration.k8s.io', { name }),
      })),
];

export function findings(input: AttentionInput): Finding[] {
  return rules.flatMap((rule) => rule(input));
}

function isCrashing(pod: Item, context: ViewContext): boolean {
  const word = pod.state?.state ?? '';
  return (
    (word.endsWith('CrashLoopBackOff') || word === 'OOMKilled') && context.stateOf(pod)?.tone === 'error'
  );
}

function restartsOf({ facts }: Item): number {
  return facts?.kind === 'pod' ? facts.restarts : 0;
}

/** How long it has waited for a node; 0 of a pod that doesn't. */
function waitsFor({ facts }: Item, { nowMs }: ViewContext): number {
  if (facts?.kind !== 'pod' || !facts.waiting) return 0;
  const ms = nowMs - Date.parse(facts.waiting.since);
  return Number.isNaN(ms) ? 0 : ms;
}

function waitingOf({ facts }: Item): { readonly since: string; readonly why: string } {
  return facts?.kind === 'pod' && facts.waiting ? facts.waiting : { since: '', why: '' };
}

function byOwner(
  pods: readonly Item[],
  wanted: (pod: Item) => boolean,
): { owner: Workload; items: Item[] }[] {
  const groups = new Map<string, { owner: Workload; items: Item[] }>();
  for (const pod of pods) {
    if (!wanted(pod)) continue;
    const owner = workloadOf(pod);
    const key = workloadKey(owner);
    const group = groups.get(key);
    if (group) group.items.push(pod);
    else groups.set(key, { owner, items: [pod] });
  }
  return [...groups.values()];
}

function byPlace(
  items: readonly Item[],
  context: ViewContext,
  wanted: (item: Item, state: StateCell | undefined) => boolean,
): { place: Place; items: Item[] }[] {
  const groups = new Map<string, { place: Place; items: Item[] }>();
  for (const item of items) {
    if (!wanted(item, context.stateOf(item))) continue;
    const { region = '', pool = '' } = context.placeOf(item) ?? {};
    const key = `${region}/${pool}`;
    const group = groups.get(key);
    if (group) group.items.push(item);
    else groups.set(key, { place: { region, pool }, items: [item] });
  }
  for (const { items: own } of groups.values())
    own.sort((a, b) => ((a.state?.since ?? '') < (b.state?.since ?? '') ? -1 : 1));
  return [...groups.values()];
}

function byImage(
  pods: readonly Item[],
  context: ViewContext,
): { place: Place; image: string; count: number }[] {
  const images = new Map<string, Item[]>();
  for (const pod of pods) {
    const image = pod.facts?.kind === 'pod' ? pod.facts.imageFailing : undefined;
    if (image === undefined) continue;
    const own = images.get(image);
    if (own) own.push(pod);
    else images.set(image, [pod]);
  }
  return [...images].flatMap(([image, own]) =>
    byPlace(own, context, () => true).map(({ place, items }) => ({ place, image, count: items.length })),
  );
}

function podsLink(cluster: string, owner: Workload, pods: readonly Item[]): string {
  const [first] = pods;
  if (pods.length === 1 && first)
    return links.object(cluster, 'pods', { namespace: owner.namespace, name: first.metadata.name });
  return links.list(cluster, 'pods', { namespace: owner.namespace, q: owner.name });
}

function scope({ region, pool }: Place): { region?: string; pool?: string } {
  return { ...(region ? { region } : {}), ...(pool ? { pool } : {}) };
}

function placeText({ region, pool }: Place): string {
  if (pool) return `pool ${pool}`;
  return region ? `region ${region}` : 'no pool';
}

function ownerText({ kind, namespace, name }: Workload): string {
  return `${kind} ${namespace}/${name}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function verb(count: number, word: string): string {
  return count === 1 ? `${word}${word.endsWith('sh') ? 'es' : 's'}` : word;
}

function be(count: number): string {
  return count === 1 ? 'is' : 'are';
}
