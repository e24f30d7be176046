import type { Container, HostPort, OwnerReference, Pod, ResourceAmounts } from '@skerry/api';
import { containerRequests, hostPorts, podRequests, requiredNodeName, resourceAmounts } from '@skerry/api';
import type { AffinityTerms } from '#affinity-term.ts';
import { affinityTerms } from '#affinity-term.ts';
import type { Profile } from '#profile.ts';
import { claimNames, type ClaimName } from '#volumes/pod-claims.ts';

/**
 * A pod as the scheduler reads it again and again: quantities parsed, selectors compiled. Made once per revision of a pod
 * and never changed.
 */
export interface PodInfo {
  readonly pod: Pod;
  /** `namespace/name`. */
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly requests: Requests;
  /** As `requests`, with something assumed for containers that ask for nothing, so that they spread too. */
  readonly scored: { readonly milliCpu: number; readonly memory: number };
  readonly ports: readonly HostPort[];
  readonly affinity: AffinityTerms;
  readonly claims: readonly ClaimName[];
  /** The uid of what owns it and keeps equal pods up; '' without one. Those spread by default. */
  readonly controllerUid: string;
  /** The only node it may go to, for pods of DaemonSets. */
  readonly requiredNode: string | undefined;
  /** How it is placed; by the defaults without one. */
  readonly profile?: Profile;
}

/** What a pod takes of a node. Resources other than these three are in `others`. */
export interface Requests {
  readonly milliCpu: number;
  readonly memory: number;
  readonly ephemeralStorage: number;
  readonly others: ResourceAmounts;
}

const noOthers: ResourceAmounts = new Map();
const noPorts: readonly HostPort[] = [];
const assumedMilliCpu = 100;
const assumedMemory = 200 * 1024 * 1024;

export function podInfoOf(pod: Pod, profile?: Profile): PodInfo {
  const spec = pod.spec ?? { containers: [] };
  const { namespace = 'default', name = '', uid = '', labels = {} } = pod.metadata;
  const held = heldRequests(pod);
  const requests = requestsOf(podRequests(spec, held));
  const ports = hostPorts(spec);
  const scored = podRequests(spec, (container) => {
    const named = held(container);
    return new Map([
      ['cpu', named.get('cpu') ?? assumedMilliCpu],
      ['memory', named.get('memory') ?? assumedMemory],
    ]);
  });
  return {
    pod,
    key: `${namespace}/${name}`,
    uid,
    namespace,
    labels,
    priority: spec.priority ?? 0,
    requests,
    scored: { milliCpu: scored.get('cpu') ?? 0, memory: scored.get('memory') ?? 0 },
    ports: ports.length > 0 ? ports : noPorts,
    affinity: affinityTerms(pod),
    claims: claimNames(pod),
    controllerUid: spreadingOwner(pod)?.uid ?? '',
    requiredNode: requiredNodeName(spec),
    ...(profile ? { profile } : {}),
  };
}

/** Kinds whose pods kube-scheduler spreads unasked. Those of a Job go where there is most room. */
const spreadingKinds = ['ReplicationController', 'ReplicaSet', 'StatefulSet'];

function spreadingOwner({ metadata }: Pod): OwnerReference | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  return owner && spreadingKinds.includes(owner.kind) ? owner : undefined;
}

/**
 * While a pod is resized, each of its containers takes the most of what it asks for, what its node has taken on, and what holds.
 * https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/#how-pod-resource-resizing-affects-scheduling
 */
function heldRequests({ status }: Pod): (container: Container) => ResourceAmounts {
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  return (container) => {
    const asked = containerRequests(container);
    const known = statuses.find(({ name }) => name === container.name);
    if (!known?.allocatedResources && !known?.resources?.requests) return asked;
    const most = new Map(asked);
    for (const list of [known.allocatedResources, known.resources?.requests])
      for (const [name, amount] of resourceAmounts(list))
        most.set(name, Math.max(most.get(name) ?? 0, amount));
    return most;
  };
}

export function requestsOf(amounts: ResourceAmounts): Requests {
  const others = new Map(amounts);
  for (const name of ['cpu', 'memory', 'ephemeral-storage', 'pods']) others.delete(name);
  return {
    milliCpu: amounts.get('cpu') ?? 0,
    memory: amounts.get('memory') ?? 0,
    ephemeralStorage: amounts.get('ephemeral-storage') ?? 0,
    others: others.size > 0 ? others : noOthers,
  };
}
