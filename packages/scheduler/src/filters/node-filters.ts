import { hostPortsConflict, matchesNodeAffinity, untoleratedTaint } from '@skerry/api';
import type { PrepareFilter, Rejection } from '#filters/filter.ts';
import { rejection } from '#filters/filter.ts';

const cordoned = rejection('NodeUnschedulable', 'node(s) were unschedulable', false);
const otherName = rejection('NodeName', "node(s) didn't match the requested node name", false);
const tainted = rejection('TaintToleration', 'node(s) had untolerated taint(s)', false);
const unmatched = rejection('NodeAffinity', "node(s) didn't match Pod's node affinity/selector", false);
const portTaken = rejection('NodePorts', "node(s) didn't have free ports for the requested pod ports", true);

/** A cordoned node takes only pods that tolerate the taint a cordon stands for. */
export const nodeUnschedulable: PrepareFilter = ({ pod }) => {
  const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
  if (!untoleratedTaint(pod.spec?.tolerations, [taint])) return undefined;
  return ({ node }) => (node.spec?.unschedulable ? cordoned : undefined);
};

export const nodeName: PrepareFilter = ({ pod }) => {
  const wanted = pod.spec?.nodeName;
  return wanted ? ({ name }) => (name === wanted ? undefined : otherName) : undefined;
};

export const taintToleration: PrepareFilter = ({ pod }) => {
  const tolerations = pod.spec?.tolerations;
  return ({ node }) => {
    const taints = node.spec?.taints;
    return taints && taints.length > 0 && untoleratedTaint(tolerations, taints) ? tainted : undefined;
  };
};

export const nodeAffinity: PrepareFilter = ({ pod }) => {
  const spec = pod.spec;
  if (!spec || (!spec.nodeSelector && !spec.affinity?.nodeAffinity)) return undefined;
  return ({ node }) => (matchesNodeAffinity(spec, node) ? undefined : unmatched);
};

export const nodePorts: PrepareFilter = ({ ports }) => {
  if (ports.length === 0) return undefined;
  return (node) => {
    for (const other of node.podsWithPorts)
      if (other.ports.some((held) => ports.some((port) => hostPortsConflict(port, held)))) return portTaken;
    return undefined;
  };
};

/** Requests against what is allocatable and not yet requested. Usage plays no part. */
export const nodeResourcesFit: PrepareFilter = ({ requests }) => {
  const others = [...requests.others].filter(([, amount]) => amount > 0);
  return (node) => {
    const { allocatable } = node;
    let reasons: string[] | undefined;
    let resolvable = true;
    if (node.pods.size + 1 > allocatable.pods) reasons = ['Too many pods'];
    check('cpu', requests.milliCpu, allocatable.milliCpu, node.usedMilliCpu);
    check('memory', requests.memory, allocatable.memory, node.usedMemory);
    check(
      'ephemeral-storage',
      requests.ephemeralStorage,
      allocatable.ephemeralStorage,
      node.usedEphemeralStorage,
    );
    for (const [name, amount] of others)
      check(name, amount, allocatable.others.get(name) ?? 0, node.usedOthers.get(name) ?? 0);
    return reasons && ({ filter: 'NodeResourcesFit', reasons, resolvable } satisfies Rejection);

    function check(name: string, wanted: number, capacity: number, used: number): void {
      if (wanted === 0 || wanted <= capacity - used) return;
      (reasons ??= []).push(`Insufficient ${name}`);
      if (wanted > capacity) resolvable = false;
    }
  };
};
