import type { Snapshot } from '#cluster.ts';
import type { FilterName, NodeFilter, PrepareFilter } from '#filters/filter.ts';
import { interPodAffinity } from '#filters/inter-pod-affinity.ts';
import {
  nodeAffinity,
  nodeName,
  nodePorts,
  nodeResourcesFit,
  nodeUnschedulable,
  taintToleration,
} from '#filters/node-filters.ts';
import { podTopologySpread } from '#filters/topology-spread.ts';
import { volumeBinding } from '#filters/volume-binding.ts';
import { nodeVolumeLimits } from '#filters/volume-limits.ts';
import { volumeRestrictions } from '#filters/volume-restrictions.ts';
import { volumeZone } from '#filters/volume-zone.ts';
import type { PodInfo } from '#pod-info.ts';

export type { FilterName, NodeFilter, Rejection } from '#filters/filter.ts';

/** In the order of kube-scheduler; the first that rejects a node names the reason. */
export const filtersByName: Readonly<Record<FilterName, PrepareFilter>> = {
  NodeUnschedulable: nodeUnschedulable,
  NodeName: nodeName,
  TaintToleration: taintToleration,
  NodeAffinity: nodeAffinity,
  NodePorts: nodePorts,
  NodeResourcesFit: nodeResourcesFit,
  VolumeRestrictions: volumeRestrictions,
  NodeVolumeLimits: nodeVolumeLimits,
  VolumeBinding: volumeBinding,
  VolumeZone: volumeZone,
  PodTopologySpread: podTopologySpread,
  InterPodAffinity: interPodAffinity,
};

/** Those that depend on nothing but the node itself. */
export const lastingFilters: readonly FilterName[] = [
  'NodeUnschedulable',
  'NodeName',
  'TaintToleration',
  'NodeAffinity',
];

const all = Object.values(filtersByName);
const lasting = lastingFilters.map((name) => filtersByName[name]);

export function prepareFilters(pod: PodInfo, snapshot: Snapshot): NodeFilter {
  return chain(pod.profile?.filters ?? all, pod, snapshot);
}

/** Whether a node could ever take the pod as both are, whatever else runs there. */
export function prepareLastingFilters(pod: PodInfo, snapshot: Snapshot): NodeFilter {
  return chain(pod.profile?.lasting ?? lasting, pod, snapshot);
}

function chain(prepared: readonly PrepareFilter[], pod: PodInfo, snapshot: Snapshot): NodeFilter {
  const filters: NodeFilter[] = [];
  for (const prepare of prepared) {
    const filter = prepare(pod, snapshot);
    if (filter) filters.push(filter);
  }
  return (node) => {
    for (const filter of filters) {
      const rejected = filter(node);
      if (rejected) return rejected;
    }
    return undefined;
  };
}
