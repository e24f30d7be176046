import type { Snapshot } from '#cluster.ts';
import type { CycleWatch } from '#cycle-watch.ts';
import type { FilterName, NodeFilter, PrepareFilter, Rejection } from '#filters/filter.ts';
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
import type { NodeInfo } from '#node-info.ts';
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

const nameOf = new Map(Object.entries(filtersByName).map(([name, prepare]) => [prepare, name as FilterName]));
/** Those that kube-scheduler asks about nodes alone. */
const withoutPreFilter: readonly FilterName[] = ['NodeUnschedulable', 'NodeName', 'TaintToleration'];
/** Of each detailed cycle, nodes for which each filter is timed: all of thousands would slow what is measured. */
const timedNodesMax = 20;

export interface WatchedFilters {
  readonly filter: NodeFilter;
  /** Tells how often each plug-in was asked. */
  done(): void;
}

/** As `prepareFilters`, for the one who decides: each plug-in's part is told. */
export function watchFilters(pod: PodInfo, snapshot: Snapshot, watch: CycleWatch): WatchedFilters {
  const { names, filters } = prepareWatched(pod, snapshot, watch);
  /** By filter: nodes that it refused. Whoever comes after it was not asked about them. */
  const refused = filters.map(() => 0);
  let asked = 0;
  const timed = (node: NodeInfo): Rejection | undefined => {
    let sinceMs = watch.now();
    for (const [index, filter] of filters.entries()) {
      const rejected = filter(node);
      const nowMs = watch.now();
      const unresolvable = rejected?.resolvable === false;
      const status = unresolvable ? 'UnschedulableAndUnresolvable' : rejected ? 'Unschedulable' : 'Success';
      watch.plugin(names[index]!, 'Filter', status, nowMs - sinceMs);
      sinceMs = nowMs;
      if (!rejected) continue;
      refused[index]!++;
      return rejected;
    }
    return undefined;
  };
  return {
    filter(node) {
      if (asked++ < timedNodesMax && watch.isDetailed) return timed(node);
      for (let index = 0; index < filters.length; index++) {
        const rejected = filters[index]!(node);
        if (!rejected) continue;
        refused[index]!++;
        return rejected;
      }
      return undefined;
    },
    done() {
      let left = asked;
      for (const [index, name] of names.entries()) {
        watch.evaluated(name, 'Filter', left);
        left -= refused[index]!;
      }
    },
  };
}

function prepareWatched(pod: PodInfo, snapshot: Snapshot, watch: CycleWatch) {
  const names: FilterName[] = [];
  const filters: NodeFilter[] = [];
  const startedMs = watch.now();
  let sinceMs = startedMs;
  for (const prepare of pod.profile?.filters ?? all) {
    const filter = prepare(pod, snapshot);
    const name = nameOf.get(prepare)!;
    const hasPreFilter = !withoutPreFilter.includes(name);
    if (watch.isDetailed) {
      const nowMs = watch.now();
      if (hasPreFilter) watch.plugin(name, 'PreFilter', filter ? 'Success' : 'Skip', nowMs - sinceMs);
      sinceMs = nowMs;
    }
    if (!filter) continue;
    if (hasPreFilter) watch.evaluated(name, 'PreFilter', 1);
    names.push(name);
    filters.push(filter);
  }
  watch.point('PreFilter', 'Success', watch.now() - startedMs);
  return { names, filters };
}
