import {
  hostPortsConflict,
  lacksPodNetwork,
  matchesNodeAffinity,
  matchesNodeSelector,
  untoleratedTaint,
} from '@skerry/api';
import type { PrepareFilter, Rejection } from '#filters/filter.ts';
import { rejection } from '#filters/filter.ts';
import { defaultArguments } from '#profile.ts';

const cordoned = rejection('NodeUnschedulable', 'node(s) were unschedulable', false);
const otherName = rejection('NodeName', "node(s) didn't match the requested node name", false);
const tainted = rejection('TaintToleration', 'node(s) had untolerated taint(s)', false);
const unmatched = rejection('NodeAffinity', "node(s) didn't match Pod's node affinity/selector", false);
const unenforced = rejection('NodeAffinity', "node(s) didn't match scheduler-enforced node affinity", false);
/** Told under the name of the filter that reads labels of nodes: what wakes the pod is the same. */
const withoutNetwork = rejection(
  'NodeAffinity',
  'node(s) had no pod network (node pool with hostNetwork)',
  false,
);
const portTaken = rejection('NodePorts', "node(s) didn't have free ports for the requested pod ports", true);

/** A cordoned node takes only pods that tolerate the taint a cordon stands for. */
export const nodeUnschedulable: PrepareFilter = ({ pod }) => {
  const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
  if (!untoleratedTaint(pod.spec?.tolerations, [taint])) return undefined;
  return ({ unschedulable }) => (unschedulable ? cordoned : undefined);
};

export const nodeName: PrepareFilter = ({ pod }) => {
  const wanted = pod.spec?.nodeName;
  return wanted ? ({ name }) => (name === wanted ? undefined : otherName) : undefined;
};

export const taintToleration: PrepareFilter = ({ pod }) => {
  const tolerations = pod.spec?.tolerations;
  return ({ taints }) => (taints.length > 0 && untoleratedTaint(tolerations, taints) ? tainted : undefined);
};

export const nodeAffinity: PrepareFilter = ({ pod, profile }) => {
  const spec = pod.spec;
  const added = profile?.arguments.addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!spec || (spec.hostNetwork && !added && !spec.nodeSelector && !spec.affinity?.nodeAffinity))
    return undefined;
  return ({ node }) => {
    if (lacksPodNetwork(spec, node)) return withoutNetwork;
    if (added && !matchesNodeSelector(added, node)) return unenforced;
    return matchesNodeAffinity(spec, node) ? undefined : unmatched;
  };
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
export const nodeResourcesFit: PrepareFilter = ({ requests, profile }) => {
  const { ignoredResources, ignoredResourceGroups } = profile?.arguments ?? defaultArguments;
  const isIgnored = (name: string) =>
    ignoredResources.has(name) || ignoredResourceGroups.has(name.split('/', 1)[0] ?? '');
  const others = [...requests.others].filter(([name, amount]) => amount > 0 && !isIgnored(name));
  const names = ['cpu', 'memory', 'ephemeral-storage', ...others.map(([name]) => name)];
  const { milliCpu, memory, ephemeralStorage } = requests;
  // Thousands of nodes refuse for few combinations of reasons: each is made once.
  const known = new Map<string, Rejection>();
  return (node) => {
    const { allocatable } = node;
    const full = node.pods.size + 1 > allocatable.pods;
    let lacking: number[] | undefined;
    let resolvable = true;
    check(0, milliCpu, allocatable.milliCpu, node.usedMilliCpu);
    check(1, memory, allocatable.memory, node.usedMemory);
    check(2, ephemeralStorage, allocatable.ephemeralStorage, node.usedEphemeralStorage);
    for (let i = 0; i < others.length; i++) {
      const [name, amount] = others[i]!;
      check(3 + i, amount, allocatable.others.get(name) ?? 0, node.usedOthers.get(name) ?? 0);
    }
    return full || lacking ? refusal() : undefined;

    function check(index: number, wanted: number, capacity: number, used: number): void {
      if (wanted === 0 || wanted <= capacity - used) return;
      (lacking ??= []).push(index);
      if (wanted > capacity) resolvable = false;
    }

    function refusal(): Rejection {
      const key = `${full} ${resolvable} ${lacking?.join(' ')}`;
      let refused = known.get(key);
      if (!refused) {
        const reasons = (lacking ?? []).map((index) => `Insufficient ${names[index]}`);
        if (full) reasons.unshift('Too many pods');
        known.set(key, (refused = { filter: 'NodeResourcesFit', reasons, resolvable }));
      }
      return refused;
    }
  };
};
