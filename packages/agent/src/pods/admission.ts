/**
 * The node's own word on a pod that was bound to it: the scheduler may have been passed over, or have seen older facts.
 * A pod that is refused fails; its controller makes another.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename
 */
import {
  hostPorts,
  hostPortsConflict,
  matchesNodeAffinity,
  podRequests,
  resourceAmounts,
  type Node,
  type Pod,
  type PodSpec,
  type ResourceAmounts,
} from '@skerry/api';
import { podUid } from '#pods/labels.ts';

export interface AdmissionFacts {
  readonly node: () => Node | undefined;
  /** Allocatable, by resource name. */
  readonly resources: () => Readonly<Record<string, string>>;
  readonly pods: () => readonly Pod[];
}

export type Admission = (pod: Pod) => { readonly reason: string; readonly message: string } | undefined;

export function createAdmission({ node, resources, pods }: AdmissionFacts): Admission {
  return (pod) => {
    const others = pods().filter((other) => podUid(other) !== podUid(pod) && !hasEnded(other));
    // What the agent doesn't know of may have been written into the Node's status by someone who does.
    const allocatable = { ...node()?.status?.allocatable, ...resources() };
    return checkFit(pod, { others, allocatable }) ?? checkNode(pod, node()) ?? checkPorts(pod, others);
  };
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function checkNode(pod: Pod, node: Node | undefined) {
  if (!node || !pod.spec || matchesNodeAffinity(pod.spec, node)) return undefined;
  return failed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
}

/** The scheduler keeps them apart; whoever names the node himself may not have. */
function checkPorts(pod: Pod, others: readonly Pod[]) {
  const wanted = pod.spec ? hostPorts(pod.spec) : [];
  if (wanted.length === 0) return undefined;
  const taken = others.flatMap(({ spec }) => (spec ? hostPorts(spec) : []));
  if (!wanted.some((port) => taken.some((other) => hostPortsConflict(port, other)))) return undefined;
  return failed('NodePorts', "node(s) didn't have free ports for the requested pod ports");
}

function failed(predicate: string, why: string) {
  return { reason: predicate, message: `Predicate ${predicate} failed: ${why}` };
}

function checkFit(
  { spec }: Pod,
  { others, allocatable }: { others: readonly Pod[]; allocatable: Readonly<Record<string, string>> },
) {
  const podsMax = Number(allocatable['pods'] ?? Number.MAX_SAFE_INTEGER);
  if (others.length + 1 > podsMax) {
    return {
      reason: 'OutOfpods',
      message: outOf('pods', { requested: 1, used: others.length, capacity: podsMax }),
    };
  }
  const capacities = resourceAmounts(allocatable);
  const taken = others.map((other) => amountsOf(other.spec));
  for (const [name, requested] of amountsOf(spec)) {
    if (requested === 0) continue;
    const capacity = capacities.get(name) ?? 0;
    const used = taken.reduce((sum, amounts) => sum + (amounts.get(name) ?? 0), 0);
    if (used + requested > capacity)
      return { reason: `OutOf${name}`, message: outOf(name, { requested, used, capacity }) };
  }
  return undefined;
}

function amountsOf(spec: PodSpec | undefined): ResourceAmounts {
  return spec ? podRequests(spec) : new Map();
}

function outOf(
  name: string,
  { requested, used, capacity }: { requested: number; used: number; capacity: number },
): string {
  return `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
}
