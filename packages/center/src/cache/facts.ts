/**
 * What rules, places and counts need of an object beyond its columns. Each kind that anything is derived from has facts of
 * its own; all others have none.
 */
import {
  autonomyMs,
  hostPorts,
  podRequests,
  QuantityError,
  resourceAmounts,
  type AnyObject,
  type DaemonSet,
  type HostPort,
  type Node,
  type Pod,
  type PodSpec,
  type PodTemplateSpec,
  type ResourceAmounts,
} from '@skerry/api';
import type { Interner } from '#cache/interner.ts';

export interface PodFacts {
  readonly kind: 'pod';
  readonly node?: string;
  readonly phase: string;
  /** Neither ended nor about to be counted out: what it requests is taken. */
  readonly live: boolean;
  readonly requests: ResourceAmounts;
  readonly hostPorts?: readonly HostPort[];
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly restarts: number;
  /** Of the first container that waits for its image: the reference. */
  readonly imageFailing?: string;
  /** Only of a pod that waits for a node: what the scheduler goes by, and since when it waits. */
  readonly waiting?: { readonly spec: PodSpec; readonly since: string; readonly why: string };
}

export interface NodeFacts {
  readonly kind: 'node';
  /** What placement predicates read. */
  readonly node: Node;
  readonly region: string;
  readonly pool: string;
  readonly allocatable: ResourceAmounts;
  /** Its accelerators: extended resources that count GPUs. */
  readonly gpus: readonly { readonly resource: string; readonly count: number; readonly model?: string }[];
  readonly ready: boolean;
  readonly reachable: boolean;
  readonly since?: string;
  /** When it has run on its own for as long as it may. */
  readonly autonomousUntilMs?: number;
}

export interface WorkloadFacts {
  readonly kind: 'workload';
  readonly desired: number;
  readonly available: number;
  /** Of a DaemonSet: where its pods belong. */
  readonly template?: PodTemplateSpec;
}

export interface PoolFacts {
  readonly kind: 'pool';
  readonly region: string;
}

export interface BindingFacts {
  readonly kind: 'binding';
  /** `User:alice`, `Group:ops`, `ServiceAccount:shop/robot`. */
  readonly subjects: readonly string[];
}

export interface JobFacts {
  readonly kind: 'job';
  readonly startedMs?: number;
  readonly endedMs?: number;
}

export type Facts = PodFacts | NodeFacts | WorkloadFacts | PoolFacts | BindingFacts | JobFacts;

export const poolLabel = 'apps.openyurt.io/nodepool';
const regionLabels = ['topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region'];
/** Shown where a node says neither. */
const none = '';

const gpuResource =
  /(?:^|[./-])gpu(?:[.-]|$)|^nvidia\.com\/mig-|^habana\.ai\/|(?:^|[./])(?:npu|dcu|mlu|xpu)\b/;
const modelLabels = [
  'nvidia.com/gpu.product',
  'aliyun.accelerator/nvidia_name',
  'gpu.model',
  'amd.com/gpu.product-name',
];

/** Whether an extended resource counts accelerators: `nvidia.com/gpu`, `amd.com/gpu`, a MIG slice. */
export function isGpu(resource: string): boolean {
  return gpuResource.test(resource);
}

const noAmounts: ResourceAmounts = new Map();
const amountsMax = 20_000;
const knownAmounts = new Map<string, ResourceAmounts>();

/** Equal requests are held once; pods of one template are thousands. */
function shared(amounts: ResourceAmounts): ResourceAmounts {
  if (amounts.size === 0) return noAmounts;
  let identity = '';
  for (const [name, amount] of amounts) identity += `${name}=${amount};`;
  const held = knownAmounts.get(identity);
  if (held) return held;
  if (knownAmounts.size >= amountsMax) knownAmounts.clear();
  knownAmounts.set(identity, amounts);
  return amounts;
}

/** A foreign API server may hold what ours would have refused: such an amount counts for nothing. */
function tolerantly(compute: () => ResourceAmounts): ResourceAmounts {
  try {
    return shared(compute());
  } catch (error) {
    if (error instanceof QuantityError) return noAmounts;
    throw error;
  }
}

const imageReasons = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull']);

export function podFacts(
  pod: Pod,
  { interner, restarts }: { interner: Interner; restarts: number },
): PodFacts {
  const { spec, status, metadata } = pod;
  const phase = interner.text(status?.phase ?? 'Unknown');
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const ports = spec ? hostPorts(spec) : [];
  const image = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].find(
    (container) => imageReasons.has(container.state?.waiting?.reason ?? ''),
  )?.image;
  return {
    kind: 'pod',
    ...(spec?.nodeName ? { node: interner.text(spec.nodeName) } : {}),
    phase,
    live: phase !== 'Succeeded' && phase !== 'Failed',
    requests: spec ? tolerantly(() => podRequests(spec)) : noAmounts,
    ...(ports.length > 0 ? { hostPorts: ports } : {}),
    ...(owner ? { owner: { kind: interner.text(owner.kind), name: interner.text(owner.name) } } : {}),
    restarts,
    ...(image ? { imageFailing: interner.text(image) } : {}),
    ...(spec && !spec.nodeName && phase === 'Pending' && !metadata.deletionTimestamp
      ? {
          waiting: {
            spec: schedulingSpec(spec),
            since: scheduled?.lastTransitionTime ?? metadata.creationTimestamp ?? '',
            why: scheduled?.message ?? '',
          },
        }
      : {}),
  };
}

/** What filters of the scheduler read of a pod, and nothing of what it runs. */
export function schedulingSpec(spec: PodSpec): PodSpec {
  const { nodeSelector, affinity, tolerations, nodeName, schedulerName, overhead, resources } = spec;
  return {
    containers: [],
    nodeSelector,
    affinity,
    tolerations,
    nodeName,
    schedulerName,
    overhead,
    resources,
  };
}

export function regionOf(labels: Readonly<Record<string, string>> | undefined): string {
  for (const label of regionLabels) if (labels?.[label]) return labels[label];
  return none;
}

export function nodeFacts(node: Node, interner: Interner): NodeFacts {
  const labels = interner.labels(node.metadata.labels) as Record<string, string>;
  const allocatable = tolerantly(() => resourceAmounts(node.status?.allocatable));
  const model = modelLabels.map((label) => labels[label]).find(Boolean);
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  return {
    kind: 'node',
    node: {
      metadata: { name: node.metadata.name, labels },
      spec: { taints: node.spec?.taints, unschedulable: node.spec?.unschedulable },
    },
    region: interner.text(regionOf(labels)),
    pool: interner.text(labels[poolLabel] ?? none),
    allocatable,
    gpus: [...allocatable]
      .filter(([resource, count]) => count > 0 && isGpu(resource))
      .map(([resource, count]) => ({ resource, count, ...(model ? { model } : {}) })),
    ready: ready?.status === 'True',
    reachable: ready !== undefined && ready.status !== 'Unknown',
    ...(ready?.lastTransitionTime ? { since: ready.lastTransitionTime } : {}),
    ...(ready?.status === 'Unknown' ? autonomyEnd(node, ready.lastTransitionTime) : {}),
  };
}

function autonomyEnd(node: Node, since: string | undefined): Pick<NodeFacts, 'autonomousUntilMs'> {
  const duration = autonomyMs(node);
  const untilMs = Date.parse(since ?? '') + (duration ?? NaN);
  return Number.isFinite(untilMs) ? { autonomousUntilMs: untilMs } : {};
}

export function daemonSetFacts({ spec, status }: DaemonSet): WorkloadFacts {
  const template = spec?.template.spec;
  return {
    kind: 'workload',
    desired: status?.desiredNumberScheduled ?? 0,
    available: status?.numberAvailable ?? 0,
    ...(template
      ? { template: { spec: { ...schedulingSpec(template), hostNetwork: template.hostNetwork } } }
      : {}),
  };
}

interface Subject {
  kind?: string;
  name?: string;
  namespace?: string;
}

export function bindingFacts(object: AnyObject, interner: Interner): BindingFacts {
  const subjects = (object.subjects ?? []) as Subject[];
  return {
    kind: 'binding',
    subjects: subjects.map(({ kind, name, namespace }) =>
      interner.text(kind === 'ServiceAccount' ? `${kind}:${namespace}/${name}` : `${kind}:${name}`),
    ),
  };
}
