/**
 * Keeps this machine's Node object: registers it, and reports its status when it changes and every five minutes. The
 * pod network follows the Node's pod CIDR. The Lease is renewed here only where no link does it.
 * https://kubernetes.io/docs/concepts/architecture/nodes/
 */
import { ApiError, isApiError, type Lease, type Node, type NodeStatus } from '@skerry/api';
import { Informer, resources, type ApiClient, type EventRecorder, type ResourceClient } from '@skerry/client';
import { Backoff, describeError, sleep, type Clock, type Logger } from '@skerry/base';
import type { MachineFacts } from '#machine/facts.ts';
import type { Pressure } from '#machine/pressure.ts';
import { readPodCidrs, removeCniConfig, writeCniConfig } from '#network/cni-config.ts';
import type { PacketFilter } from '#network/packet-filter.ts';
import { ownNetwork, type NodePodNetwork } from '#network/pod-network.ts';
import {
  addressReasons,
  isAddressReason,
  newNode,
  nodeStatus,
  standardLabels,
  type NodeIdentity,
} from '#node/node-object.ts';
import { addressesUsedUp } from '#network/pod-addresses.ts';
import type { DeviceManager } from '#pods/context.ts';
import { equalButForNulls } from '#pods/status-patch.ts';
import type { RuntimeObserver } from '#pods/observer.ts';
import type { ContainerRuntime, RuntimeVersion } from '#runtime.ts';
import { watchLifeMs } from '#watch-life.ts';

export interface NodeKeeperOptions {
  readonly client: ApiClient;
  readonly runtime: ContainerRuntime;
  readonly observer: Pick<RuntimeObserver, 'silentMs'>;
  readonly recorder: EventRecorder;
  readonly identity: NodeIdentity;
  readonly machine: MachineFacts;
  readonly addresses: () => readonly string[];
  readonly version: string;
  readonly podsMax: number;
  readonly devices?: DeviceManager;
  /** What runs short now. */
  readonly pressure: () => Promise<Pressure>;
  /** Where the pod network's configuration goes; none is written where absent. */
  readonly network?: NodePodNetwork;
  /** Packet rules of the pod network. */
  readonly packetFilter?: Pick<PacketFilter, 'setPodCidrs' | 'withdraw'>;
  readonly renewLease: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

const lookMs = 10_000;
const unreadyLookMs = 1_000;
const reportMs = 5 * 60_000;
const reportGapMs = 1_000;
const leaseSeconds = 40;
const leaseRenewMs = 10_000;
/** The runtime may be silent for so long before its node counts as broken. */
const silentMaxMs = 180_000;

export class NodeKeeper {
  readonly #options: NodeKeeperOptions;
  readonly #nodes: ResourceClient<Node>;
  readonly #informer: Informer<Node>;
  #runtimeVersion: RuntimeVersion | undefined;
  #networkFault: string | undefined = 'container runtime status check may not have completed yet';
  #runtimeFault: string | undefined;
  #addressesUsedUp: string | undefined;
  /** Why pods can't have the network that is planned for them. */
  #planFault: string | undefined;
  /** Why this node has no network for pods, which is no fault of it. */
  #noPodNetwork: string | undefined;
  #sent: { readonly status: NodeStatus; readonly atMs: number } | undefined;
  /** What the API holds, as far as is known: the answer to the last report, or what the informer saw since. */
  #held: NodeStatus | undefined;
  #registered = false;
  #wake: (() => void) | undefined;
  #again = false;

  constructor(options: NodeKeeperOptions) {
    this.#options = options;
    this.#nodes = options.client.resource<Node>(resources.nodes);
    this.#informer = new Informer<Node>({
      watchLifeMs,
      source: this.#nodes,
      name: 'nodes',
      scope: { fieldSelector: `metadata.name=${options.identity.name}` },
      clock: options.clock,
      log: options.log,
      random: options.random,
    });
    this.#informer.addHandler({
      onAdd: (node) => this.#onAdd(node),
      onUpdate: (node, old) => this.#onUpdate(node, old),
    });
    options.devices?.onChange(() => this.look());
  }

  /** Prefix of container ids. */
  get runtimeName(): string {
    return this.#runtimeVersion?.name ?? 'containerd';
  }

  /** Why pods get no network now. */
  get networkFault(): string | undefined {
    return this.#noPodNetwork ?? this.#planFault ?? this.#networkFault;
  }

  get node(): Node | undefined {
    return this.#informer.get(undefined, this.#options.identity.name);
  }

  /** Where pods have their addresses from: of the node's ranges, those of families that the machine speaks. */
  get podCidrs(): readonly string[] {
    const { podCIDRs, podCIDR } = this.node?.spec ?? {};
    const ranges = podCIDRs ?? (podCIDR ? [podCIDR] : []);
    const hasIpv6 = this.#options.network?.hasIpv6 ?? true;
    return ranges.filter((range) => hasIpv6 || !range.includes(':'));
  }

  /** Calls back whenever the Node that the API has is another than before. */
  onChange(changed: () => void): void {
    this.#informer.addHandler({ onAdd: changed, onUpdate: changed });
  }

  async run(signal: AbortSignal): Promise<void> {
    // The pod network and the runtime's state don't wait for the API: pods come back while it is out of reach.
    const parts = [this.#register(signal), this.#informer.run(signal), this.#keepStatus(signal)];
    if (this.#options.renewLease) parts.push(this.#keepLease(signal));
    await Promise.all(parts);
  }

  /** Looks soon, instead of when it is next due. */
  look(): void {
    this.#again = true;
    this.#wake?.();
  }

  #onAdd(node: Node): void {
    this.#held = node.status;
    this.look();
  }

  /** The center writes conditions of a node that it has lost; only the node itself can take that back. */
  #onUpdate(node: Node, old: Node): void {
    this.#held = node.status;
    const isOverruled =
      this.#sent !== undefined &&
      !equalButForNulls(ownConditions(this.#sent.status), ownConditions(node.status));
    // Where a server makes something else of each report, the regular look is soon enough.
    const isFresh = this.#sent && this.#options.clock.monotonic() - this.#sent.atMs < reportGapMs;
    if (node.spec?.podCIDR !== old.spec?.podCIDR || (isOverruled && !isFresh)) this.look();
  }

  async #register(signal: AbortSignal): Promise<void> {
    const { clock, log, random, identity } = this.#options;
    const backoff = new Backoff({ baseMs: 200, maxMs: 7_000, jitter: 0.3, random });
    while (!signal.aborted) {
      try {
        await this.#registerOnce();
        log.info('node registered', { node: identity.name });
        this.#registered = true;
        this.look();
        return;
      } catch (error) {
        log.warn('node not registered', { node: identity.name, error: describeError(error) });
        await sleep(clock, backoff.next(), signal).catch(() => undefined);
      }
    }
  }

  async #registerOnce(): Promise<void> {
    const { identity, machine } = this.#options;
    try {
      await this.#nodes.create(newNode({ identity, machine }));
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
    }
    const node = await this.#nodes.get(identity.name);
    // Others may have changed labels since; only what this machine is stays its own to say.
    const wanted = { ...identity.labels, ...standardLabels(identity, machine) };
    const differing = Object.entries(wanted).filter(([key, value]) => node.metadata.labels?.[key] !== value);
    if (differing.length === 0) return;
    const patch = { metadata: { labels: Object.fromEntries(differing) } };
    await this.#nodes.patch(identity.name, patch, { type: 'merge' });
  }

  async #keepStatus(signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    while (!signal.aborted) {
      this.#again = false;
      try {
        await this.#followNetwork();
        await this.#checkRuntime();
        if (this.#registered) await this.#report();
      } catch (error) {
        if (isApiError(error, 'NotFound')) await this.#register(signal);
        else log.warn('node status not sent', { error: describeError(error) });
      }
      await this.#pause(this.#faults.length === 0 ? lookMs : unreadyLookMs, signal);
    }
  }

  /** A node without a network for pods has none that could be at fault. */
  get #faults(): string[] {
    const networkFault = this.#noPodNetwork === undefined ? this.#networkFault : undefined;
    return [this.#runtimeFault, this.#planFault ?? networkFault].filter((fault) => fault !== undefined);
  }

  #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const over = () => {
        timer.cancel();
        signal.removeEventListener('abort', over);
        this.#wake = undefined;
        resolve();
      };
      const timer = this.#options.clock.after(delayMs, over);
      signal.addEventListener('abort', over, { once: true });
      this.#wake = over;
      // Asked for while the last look was under way.
      if (this.#again || signal.aborted) over();
    });
  }

  async #followNetwork(): Promise<void> {
    const { network, packetFilter, log } = this.#options;
    if (!network) return;
    const { configFile, plan = () => ownNetwork, hasIpv6: _known, ...rest } = network;
    const wanted = plan();
    this.#noPodNetwork = wanted.kind === 'host' ? wanted.why : undefined;
    this.#planFault = wanted.kind === 'unusable' ? wanted.why : undefined;
    if (wanted.kind === 'host' || wanted.kind === 'external') {
      if (await removeCniConfig(configFile)) log.info('pod network left to others', { kind: wanted.kind });
      await packetFilter?.withdraw();
      this.#addressesUsedUp = undefined;
      return;
    }
    const ranges = this.podCidrs;
    const podCidr = ranges.join(',');
    if (wanted.kind === 'own' && ranges.length > 0) {
      const { mtu } = wanted;
      if (await writeCniConfig(configFile, { ...rest, ...(mtu ? { mtu } : {}), podCidr }))
        log.info('pod network configured', { podCidr, mtu });
    }
    await this.#countAddresses(ranges);
    await this.#keepPacketRules(
      ranges.length > 0 ? ranges : await readPodCidrs(configFile),
      wanted.kind === 'own' ? wanted.unmasqueraded : undefined,
    );
  }

  /** Of IPv6 none runs out. */
  async #countAddresses(ranges: readonly string[]): Promise<void> {
    const { network, recorder, identity } = this.#options;
    const range = ranges.find((each) => !each.includes(':'));
    const before = this.#addressesUsedUp;
    this.#addressesUsedUp =
      network && range ? await addressesUsedUp(network.dataDirectory, range) : undefined;
    if (this.#addressesUsedUp === undefined || before !== undefined) return;
    const event = { type: 'Warning', reason: addressReasons.usedUp, message: this.#addressesUsedUp } as const;
    recorder.record(nodeReference(identity.name), event);
  }

  /** Without them pods run, but don't reach beyond the node: worth telling, not worth refusing pods. */
  async #keepPacketRules(
    podCidrs: readonly string[],
    unmasqueraded: readonly string[] | undefined,
  ): Promise<void> {
    const { packetFilter, log, recorder, identity } = this.#options;
    if (!packetFilter || podCidrs.length === 0) return;
    try {
      await packetFilter.setPodCidrs(podCidrs, unmasqueraded);
    } catch (error) {
      const message = `packet rules of pods not loaded, so that pods do not reach beyond this node: ${describeError(error)}`;
      log.warn('packet rules of pods not loaded', { error: describeError(error) });
      recorder.record(nodeReference(identity.name), { type: 'Warning', reason: 'PodNetworkRules', message });
    }
  }

  async #checkRuntime(): Promise<void> {
    const { runtime, observer } = this.#options;
    try {
      this.#runtimeVersion ??= await runtime.version();
      const status = await runtime.status();
      this.#runtimeFault = status.runtimeReady
        ? undefined
        : `container runtime not ready: ${status.message ?? ''}`;
      this.#networkFault = status.networkReady
        ? undefined
        : `container runtime network not ready: ${status.message ?? ''}`;
      const silentMs = observer.silentMs;
      if (silentMs !== undefined && silentMs > silentMaxMs) {
        this.#runtimeFault = `PLEG is not healthy: pleg was last seen active ${Math.round(silentMs / 1000)}s ago; threshold is 3m0s`;
      }
    } catch (error) {
      this.#runtimeFault = `container runtime is down: ${describeError(error)}`;
    }
  }

  async #report(): Promise<void> {
    const { clock, runtime, devices, pressure, identity, recorder } = this.#options;
    const nowMs = clock.now();
    const previous = this.#held ?? this.#sent?.status;
    const status = nodeStatus(
      {
        ...this.#options,
        addresses: this.#options.addresses(),
        runtimeVersion: `${this.runtimeName}://${this.#runtimeVersion?.version.replace(/[~+].*$/, '') ?? ''}`,
        devices: devices?.resources() ?? new Map(),
        images: await runtime.listImages().catch(() => []),
        pressure: await pressure(),
        faults: this.#faults,
        ...(this.#addressesUsedUp === undefined ? {} : { addressesUsedUp: this.#addressesUsedUp }),
        nowMs,
      },
      previous,
    );
    const isDue = !this.#sent || clock.monotonic() - this.#sent.atMs >= reportMs;
    // Resources that others put on the Node are theirs; of those that were there before the first report nobody knows.
    const said = this.#sent
      ? { ...previous, ...ownResources(previous, [this.#sent.status, status]) }
      : previous;
    const isNews = !this.#sent || !equalButForNulls(withoutHeartbeats(status), withoutHeartbeats(said));
    if (!isDue && !isNews) return;
    const answer = await this.#nodes.patch(
      identity.name,
      { status: isNews ? replacing(said, status) : { conditions: heartbeats(status) } },
      { type: 'strategic', subresource: 'status' },
    );
    // Over a link the answer is the revision alone.
    this.#held = answer.status ?? merged(this.#held, status);
    const ready = (of: NodeStatus | undefined) =>
      of?.conditions?.find(({ type }) => type === 'Ready')?.status;
    if (this.#sent && ready(this.#sent.status) !== ready(status)) {
      const reason = ready(status) === 'True' ? 'NodeReady' : 'NodeNotReady';
      recorder.record(nodeReference(identity.name), {
        type: 'Normal',
        reason,
        message: `Node ${identity.name} status is now: ${reason}`,
      });
    }
    this.#sent = { status, atMs: clock.monotonic() };
  }

  async #keepLease(signal: AbortSignal): Promise<void> {
    const { client, clock, log, identity } = this.#options;
    const leases = client.resource<Lease>(resources.leases);
    const namespace = 'kube-node-lease';
    while (!signal.aborted) {
      const spec = {
        holderIdentity: identity.name,
        leaseDurationSeconds: leaseSeconds,
        renewTime: `${new Date(clock.now()).toISOString().slice(0, -1)}000Z`,
      };
      try {
        await leases.patch(identity.name, { spec }, { type: 'merge', namespace });
      } catch (error) {
        if (isApiError(error, 'NotFound')) await this.#createLease(leases, { namespace, spec });
        else log.warn('lease not renewed', { error: describeError(error) });
      }
      await sleep(clock, leaseRenewMs, signal).catch(() => undefined);
    }
  }

  async #createLease(
    leases: ResourceClient<Lease>,
    { namespace, spec }: { namespace: string; spec: Lease['spec'] },
  ): Promise<void> {
    const { identity, log } = this.#options;
    const node = await this.#nodes.get(identity.name).catch(() => undefined);
    const uid = node?.metadata.uid;
    const owners = uid
      ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: identity.name, uid }] }
      : {};
    const lease: Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: identity.name, namespace, ...owners },
      spec,
    };
    await leases
      .create(lease)
      .catch((error: unknown) => log.warn('lease not created', { error: describeError(error) }));
  }
}

export function nodeReference(name: string): Node {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, uid: name } };
}

/** Conditions that the node itself says; others belong to others. */
const ownConditionTypes: ReadonlySet<string> = new Set([
  'MemoryPressure',
  'DiskPressure',
  'PIDPressure',
  'Ready',
]);

function ownConditions(status: NodeStatus | undefined) {
  const own = (status?.conditions ?? []).filter(
    ({ type, reason = '' }) => ownConditionTypes.has(type) || isAddressReason(reason),
  );
  return Object.fromEntries(
    own.map((condition) => [condition.type, { ...condition, lastHeartbeatTime: undefined }]),
  );
}

function withoutHeartbeats(status: NodeStatus | undefined) {
  const conditions = ownConditions(status);
  const images = (status?.images ?? []).toSorted((a, b) =>
    JSON.stringify(a).localeCompare(JSON.stringify(b)),
  );
  const { capacity, allocatable, addresses, nodeInfo } = status ?? {};
  return { capacity, allocatable, addresses, nodeInfo, conditions, images };
}

/** What is to be said of conditions that are as they were: each time that is said, it crosses the link. */
function heartbeats(status: NodeStatus) {
  return Object.values(ownConditions(status)).map(({ type, status: now }) => ({
    type,
    status: now,
    lastHeartbeatTime: status.conditions?.find((each) => each.type === type)?.lastHeartbeatTime,
  }));
}

/** What the API makes of it: conditions of others stay. */
function merged(held: NodeStatus | undefined, status: NodeStatus): NodeStatus {
  const said = new Set(status.conditions?.map(({ type }) => type));
  const others = (held?.conditions ?? []).filter(({ type }) => !said.has(type));
  return {
    ...held,
    ...status,
    capacity: { ...held?.capacity, ...status.capacity },
    allocatable: { ...held?.allocatable, ...status.allocatable },
    conditions: [...others, ...(status.conditions ?? [])],
  };
}

function ownResources(held: NodeStatus | undefined, said: readonly NodeStatus[]) {
  const pick = (kind: 'capacity' | 'allocatable') => {
    const keys = new Set(said.flatMap((status) => Object.keys(status[kind] ?? {})));
    return Object.fromEntries(Object.entries(held?.[kind] ?? {}).filter(([key]) => keys.has(key)));
  };
  return { capacity: pick('capacity'), allocatable: pick('allocatable') };
}

/**
 * Maps are merged key by key: a resource that is no longer there has to be said so. Addresses would be merged by their type,
 * which two of them may share.
 */
function replacing(previous: NodeStatus | undefined, status: NodeStatus): object {
  const gone = (old: Record<string, string> = {}, now: Record<string, string> = {}) =>
    Object.fromEntries(Object.keys(old).flatMap((key) => (key in now ? [] : [[key, null]])));
  return {
    ...status,
    addresses: [{ $patch: 'replace' }, ...(status.addresses ?? [])],
    capacity: { ...status.capacity, ...gone(previous?.capacity, status.capacity) },
    allocatable: { ...status.allocatable, ...gone(previous?.allocatable, status.allocatable) },
  };
}
