/**
 * The node's own word on a pod that was bound to it: the scheduler may have been passed over, or have seen older facts.
 * A pod that is refused fails; its controller makes another.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename
 */
import {
  addQuantities,
  compareQuantities,
  hostPorts,
  hostPortsConflict,
  matchesNodeAffinity,
  parseQuantity,
  quantityMilliValue,
  quantityValue,
  zeroQuantity,
  type Node,
  type Pod,
  type Quantity,
} from '@skerry/api';
import { initContainers, isSidecar, mainContainers, podUid } from '#pods/labels.ts';

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
  pod: Pod,
  { others, allocatable }: { others: readonly Pod[]; allocatable: Readonly<Record<string, string>> },
) {
  const podsMax = Number(allocatable['pods'] ?? Number.MAX_SAFE_INTEGER);
  if (others.length + 1 > podsMax) {
    return {
      reason: 'OutOfpods',
      message: outOf('pods', { requested: 1, used: others.length, capacity: podsMax }),
    };
  }
  for (const [name, requested] of podRequests(pod)) {
    if (requested.nanos === 0n) continue;
    const capacity = parseQuantity(allocatable[name] ?? '0');
    const used = others.reduce(
      (sum, other) => addQuantities(sum, podRequests(other).get(name) ?? zeroQuantity),
      zeroQuantity,
    );
    if (compareQuantities(addQuantities(used, requested), capacity) <= 0) continue;
    const inUnits = name === 'cpu' ? quantityMilliValue : quantityValue;
    const figures = { requested: inUnits(requested), used: inUnits(used), capacity: inUnits(capacity) };
    return { reason: `OutOf${name}`, message: outOf(name, figures) };
  }
  return undefined;
}

function outOf(
  name: string,
  { requested, used, capacity }: { requested: number; used: number; capacity: number },
): string {
  return `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
}

/** What the pod takes of the node: the sum of what runs together, or its largest initialization step. */
function podRequests(pod: Pod): Map<string, Quantity> {
  const running = new Map<string, Quantity>();
  const peak = new Map<string, Quantity>();
  const raise = (name: string, value: Quantity) => {
    const old = peak.get(name);
    if (!old || compareQuantities(value, old) > 0) peak.set(name, value);
  };
  const add = (name: string, value: Quantity) =>
    running.set(name, addQuantities(running.get(name) ?? zeroQuantity, value));
  for (const container of initContainers(pod)) {
    for (const [name, text] of Object.entries(container.resources?.requests ?? {})) {
      const value = parseQuantity(text);
      if (isSidecar(container)) add(name, value);
      else raise(name, addQuantities(running.get(name) ?? zeroQuantity, value));
    }
  }
  for (const { resources } of mainContainers(pod)) {
    for (const [name, text] of Object.entries(resources?.requests ?? {})) add(name, parseQuantity(text));
  }
  for (const [name, text] of Object.entries(pod.spec?.overhead ?? {})) add(name, parseQuantity(text));
  for (const [name, value] of running) raise(name, value);
  return peak;
}
