/** The Node object of this machine: pure. https://kubernetes.io/docs/reference/node/node-status/ */
import {
  conditionsOfReturn,
  formatQuantity,
  quantityOf,
  quantityOfMilli,
  type Node,
  type NodeCondition,
  type NodeStatus,
  type Taint,
} from '@skerry/api';
import type { MachineFacts } from '#machine/facts.ts';
import type { Pressure } from '#machine/pressure.ts';
import { time } from '#pods/status.ts';
import type { Image } from '#runtime.ts';

export interface NodeIdentity {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly providerId?: string;
}

export interface NodeFacts {
  readonly identity: NodeIdentity;
  readonly machine: MachineFacts;
  readonly addresses: readonly string[];
  /** `v1.36.3+skerry.1`. */
  readonly version: string;
  /** `containerd://1.6.20`. */
  readonly runtimeVersion: string;
  readonly podsMax: number;
  readonly devices: ReadonlyMap<string, { readonly capacity: number; readonly allocatable: number }>;
  readonly images: readonly Image[];
  readonly pressure: Pressure;
  /** Why pods can't run here; empty when they can. */
  readonly faults: readonly string[];
  /** Set while no more pods can have an address here. */
  readonly addressesUsedUp?: string;
  readonly nowMs: number;
}

/** Labels that every node of Kubernetes carries. */
export function standardLabels(identity: NodeIdentity, machine: MachineFacts): Record<string, string> {
  return {
    'beta.kubernetes.io/arch': machine.architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': machine.architecture,
    'kubernetes.io/hostname': identity.name,
    'kubernetes.io/os': 'linux',
  };
}

export function newNode({ identity, machine }: Pick<NodeFacts, 'identity' | 'machine'>): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: identity.name,
      labels: { ...standardLabels(identity, machine), ...identity.labels },
      annotations: {
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
        ...identity.annotations,
      },
    },
    spec: {
      ...(identity.providerId ? { providerID: identity.providerId } : {}),
      ...(identity.taints.length > 0 ? { taints: [...identity.taints] } : {}),
    },
  };
}

/** Kept free for what isn't a pod; as the kubelet does for its eviction thresholds. */
const memoryReservedBytes = 100 * 1024 * 1024;
const storageUsableShare = 0.9;

export function nodeResources({
  machine,
  podsMax,
  devices,
}: Pick<NodeFacts, 'machine' | 'podsMax' | 'devices'>) {
  const bytes = (value: number) => formatQuantity(quantityOf(Math.floor(value / 1024) * 1024, 'BinarySI'));
  const count = (value: number) => formatQuantity(quantityOf(value));
  const common = {
    cpu: formatQuantity(quantityOfMilli(machine.milliCpu)),
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    pods: count(podsMax),
  };
  const devicesOf = (kind: 'capacity' | 'allocatable') =>
    Object.fromEntries([...devices].map(([name, amounts]) => [name, count(amounts[kind])]));
  return {
    capacity: {
      ...common,
      memory: bytes(machine.memoryBytes),
      'ephemeral-storage': bytes(machine.ephemeralStorageBytes),
      ...devicesOf('capacity'),
    },
    allocatable: {
      ...common,
      memory: bytes(machine.memoryBytes - memoryReservedBytes),
      'ephemeral-storage': formatQuantity(
        quantityOf(Math.floor(machine.ephemeralStorageBytes * storageUsableShare)),
      ),
      ...devicesOf('allocatable'),
    },
  };
}

/** As many as a Node's status lists, the largest first. */
const imagesMax = 50;

/**
 * Of what a node may declare, what this one can do: commands come to it as WebSockets. Resizing in place and restarting all
 * containers by rule are not among it, and the server and the scheduler ask before they count on them.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/node-declared-features/
 */
const declaredFeatures = ['ExtendWebSocketsToKubelet'];

export function nodeStatus(facts: NodeFacts, previous: NodeStatus | undefined): NodeStatus {
  const { machine, identity, version } = facts;
  return {
    ...nodeResources(facts),
    addresses: [
      ...facts.addresses.map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: identity.name },
    ],
    conditions: nodeConditions(facts, previous?.conditions ?? []),
    declaredFeatures: [...declaredFeatures],
    images: facts.images
      .toSorted((a, b) => b.sizeBytes - a.sizeBytes || compare(a.id, b.id))
      .slice(0, imagesMax)
      .map(({ tags, digests, sizeBytes }) => ({ names: [...digests, ...tags].slice(0, 5), sizeBytes })),
    nodeInfo: {
      architecture: machine.architecture,
      bootID: machine.bootId,
      containerRuntimeVersion: facts.runtimeVersion,
      kernelVersion: machine.kernelVersion,
      kubeProxyVersion: '',
      kubeletVersion: version,
      machineID: machine.machineId,
      operatingSystem: 'linux',
      osImage: machine.osImage,
      systemUUID: machine.systemUuid,
    },
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Reasons of a condition that others write too: network plugins and clouds. */
export const addressReasons = { usedUp: 'PodAddressesExhausted', left: 'PodAddressesAvailable' } as const;

/** Said from the first time that there are none. The scheduler keeps away from a node whose network is unavailable. */
function addressCondition(usedUp: string | undefined, previous: readonly NodeCondition[]): NodeCondition[] {
  const type = 'NetworkUnavailable';
  if (usedUp !== undefined) return [{ type, status: 'True', reason: addressReasons.usedUp, message: usedUp }];
  const isOurs = previous.some(
    (condition) => condition.type === type && isAddressReason(condition.reason ?? ''),
  );
  return isOurs
    ? [{ type, status: 'False', reason: addressReasons.left, message: 'pod addresses are available' }]
    : [];
}

export function isAddressReason(reason: string): boolean {
  return Object.values(addressReasons).some((own) => own === reason);
}

function nodeConditions(
  { pressure, faults, addressesUsedUp, nowMs }: NodeFacts,
  previous: readonly NodeCondition[],
): NodeCondition[] {
  const pressed = (what: string, holds: boolean, [bad, good]: [string, string], words: [string, string]) => ({
    type: what,
    status: holds ? 'True' : 'False',
    reason: holds ? bad : good,
    message: holds ? words[0] : words[1],
  });
  const made = [
    pressed(
      'MemoryPressure',
      pressure.memory,
      ['KubeletHasInsufficientMemory', 'KubeletHasSufficientMemory'],
      ['kubelet has insufficient memory available', 'kubelet has sufficient memory available'],
    ),
    pressed(
      'DiskPressure',
      pressure.disk,
      ['KubeletHasDiskPressure', 'KubeletHasNoDiskPressure'],
      ['kubelet has disk pressure', 'kubelet has no disk pressure'],
    ),
    pressed(
      'PIDPressure',
      pressure.pid,
      ['KubeletHasInsufficientPID', 'KubeletHasSufficientPID'],
      ['kubelet has insufficient PID available', 'kubelet has sufficient PID available'],
    ),
    faults.length === 0
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : {
          type: 'Ready',
          status: 'False',
          reason: 'KubeletNotReady',
          message: faults.length === 1 ? (faults[0] ?? '') : `[${faults.join(', ')}]`,
        },
    ...addressCondition(addressesUsedUp, previous),
  ];
  const own = made.map((condition) => {
    const old = previous.find(({ type }) => type === condition.type);
    return {
      ...condition,
      lastHeartbeatTime: time(nowMs),
      lastTransitionTime: old?.status === condition.status ? old.lastTransitionTime : time(nowMs),
    };
  });
  return [...own, ...conditionsOfReturn(previous, nowMs)];
}
