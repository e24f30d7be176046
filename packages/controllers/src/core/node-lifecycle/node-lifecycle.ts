/**
 * Watches over nodes: one that gives no sign of life for the grace period has its conditions set to Unknown, taints follow
 * conditions, pods of a node that is not ready are no longer ready, and what is silent is said to be disconnected (`connection.ts`).
 *
 * A node is declared lost only after its Lease has been read afresh from the API server, and never for a time in which
 * this process or the API server was itself away.
 * Rules: https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller
 */
import { isApiError } from '@skerry/api';
import type { Lease, Node, NodeCondition, PeerWord, Pod } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { TransportError } from '@skerry/client';
import { describeError } from '@skerry/base';
import { isSame } from '#runtime/canonical.ts';
import { nodeNumbers } from '#core/node-lifecycle/node-numbers.ts';
import { numbersOf } from '#runtime/numbers.ts';
import { createController, createPeriodic, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import { isFinished, isReady } from '#runtime/pods.ts';
import { timestamp, writeStatus } from '#runtime/status.ts';
import { nodePoolLabel } from '#edge/node-pool/definition.ts';
import { connectionOf } from '#core/node-lifecycle/connection.ts';
import { peerWordOf, verdictOn } from '#core/node-lifecycle/peer-verdict.ts';
import { Liveness } from '#core/node-lifecycle/liveness.ts';
import { desiredTaints, hasEvictTaint, noExecuteKey, readyStatus } from '#core/node-lifecycle/taints.ts';
import type { Eviction } from '#core/node-lifecycle/taints.ts';
import { EvictionPace, zoneOf, type EvictionRates } from '#core/node-lifecycle/zones.ts';

export interface NodeLifecycleSettings {
  /** Silence after which a node is Unknown; 50 s unless told. */
  readonly nodeMonitorGracePeriodMs?: number;
  /** How often that is looked at; 5 s unless told. */
  readonly nodeMonitorPeriodMs?: number;
  /** Silence after which a node that has never said how it is is Unknown; a minute unless told. */
  readonly nodeStartupGracePeriodMs?: number;
  readonly nodeEviction?: EvictionRates;
}

/** As many nodes as kube-controller-manager looks at at a time. */
const nodesAtOnceMax = 8;
const conflictsMax = 5;
const leaseNamespace = 'kube-node-lease';
const reportedConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

export function createNodeLifecycleController(
  context: ControllerContext,
  {
    nodeMonitorGracePeriodMs = 50_000,
    nodeMonitorPeriodMs: monitorEveryMs = 5_000,
    nodeStartupGracePeriodMs: startupGraceMs = 60_000,
    nodeEviction,
  }: NodeLifecycleSettings = {},
): Controller {
  const { client, informers, clock, events } = context;
  const nodes = informers.informer<Node>(resources.nodes);
  const leases = informers.informer<Lease>(resources.leases, { namespace: leaseNamespace });
  const pods = informers.informer<Pod>(resources.pods);
  nodes.addIndex('pool', ({ metadata }) => {
    const pool = metadata.labels?.[nodePoolLabel];
    return pool ? [pool] : [];
  });
  pods.addIndex('node', ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []));
  const nodeClient = client.resource<Node>(resources.nodes);
  const leaseClient = client.resource<Lease>(resources.leases);
  const liveness = new Liveness(clock);
  const pace = new EvictionPace(clock, nodeEviction);
  const queue = createQueue(context);
  const numbers = numbersOf(context, nodeNumbers);
  numbers.follow(nodes);
  const secondsSince = (startedMs: number) => (clock.monotonic() - startedMs) / 1000;
  let movedAtMs: number | undefined;
  let heardAtMs: number | undefined;

  nodes.addHandler({
    onAdd(node) {
      queue.add(keyOf(node));
      const { name } = node.metadata;
      const message = `Node ${name} event: Registered Node ${name} in Controller`;
      events.record(node, { type: 'Normal', reason: 'RegisteredNode', message });
    },
    onUpdate(node, old) {
      queue.add(keyOf(node));
      followWords(node, old);
    },
    onDelete(node) {
      const { name } = node.metadata;
      const message = `Node ${name} event: Removing Node ${name} from Controller`;
      events.record(node, { type: 'Normal', reason: 'RemovingNode', message });
    },
  });

  /** Whether others of the pool are dead hangs on who has a link, and on what those say. */
  function followWords(node: Node, old: Node): void {
    const said = ({ silent, heard }: PeerWord) => [...silent, ...heard];
    for (const name of [...said(peerWordOf(node)), ...said(peerWordOf(old))])
      if (nodes.get(undefined, name)) queue.add(name);
    if (readyStatus(node) === readyStatus(old)) return;
    for (const member of membersOf(node)) if (readyStatus(member) === 'Unknown') queue.add(keyOf(member));
  }

  function membersOf({ metadata }: Node): Node[] {
    const pool = metadata.labels?.[nodePoolLabel];
    return pool ? nodes.byIndex('pool', pool) : [];
  }

  /** Conditions and evictions: what depends on time and on all nodes together. */
  const monitor = createPeriodic({
    name: 'node-lifecycle-controller',
    context,
    waitFor: [nodes, leases, pods],
    everyMs: monitorEveryMs,
    async visit() {
      forgiveStall(monitorEveryMs);
      if (!(await isServerThere())) return;
      const startedMs = clock.monotonic();
      const all = nodes.list();
      liveness.keepOnly(new Set(all.map(({ metadata }) => metadata.name ?? '')));
      const current = await inTurns(all, async (node) => {
        const oneMs = clock.monotonic();
        const checked = await checkSilence(node).catch((error: unknown) => notJudged(node, error));
        numbers.judged(secondsSince(oneMs));
        forgiveStall(0);
        return checked;
      });
      pace.observe(current);
      for (const node of current) await checkEviction(node).catch((error: unknown) => notJudged(node, error));
      numbers.judgedAll(secondsSince(startedMs));
      movedAtMs = clock.monotonic();
    },
  });

  /** Taints and pods: what follows from one node. */
  const follower = createController({
    name: 'node-taint-controller',
    context,
    waitFor: [nodes, pods],
    queue,
    async reconcile(key) {
      const seen = nodes.get(undefined, key);
      if (!seen) return undefined;
      const node = await writeTaints(seen, { evict: 'as-it-is' });
      if (!node) return undefined;
      // One that says itself that it is not ready is there, and speaks for its pods.
      if (readyStatus(node) === 'Unknown') await markPodsNotReady(node);
      return writeConnection(node);
    },
  });

  async function writeConnection(node: Node): Promise<Requeue | undefined> {
    const { conditions, changesAtMs } = connectionOf(node, clock.now(), verdictOn(node, membersOf(node)));
    await writeStatus<Node>(client, resources.nodes, node, { ...node.status, conditions: [...conditions] });
    return changesAtMs === undefined ? undefined : { afterMs: Math.max(changesAtMs - clock.now(), 0) };
  }

  /** The others are silent all the same; this one is looked at again on the next visit. */
  function notJudged(node: Node, error: unknown): Node {
    context.log.warn('node not judged', { node: node.metadata.name, error: describeError(error) });
    return node;
  }

  /**
   * Time in which nothing here moved, beyond the pause that was due, counts for nobody. Work does not stand still: what writing
   * thousands of nodes off takes is not given back to the others that are silent.
   */
  function forgiveStall(pauseMs: number): void {
    const nowMs = clock.monotonic();
    const stallMs = nowMs - (movedAtMs ?? nowMs) - pauseMs;
    if (stallMs > monitorEveryMs) liveness.forgive(stallMs);
    movedAtMs = nowMs;
  }

  async function isServerThere(): Promise<boolean> {
    try {
      await client.resource(resources.namespaces).get(leaseNamespace);
    } catch (error) {
      if (error instanceof TransportError || (isApiError(error) && error.code >= 500)) return false;
    }
    const nowMs = clock.monotonic();
    const awayMs = nowMs - (heardAtMs ?? nowMs);
    heardAtMs = nowMs;
    // Machines need time to come back as well, so a longer absence gives everyone a new grace period.
    if (awayMs > 2 * monitorEveryMs) liveness.forgive(Infinity);
    return true;
  }

  /** The node as it is after that. */
  async function checkSilence(node: Node): Promise<Node> {
    const name = node.metadata.name ?? '';
    const silentMs = liveness.observe(node, leases.get(leaseNamespace, name));
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
    const graceMs = ready ? nodeMonitorGracePeriodMs : startupGraceMs;
    if (silentMs <= graceMs || ready?.status === 'Unknown') return node;
    const lease = await leaseClient.get(name, { namespace: leaseNamespace }).catch((error: unknown) => {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    });
    // Who answers while thousands are written off has not been away.
    heardAtMs = clock.monotonic();
    if (liveness.observe(node, lease) <= graceMs) return node;
    return declareUnknown(node);
  }

  async function declareUnknown(node: Node): Promise<Node> {
    const now = timestamp(clock.now());
    const conditions = new Map((node.status?.conditions ?? []).map((one) => [one.type, one]));
    for (const type of reportedConditions) {
      const old = conditions.get(type);
      if (old?.status === 'Unknown') continue;
      const unknown: NodeCondition = {
        type,
        status: 'Unknown',
        reason: old ? 'NodeStatusUnknown' : 'NodeStatusNeverUpdated',
        message: old ? 'Kubelet stopped posting node status.' : 'Kubelet never posted node status.',
        lastHeartbeatTime: old?.lastHeartbeatTime ?? node.metadata.creationTimestamp,
        lastTransitionTime: now,
      };
      conditions.set(type, unknown);
    }
    // In one write: that it is silent and what follows from that for its pods.
    const silent = { ...node, status: { ...node.status, conditions: [...conditions.values()] } };
    const verdict = verdictOn(silent, membersOf(silent));
    const status = {
      ...silent.status,
      conditions: [...connectionOf(silent, clock.now(), verdict).conditions],
    };
    const declared = await nodeClient.update({ ...node, status }, { subresource: 'status' });
    if (readyStatus(node) === 'True') {
      const message = `Node ${node.metadata.name} status is now: NodeNotReady`;
      events.record(node, { type: 'Normal', reason: 'NodeNotReady', message });
    }
    return declared;
  }

  async function checkEviction(node: Node): Promise<void> {
    if (!noExecuteKey(node)) return;
    if (pace.isEverythingSilent) {
      if (hasEvictTaint(node)) await writeTaints(node, { evict: 'never' });
    } else if (!hasEvictTaint(node) && pace.take(zoneOf(node))) {
      await empty(node);
    }
  }

  /** What follows from its condition is written at the same time; a turn that was taken must not be lost to that. */
  async function empty(node: Node): Promise<void> {
    let current = node;
    for (let attempt = 1; ; attempt++) {
      try {
        await writeTaints(current, { evict: 'now' });
        numbers.emptied(current);
        return;
      } catch (error) {
        if (!isApiError(error, 'Conflict') || attempt === conflictsMax) throw error;
      }
      current = await nodeClient.get(node.metadata.name ?? '');
      if (!noExecuteKey(current)) return;
    }
  }

  /** The node as it is after that; undefined where it has gone. What is written next is written to that one, and meets no conflict. */
  async function writeTaints(node: Node, { evict }: { evict: Eviction }): Promise<Node | undefined> {
    const taints = desiredTaints(node, { evict, nowMs: clock.now() });
    if (isSame(taints, node.spec?.taints ?? [])) return node;
    const { name = '', uid, resourceVersion } = node.metadata;
    const patch = { metadata: { uid, resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } };
    return nodeClient.patch(name, patch, { type: 'merge' }).catch((error: unknown) => {
      if (!isApiError(error, 'NotFound')) throw error;
      return undefined;
    });
  }

  async function markPodsNotReady(node: Node): Promise<void> {
    const podClient = client.resource<Pod>(resources.pods);
    for (const pod of pods.byIndex('node', node.metadata.name ?? '')) {
      if (!isReady(pod) || isFinished(pod)) continue;
      const conditions = (pod.status?.conditions ?? []).map((condition) =>
        condition.type === 'Ready'
          ? { ...condition, status: 'False', lastTransitionTime: timestamp(clock.now()) }
          : condition,
      );
      const changed: Pod = { ...pod, status: { ...pod.status, conditions } };
      await podClient.update(changed, { subresource: 'status' }).catch((error: unknown) => {
        if (!isApiError(error, 'NotFound')) throw error;
      });
      events.record(pod, { type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' });
    }
  }

  return {
    name: monitor.name,
    queue,
    async run(signal) {
      await Promise.all([monitor.run(signal), follower.run(signal)]);
    },
  };
}

/** All of them, some at a time; answers in their order. */
async function inTurns<T, R>(all: readonly T[], visit: (one: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  const rest = all.entries();
  const worker = async () => {
    for (const [index, one] of rest) answers[index] = await visit(one);
  };
  await Promise.all(Array.from({ length: nodesAtOnceMax }, worker));
  return answers;
}
