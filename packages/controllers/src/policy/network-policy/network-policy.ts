/** Keeps, for every NetworkPolicy, what each pool where it selects pods has to know of it. */
import { isApiError, labelSelectorFrom, type Selector } from '@skerry/api';
import type { Crossing, Namespace, NetworkPolicy, Node, Pod, PoolPolicy, PoolPolicySpec } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { nodePoolLabel } from '#edge/node-pool/definition.ts';
import { hashName, isSame } from '#runtime/canonical.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { ownerReferenceTo } from '#runtime/ownership.ts';
import { splitKey } from '#runtime/status.ts';
import { hasPolicies, poolPolicies, type PolicyWorld } from '#policy/network-policy/pool-policies.ts';

/** Pods come and go together; waiting a moment saves most of the writes. */
const batchMs = 50;
const nameLengthMax = 253 - 11;

/** Whom a policy asks about, without the labels of namespaces: a first sieve for changes of pods. */
interface Interest {
  readonly policy: NetworkPolicy;
  readonly selected: Selector;
  /** `anywhere`: in namespaces that a selector names, which may be any. */
  readonly peers: readonly { readonly matches: Selector; readonly anywhere: boolean }[];
}

export function createNetworkPolicyController(context: ControllerContext): Controller {
  const queue = createQueue(context);
  const { client, informers } = context;
  const policies = informers.informer<NetworkPolicy>(resources.networkPolicies);
  const pods = informers.informer<Pod>(resources.pods);
  const namespaces = informers.informer<Namespace>(resources.namespaces);
  const nodes = informers.informer<Node>(resources.nodes);
  const crossings = informers.informer<Crossing>(resources.crossings);
  crossings.addIndex('pool', ({ spec }) => spec.pools ?? []);
  const derived = informers.informer<PoolPolicy>(resources.poolPolicies);
  derived.addIndex('policy', ({ metadata, spec }) => [`${metadata.namespace}/${spec.policy}`]);
  const derivedClient = client.resource<PoolPolicy>(resources.poolPolicies);
  const interests = new Map<string, Interest>();

  const world: PolicyWorld = {
    namespaces: () => namespaces.list(),
    pods: (namespace) => pods.list(namespace),
    poolOf: (node) => {
      const found = nodes.get(undefined, node);
      return found && (found.metadata.labels?.[nodePoolLabel] ?? '');
    },
    isCrossed: (pool, other) =>
      crossings.byIndex('pool', pool).some(({ spec }) => spec.pools.includes(other)),
  };

  const follow = (policy: NetworkPolicy) => {
    interests.set(keyOf(policy), interestOf(policy));
    queue.add(keyOf(policy));
  };
  policies.addHandler({
    onAdd: follow,
    onUpdate: follow,
    onDelete(policy) {
      interests.delete(keyOf(policy));
      queue.add(keyOf(policy));
    },
  });
  const enqueueFor = (pod: Pod) => {
    for (const [key, interest] of interests) if (concerns(interest, pod)) queue.addAfter(key, batchMs);
  };
  pods.addHandler({
    onAdd: enqueueFor,
    onDelete: enqueueFor,
    onUpdate(pod, old) {
      if (!isSame(factsOf(pod), factsOf(old))) {
        enqueueFor(old);
        enqueueFor(pod);
      }
    },
  });
  const enqueueSelecting = () => {
    for (const [key, { peers }] of interests)
      if (peers.some(({ anywhere }) => anywhere)) queue.addAfter(key, batchMs);
  };
  namespaces.addHandler({
    onAdd: enqueueSelecting,
    onDelete: enqueueSelecting,
    onUpdate: (namespace, old) =>
      isSame(namespace.metadata.labels, old.metadata.labels) ? undefined : enqueueSelecting(),
  });
  const poolLabelOf = ({ metadata }: Node) => metadata.labels?.[nodePoolLabel];
  const enqueueAll = () => {
    for (const key of interests.keys()) queue.addAfter(key, batchMs);
  };
  nodes.addHandler({
    onAdd: enqueueAll,
    onDelete: enqueueAll,
    onUpdate: (node, old) => (poolLabelOf(node) === poolLabelOf(old) ? undefined : enqueueAll()),
  });
  crossings.addHandler({ onAdd: enqueueAll, onUpdate: enqueueAll, onDelete: enqueueAll });
  derived.addHandler({
    onDelete: ({ metadata, spec }) => queue.addAfter(`${metadata.namespace}/${spec.policy}`, batchMs),
  });

  async function write(policy: NetworkPolicy, pool: string, spec: PoolPolicySpec): Promise<void> {
    const { namespace } = policy.metadata;
    const name = derivedName(spec.policy, pool);
    const existing = derived.get(namespace, name);
    if (existing && isSame(existing.spec, spec)) return;
    const labels: Record<string, string> = pool === '' ? {} : { [nodePoolLabel]: pool };
    const metadata = {
      name,
      namespace,
      labels,
      ownerReferences: [ownerReferenceTo(policy, resources.networkPolicies)],
    };
    if (existing) await derivedClient.update({ ...existing, spec });
    else
      await derivedClient.create({
        apiVersion: 'network.skerry.io/v1alpha1',
        kind: 'PoolPolicy',
        metadata,
        spec,
      });
  }

  return createController({
    name: 'network-policy-controller',
    context,
    waitFor: [policies, pods, namespaces, nodes, crossings, derived],
    queue,
    async reconcile(key) {
      const { namespace = '', name } = splitKey(key);
      const policy = policies.get(namespace, name);
      const wanted = policy ? poolPolicies(policy, world) : new Map<string, PoolPolicySpec>();
      if (policy) for (const [pool, spec] of wanted) await write(policy, pool, spec);
      for (const { metadata } of derived.byIndex('policy', key)) {
        if (wanted.has(metadata.labels?.[nodePoolLabel] ?? '')) continue;
        await derivedClient
          .delete(metadata.name ?? '', { namespace, preconditions: { uid: metadata.uid } })
          .catch((error: unknown) => {
            if (!isApiError(error, 'NotFound')) throw error;
          });
      }
    },
  });
}

function interestOf(policy: NetworkPolicy): Interest {
  const { podSelector, ingress = [], egress = [] } = policy.spec ?? {};
  const peers = [...ingress.flatMap(({ from = [] }) => from), ...egress.flatMap(({ to = [] }) => to)];
  return {
    policy,
    selected: labelSelectorFrom(podSelector ?? {}),
    peers: peers
      .filter(({ ipBlock }) => !ipBlock)
      .map((peer) => ({
        matches: labelSelectorFrom(peer.podSelector ?? {}),
        anywhere: peer.namespaceSelector !== undefined,
      })),
  };
}

function concerns({ policy, selected, peers }: Interest, { metadata }: Pod): boolean {
  const isHere = metadata.namespace === policy.metadata.namespace;
  if (isHere && selected.matches(metadata.labels)) return true;
  return peers.some(({ matches, anywhere }) => (anywhere || isHere) && matches.matches(metadata.labels));
}

/** All of a pod that policies ask about. */
function factsOf(pod: Pod) {
  const { metadata, spec, status } = pod;
  return [metadata.labels, spec?.nodeName, status?.podIPs, status?.podIP, hasPolicies(pod)];
}

function derivedName(policy: string, pool: string): string {
  return `${policy.slice(0, nameLengthMax)}-${hashName([policy, pool])}`;
}
