import type { Cluster, Snapshot } from '#cluster.ts';
import { type CycleWatch, noWatch } from '#cycle-watch.ts';
import type { Diagnosis } from '#diagnosis.ts';
import { diagnosisText } from '#diagnosis.ts';
import type { NodeFilter, Rejection } from '#filters/index.ts';
import { prepareFilters, watchFilters } from '#filters/index.ts';
import type { NodeInfo } from '#node-info.ts';
import type { PodInfo } from '#pod-info.ts';
import { totalScores } from '#scores/index.ts';
import { podClaims } from '#volumes/pod-claims.ts';

export type Decision =
  | { readonly node: string; readonly examined: number }
  | { readonly unschedulable: string; readonly diagnosis: Diagnosis };

export interface DecisionOptions {
  /** Where to begin among the nodes, so that all get their turn when only some are examined. */
  readonly startIndex?: number;
  /** Breaks ties between equal scores; the first wins without it. */
  readonly random?: () => number;
  readonly watch?: CycleWatch;
}

/** Below this many nodes all are examined. */
const feasibleMin = 100;
const feasiblePercentMin = 5;

/**
 * Finds the best node for one pod, or says why there is none. Reads the snapshot and changes nothing.
 *
 * In a big cluster it stops once enough feasible nodes are found (half of 100 nodes, falling to 5 % of many): the best of
 * several hundred is good enough, and the search begins elsewhere each time.
 */
export function scheduleOne(snapshot: Cluster, pod: PodInfo, options: DecisionOptions = {}): Decision {
  const { nodes } = snapshot;
  if (nodes.length === 0)
    return {
      unschedulable: 'no nodes available to schedule pods',
      diagnosis: { nodeCount: 0, rejections: new Map() },
    };
  const { watch = noWatch } = options;
  const claims = pod.claims.length > 0 ? podClaims(pod, snapshot.volumes) : undefined;
  if (claims && 'fault' in claims) {
    watch.point('PreFilter', 'UnschedulableAndUnresolvable', watch.now() - watch.startedMs);
    return refused({ nodeCount: nodes.length, rejections: new Map(), podReason: claims.fault });
  }
  const watched = watchFilters(pod, snapshot, watch);
  const filter = askingNominated(snapshot, pod, watched.filter);
  const startedMs = watch.now();
  const found = findFeasible(snapshot, pod, filter, options.startIndex ?? 0);
  watch.point('Filter', 'Success', watch.now() - startedMs);
  watched.done();
  const { feasible, rejections, examined, absentReason } = found;
  if (feasible.length === 0) return refused({ nodeCount: nodes.length, rejections, absentReason });
  const best = feasible.length === 1 ? feasible[0]! : bestOf(pod, snapshot, feasible, options);
  return { node: best.name, examined };
}

interface Found {
  readonly feasible: readonly NodeInfo[];
  readonly rejections: ReadonlyMap<string, Rejection>;
  readonly examined: number;
  readonly absentReason?: string;
}

function findFeasible(snapshot: Cluster, pod: PodInfo, filter: NodeFilter, startIndex: number): Found {
  if (pod.requiredNode !== undefined) return tryRequired(snapshot, pod.requiredNode, filter);
  const nominated = pod.pod.status?.nominatedNodeName;
  const promised = nominated ? snapshot.node(nominated) : undefined;
  if (promised && !filter(promised)) return { feasible: [promised], rejections: new Map(), examined: 1 };
  const { nodes } = snapshot;
  const enough = feasibleEnough(nodes.length, pod.profile?.percentageOfNodesToScore);
  return findAmong(nodes, filter, { startIndex, enough });
}

/** A pod of a DaemonSet names its node; asking the others would only cost time. */
function tryRequired(snapshot: Snapshot, name: string, filter: NodeFilter): Found {
  const node = snapshot.node(name);
  const rejected = node && filter(node);
  if (node && !rejected) return { feasible: [node], rejections: new Map(), examined: 1 };
  return {
    feasible: [],
    rejections: new Map(rejected ? [[name, rejected]] : []),
    examined: 1,
    absentReason: "node(s) didn't satisfy plugin(s) [NodeAffinity]",
  };
}

function refused(diagnosis: Diagnosis): Decision {
  return { unschedulable: diagnosisText(diagnosis), diagnosis };
}

function findAmong(
  nodes: readonly NodeInfo[],
  filter: NodeFilter,
  { startIndex, enough }: { startIndex: number; enough: number },
): Found {
  const feasible: NodeInfo[] = [];
  const rejections = new Map<string, Rejection>();
  let examined = 0;
  while (examined < nodes.length && feasible.length < enough) {
    const node = nodes[(startIndex + examined) % nodes.length]!;
    examined++;
    const rejected = filter(node);
    if (rejected) rejections.set(node.name, rejected);
    else feasible.push(node);
  }
  return { feasible, rejections, examined };
}

/** `percentage` is what a configuration asks for; 0 leaves it to the size of the cluster. */
export function feasibleEnough(nodeCount: number, percentage = 0): number {
  if (nodeCount < feasibleMin || percentage >= 100) return nodeCount;
  const percent =
    percentage > 0 ? percentage : Math.max(50 - Math.floor(nodeCount / 125), feasiblePercentMin);
  return Math.max(Math.floor((nodeCount * percent) / 100), feasibleMin);
}

function bestOf(
  pod: PodInfo,
  snapshot: Snapshot,
  feasible: readonly NodeInfo[],
  { random, watch }: DecisionOptions,
): NodeInfo {
  const totals = totalScores(pod, snapshot, feasible, watch);
  let best = 0;
  let equals = 1;
  for (let i = 1; i < totals.length; i++) {
    if (totals[i]! > totals[best]!) {
      best = i;
      equals = 1;
    } else if (totals[i] === totals[best]) {
      equals++;
      if (random && random() * equals < 1) best = i;
    }
  }
  return feasible[best]!;
}

/**
 * A node promised to pods that come at least as early must have room for them too. They are asked about both as if
 * present, for what they take, and as if absent, for affinity to them that may never be.
 */
export function withNominated(snapshot: Cluster, pod: PodInfo): NodeFilter {
  return askingNominated(snapshot, pod, prepareFilters(pod, snapshot));
}

function askingNominated(snapshot: Cluster, pod: PodInfo, filter: NodeFilter): NodeFilter {
  return (node) => {
    const expected = [...snapshot.nominated(node)].filter(
      (other) => other.key !== pod.key && other.priority >= pod.priority && !node.pods.has(other.key),
    );
    if (expected.length > 0) {
      const rejected = snapshot.suppose(node, { added: expected }, () => prepareFilters(pod, snapshot)(node));
      if (rejected) return rejected;
    }
    return filter(node);
  };
}
