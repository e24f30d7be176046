/** Nodes and pods of the cases: short to write, and with nothing that a case does not speak of. */
import type { Container, Node, Pod, PodSpec } from '@skerry/api';

export type Labels = Readonly<Record<string, string>>;
export type Amounts = Readonly<Record<string, string>>;

/** Offers 4 cpu, 8 GiB and 10 pods unless told otherwise. */
export function node(
  name: string,
  {
    labels = {},
    allocatable = {},
    images = [],
    ...spec
  }: {
    readonly labels?: Labels;
    readonly allocatable?: Amounts;
    readonly images?: { names: string[]; sizeBytes: number }[];
  } & NonNullable<Node['spec']> = {},
): Node {
  const offered = { cpu: '4', memory: '8Gi', pods: '10', 'ephemeral-storage': '10Gi', ...allocatable };
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec,
    status: {
      capacity: offered,
      allocatable: offered,
      images,
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}

export interface PodGiven extends Partial<PodSpec> {
  readonly labels?: Labels;
  /** Of its one container. */
  readonly requests?: Amounts;
  readonly namespace?: string;
  /** Kind and name of the controller that it has. */
  readonly owner?: readonly [string, string];
  /** Since when it runs. */
  readonly since?: string;
}

export function pod(
  name: string,
  { labels = {}, requests = {}, namespace = 'default', owner, since, ...spec }: PodGiven = {},
): Pod {
  const ownerReferences = owner && [
    { apiVersion: 'apps/v1', kind: owner[0], name: owner[1], uid: `uid-${owner[1]}`, controller: true },
  ];
  return {
    metadata: { name, namespace, labels, ...(ownerReferences ? { ownerReferences } : {}) },
    spec: { terminationGracePeriodSeconds: 30, containers: [container({ requests })], ...spec },
    ...(since ? { status: { phase: 'Running', startTime: since } } : {}),
  };
}

export function container({
  name = 'main',
  requests = {},
  ...rest
}: Partial<Container> & { readonly requests?: Amounts } = {}): Container {
  // An extended resource is asked for by a limit too.
  const extended = Object.entries(requests).filter(([resource]) => resource.includes('/'));
  return {
    name,
    image: 'registry.example.com/app:1',
    resources: { requests, ...(extended.length > 0 ? { limits: Object.fromEntries(extended) } : {}) },
    ...rest,
  };
}

export const zone = (name: string) => ({ 'topology.kubernetes.io/zone': name });
export const host = 'kubernetes.io/hostname';
export const zoneKey = 'topology.kubernetes.io/zone';
