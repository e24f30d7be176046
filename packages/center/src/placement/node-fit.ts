/**
 * Whether a pod would fit a node, by the predicates that the scheduler goes by, in its order and its words. Affinity to other
 * pods is weighed beside it; spreading and volumes are left out: they change with each pod that is placed.
 */
import {
  daemonTolerations,
  hostPorts,
  hostPortsConflict,
  insufficientResources,
  matchesNodeAffinity,
  podRequests,
  untoleratedTaint,
  type HostPort,
  type PodSpec,
  type ResourceAmounts,
} from '@skerry/api';
import type { NodeFacts } from '#cache/facts.ts';

/** What a node holds already. */
export interface NodeUse {
  readonly requested: ResourceAmounts;
  readonly pods: number;
  /** Only asked for where the pod takes ports of its node. */
  readonly hostPorts: () => readonly HostPort[];
}

/** Why it doesn't fit; nothing where it does. */
export type NodeFit = (node: NodeFacts, use: NodeUse) => readonly string[];

const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** @throws QuantityError for requests that are no quantities */
export function nodeFit(spec: PodSpec, { daemonSet = false }: { daemonSet?: boolean } = {}): NodeFit {
  const requests = podRequests(spec);
  return lastingOr(spec, { daemonSet, requests, ports: hostPorts(spec) });
}

/** The same without what other pods take of the node: whether it could take the pod once they are gone. */
export function nodeFitOnceFree(spec: PodSpec, requests: ResourceAmounts): NodeFit {
  const lasting = lastingOr(spec, { daemonSet: false, requests, ports: [] });
  return (node) => lasting(node, empty);
}

const empty: NodeUse = { requested: new Map(), pods: 0, hostPorts: () => [] };

function lastingOr(
  spec: PodSpec,
  {
    daemonSet,
    requests,
    ports,
  }: { daemonSet: boolean; requests: ResourceAmounts; ports: readonly HostPort[] },
): NodeFit {
  const own = spec.tolerations ?? [];
  const tolerations = daemonSet
    ? [...own, ...daemonTolerations({ hostNetwork: spec.hostNetwork ?? false })]
    : own;
  const takesCordoned = !untoleratedTaint(tolerations, [cordon]);
  return ({ node, allocatable }, use) => {
    if (node.spec?.unschedulable && !takesCordoned) return ['node(s) were unschedulable'];
    if (spec.nodeName && spec.nodeName !== node.metadata.name)
      return ["node(s) didn't match the requested node name"];
    if (untoleratedTaint(tolerations, node.spec?.taints)) return ['node(s) had untolerated taint(s)'];
    if (!matchesNodeAffinity(spec, node)) return ["node(s) didn't match Pod's node affinity/selector"];
    if (
      ports.length > 0 &&
      use.hostPorts().some((held) => ports.some((port) => hostPortsConflict(port, held)))
    )
      return ["node(s) didn't have free ports for the requested pod ports"];
    const used = new Map([...use.requested, ['pods', use.pods]]);
    return insufficientResources(requests, { allocatable, used }).map((name) =>
      name === 'pods' ? 'Too many pods' : `Insufficient ${name}`,
    );
  };
}
