import type { PodDisruptionBudget } from '@skerry/api';
import { labelSelectorFrom } from '@skerry/api';
import type { Cluster } from '#cluster.ts';
import type { Diagnosis } from '#diagnosis.ts';
import { diagnosisText } from '#diagnosis.ts';
import type { Rejection } from '#filters/index.ts';
import { withNominated } from '#schedule-one.ts';
import type { NodeInfo } from '#node-info.ts';
import type { PodInfo } from '#pod-info.ts';
import { defaultArguments } from '#profile.ts';

export type Preemption =
  | { readonly node: string; readonly victims: readonly PodInfo[] }
  /** Why nobody is preempted, to follow the reason of the refusal. */
  | { readonly unhelpful: string };

interface Candidate {
  readonly node: NodeInfo;
  /** Most important first. */
  readonly victims: readonly PodInfo[];
  readonly violations: number;
}

/**
 * Chooses pods of lower priority to give way: as few and as unimportant as possible, against disruption budgets only where
 * there is no other way. Decides only; who calls it evicts.
 * Rules: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
 */
export function preempt(
  cluster: Cluster,
  pod: PodInfo,
  { diagnosis, random }: { diagnosis: Diagnosis; random: () => number },
): Preemption {
  const ineligible = whyIneligible(cluster, pod, diagnosis);
  if (ineligible) return { unhelpful: `preemption: ${ineligible}` };
  const nodes: NodeInfo[] = [];
  for (const [name, { resolvable }] of diagnosis.rejections) {
    const node = resolvable ? cluster.node(name) : undefined;
    if (node) nodes.push(node);
  }
  const { candidates, rejections } = findCandidates(cluster, pod, { nodes, random });
  const best = candidates.length > 0 ? bestCandidate(candidates) : undefined;
  if (best) return { node: best.node.name, victims: best.victims };
  const absentReason = 'Preemption is not helpful for scheduling';
  const text = diagnosisText({ nodeCount: diagnosis.nodeCount, rejections, absentReason });
  return { unhelpful: `preemption: ${text}` };
}

function whyIneligible(cluster: Cluster, pod: PodInfo, { rejections }: Diagnosis): string | undefined {
  if (pod.pod.spec?.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const nominated = pod.pod.status?.nominatedNodeName;
  if (!nominated || rejections.get(nominated)?.resolvable === false) return undefined;
  for (const other of cluster.node(nominated)?.pods.values() ?? [])
    if (other.priority < pod.priority && isBeingPreempted(other))
      return 'not eligible due to a terminating pod on the nominated node.';
  return undefined;
}

function isBeingPreempted({ pod }: PodInfo): boolean {
  if (!pod.metadata.deletionTimestamp) return false;
  return (pod.status?.conditions ?? []).some(
    ({ type, status, reason }) =>
      type === 'DisruptionTarget' && status === 'True' && reason === 'PreemptionByScheduler',
  );
}

function findCandidates(
  cluster: Cluster,
  pod: PodInfo,
  { nodes, random }: { nodes: readonly NodeInfo[]; random: () => number },
) {
  const { minCandidateNodesPercentage, minCandidateNodesAbsolute } =
    pod.profile?.arguments ?? defaultArguments;
  const share = Math.floor((cluster.nodes.length * minCandidateNodesPercentage) / 100);
  const enough = Math.max(share, minCandidateNodesAbsolute, 1);
  const offset = Math.floor(random() * nodes.length);
  const candidates: Candidate[] = [];
  const rejections = new Map<string, Rejection>();
  for (let i = 0; i < nodes.length && candidates.length < enough; i++) {
    const node = nodes[(offset + i) % nodes.length]!;
    const found = victimsOn(cluster, node, pod);
    if ('victims' in found) candidates.push(found);
    else rejections.set(node.name, found);
  }
  return { candidates, rejections };
}

const noVictims: Rejection = {
  filter: 'NodeResourcesFit',
  reasons: ['No preemption victims found for incoming pod'],
  resolvable: false,
};

/** The least victims on one node: all of lower priority go, then as many as possible come back, the important first. */
function victimsOn(cluster: Cluster, node: NodeInfo, pod: PodInfo): Candidate | Rejection {
  const potential = [...node.pods.values()]
    .filter((other) => other.priority < pod.priority)
    .toSorted(byImportance);
  if (potential.length === 0) return noVictims;
  const askWithout = (without: readonly PodInfo[]) =>
    cluster.suppose(node, { without }, () => withNominated(cluster, pod)(node));
  const rejected = askWithout(potential);
  if (rejected) return rejected;

  const { violating, others } = splitByBudget(cluster, potential);
  let victims = potential;
  let violations = 0;
  for (const candidate of [...violating, ...others]) {
    const fewer = victims.filter((victim) => victim !== candidate);
    if (!askWithout(fewer)) victims = fewer;
    else if (violating.includes(candidate)) violations++;
  }
  return { node, victims, violations };
}

/** Higher priority first, then who runs longer. */
function byImportance(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startTime(a) - startTime(b);
}

function startTime({ pod }: PodInfo): number {
  const time = pod.status?.startTime ?? pod.metadata.creationTimestamp;
  return time ? Date.parse(time) : Infinity;
}

function splitByBudget(cluster: Cluster, pods: readonly PodInfo[]) {
  const allowed = new Map<PodDisruptionBudget, number>();
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const pod of pods) {
    let violates = false;
    for (const budget of cluster.disruptionBudgets(pod.namespace)) {
      const selector = labelSelectorFrom(budget.spec?.selector);
      if (selector.empty || !selector.matches(pod.labels)) continue;
      if (budget.status?.disruptedPods?.[pod.pod.metadata.name ?? ''] !== undefined) continue;
      const left = (allowed.get(budget) ?? budget.status?.disruptionsAllowed ?? 0) - 1;
      allowed.set(budget, left);
      if (left < 0) violates = true;
    }
    (violates ? violating : others).push(pod);
  }
  return { violating, others };
}

/** Each rule counts only between those that the rules before it left equal. */
const rules: readonly ((candidate: Candidate) => number)[] = [
  ({ violations }) => violations,
  ({ victims }) => victims[0]?.priority ?? -Infinity,
  // Priorities may be negative; the offset makes more victims always sum to more.
  ({ victims }) => victims.reduce((sum, { priority }) => sum + priority + 2 ** 31, 0),
  ({ victims }) => victims.length,
  ({ victims }) => -earliestStart(victims),
];

function bestCandidate(candidates: readonly Candidate[]): Candidate | undefined {
  let left = candidates;
  for (const rule of rules) {
    const ratings = left.map(rule);
    const least = ratings.reduce((a, b) => Math.min(a, b));
    left = left.filter((_, index) => ratings[index] === least);
  }
  return left[0];
}

/** When the longest-running of the most important victims started. */
function earliestStart(victims: readonly PodInfo[]): number {
  const top = victims.filter(({ priority }) => priority === victims[0]?.priority);
  return Math.min(...top.map(startTime));
}
