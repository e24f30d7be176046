/**
 * What a NetworkPolicy comes to in each pool where it selects a pod; free of I/O.
 * Rules: https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
import { labelSelectorFrom } from '@skerry/api';
import type {
  IPBlock,
  LabelSelector,
  Namespace,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  Pod,
  PoolPolicyPeers,
  PoolPolicyPort,
  PoolPolicyRule,
  PoolPolicySpec,
} from '@skerry/api';
import { isFinished } from '#runtime/pods.ts';

export interface PolicyWorld {
  namespaces(): readonly Namespace[];
  /** Of one namespace, or of all. */
  pods(namespace?: string): readonly Pod[];
  /** Of a node; `''` where it is in none, undefined where there is no such node. */
  poolOf(node: string): string | undefined;
  /** Whether a Crossing lets the pods of two pools reach each other. */
  isCrossed(pool: string, other: string): boolean;
}

/** By pool. */
export function poolPolicies(policy: NetworkPolicy, world: PolicyWorld): Map<string, PoolPolicySpec> {
  const { metadata, spec = {} } = policy;
  const { name = '', namespace = '' } = metadata;
  const podSelector = spec.podSelector ?? {};
  const selected = labelSelectorFrom(podSelector);
  const pools = new Set<string>();
  for (const pod of world.pods(namespace)) {
    if (!hasPolicies(pod) || !selected.matches(pod.metadata.labels)) continue;
    const pool = world.poolOf(pod.spec?.nodeName ?? '');
    if (pool !== undefined) pools.add(pool);
  }
  const types = policyTypes(policy);
  const found = new Map<string, PoolPolicySpec>();
  for (const pool of pools) {
    const peersOf = (peers: readonly NetworkPolicyPeer[] | undefined) =>
      resolvePeers(peers, { namespace, pool, world });
    const ingress = (spec.ingress ?? []).map(({ from, ports }): PoolPolicyRule =>
      rule(portsOf(ports), peersOf(from)?.peers),
    );
    const egress = (spec.egress ?? []).flatMap(({ to, ports }) => egressRules(ports, peersOf(to)));
    found.set(pool, {
      policy: name,
      podSelector,
      ...(types.includes('Ingress') ? { ingress } : {}),
      ...(types.includes('Egress') ? { egress } : {}),
    });
  }
  return found;
}

/** Whether policies are about it: pods in their host's network have no address of their own. */
export function hasPolicies(pod: Pod): boolean {
  return !pod.spec?.hostNetwork && Boolean(pod.spec?.nodeName) && !isFinished(pod);
}

/** The API server fills them in; of older objects they are what it would fill in. */
function policyTypes({ spec }: NetworkPolicy): readonly string[] {
  return spec?.policyTypes ?? (spec?.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']);
}

interface Resolved {
  readonly peers: PoolPolicyPeers;
  readonly pods: readonly Pod[];
}

/** Undefined: anyone. */
function resolvePeers(
  peers: readonly NetworkPolicyPeer[] | undefined,
  { namespace, pool, world }: { namespace: string; pool: string; world: PolicyWorld },
): Resolved | undefined {
  if (!peers || peers.length === 0) return undefined;
  const blocks: IPBlock[] = [];
  const selectors: NonNullable<PoolPolicyPeers['selectors']> = [];
  const pods = new Set<Pod>();
  for (const { ipBlock, namespaceSelector, podSelector = {} } of peers) {
    if (ipBlock) {
      blocks.push(ipBlock);
      continue;
    }
    const namespaces = namespacesOf(namespaceSelector, namespace, world);
    const matches = labelSelectorFrom(podSelector);
    selectors.push({ ...(namespaces ? { namespaces } : {}), podSelector });
    for (const one of namespaces ?? [undefined]) {
      for (const pod of world.pods(one)) {
        if (hasPolicies(pod) && isReachable(pod, pool, world) && matches.matches(pod.metadata.labels)) {
          pods.add(pod);
        }
      }
    }
  }
  const addresses = [...pods].flatMap(addressesOf).toSorted((a, b) => (a < b ? -1 : 1));
  return {
    pods: [...pods],
    peers: {
      ...(addresses.length > 0 ? { addresses } : {}),
      ...(blocks.length > 0 ? { blocks } : {}),
      ...(selectors.length > 0 ? { selectors } : {}),
    },
  };
}

/** Undefined: all. */
function namespacesOf(
  selector: LabelSelector | undefined,
  own: string,
  world: PolicyWorld,
): string[] | undefined {
  if (!selector) return [own];
  const isEmpty = !Object.keys(selector.matchLabels ?? {}).length && !selector.matchExpressions?.length;
  if (isEmpty) return undefined;
  const matches = labelSelectorFrom(selector);
  return world
    .namespaces()
    .filter(({ metadata }) => matches.matches(metadata.labels))
    .map(({ metadata }) => metadata.name ?? '')
    .toSorted((a, b) => (a < b ? -1 : 1));
}

/** Addresses of pools that no packet comes from would only cost bytes. */
function isReachable(pod: Pod, pool: string, world: PolicyWorld): boolean {
  const of = world.poolOf(pod.spec?.nodeName ?? '');
  if (of === undefined) return false;
  return of === '' || pool === '' || of === pool || world.isCrossed(pool, of);
}

/** A name stands for another number in each pod that is reached: one rule per number, for the pods that have it. */
function egressRules(
  ports: readonly NetworkPolicyPort[] | undefined,
  resolved: Resolved | undefined,
): PoolPolicyRule[] {
  const named = (ports ?? []).filter(({ port }) => typeof port === 'string');
  const plain = (ports ?? []).filter(({ port }) => typeof port !== 'string');
  const rules =
    named.length === 0 || plain.length > 0
      ? [rule(portsOf(plain.length ? plain : ports), resolved?.peers)]
      : [];
  for (const { port, protocol = 'TCP' } of named) {
    const byNumber = new Map<number, string[]>();
    for (const pod of resolved?.pods ?? []) {
      const number = containerPort(pod, String(port), protocol);
      if (number !== undefined) byNumber.set(number, [...(byNumber.get(number) ?? []), ...addressesOf(pod)]);
    }
    for (const [number, addresses] of [...byNumber].toSorted(([a], [b]) => a - b)) {
      rules.push(
        rule([{ protocol: protocol as PoolPolicyPort['protocol'], port: number }], {
          addresses: addresses.toSorted((a, b) => (a < b ? -1 : 1)),
        }),
      );
    }
  }
  return rules;
}

export function containerPort({ spec }: Pod, name: string, protocol: string): number | undefined {
  for (const { ports } of [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]) {
    const found = ports?.find((one) => one.name === name && (one.protocol ?? 'TCP') === protocol);
    if (found) return found.containerPort;
  }
  return undefined;
}

function portsOf(ports: readonly NetworkPolicyPort[] | undefined): PoolPolicyPort[] | undefined {
  if (!ports || ports.length === 0) return undefined;
  return ports.map(({ protocol = 'TCP', port, endPort }) => ({
    protocol: protocol as PoolPolicyPort['protocol'],
    ...(typeof port === 'number' ? { port } : {}),
    ...(typeof port === 'string' ? { name: port } : {}),
    ...(endPort === undefined ? {} : { endPort }),
  }));
}

function rule(ports: PoolPolicyPort[] | undefined, peers: PoolPolicyPeers | undefined): PoolPolicyRule {
  return { ...(ports ? { ports } : {}), ...(peers ? { peers } : {}) };
}

function addressesOf({ status }: Pod): string[] {
  return status?.podIPs?.map(({ ip }) => ip) ?? (status?.podIP ? [status.podIP] : []);
}
