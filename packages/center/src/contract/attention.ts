/**
 * Rules that find what wants attention, with the values that a message of each is made of. `count` is of what the message
 * speaks of; one finding stands for all that have the same cause in the same place.
 */
export interface AttentionRules {
  'cluster-unreachable': { readonly cluster: string; readonly why: string };
  'cluster-failed': { readonly cluster: string; readonly why: string };
  'certificate-expiring': { readonly certificate: string; readonly days: number; readonly notAfter: string };
  'component-failed': { readonly component: string; readonly version: string; readonly why: string };
  'nodes-disconnected': PlaceValues & { readonly node: string; readonly since: string };
  'nodes-offline': PlaceValues & { readonly node: string; readonly since: string };
  'nodes-not-ready': PlaceValues & { readonly node: string; readonly why: string };
  'node-pressure': PlaceValues & { readonly node: string; readonly why: string };
  'pods-crashing': WorkloadValues & { readonly restarts: number; readonly why: string };
  'pods-pending': WorkloadValues & { readonly since: string; readonly why: string };
  'image-pull-failing': PlaceValues & { readonly image: string };
  'rollout-stuck': WorkloadValues & { readonly why: string };
  'daemonset-incomplete': WorkloadValues & { readonly desired: number; readonly outOfReach: number };
  'jobs-failed': WorkloadValues & { readonly why: string };
  'gpus-waited-for': {
    readonly count: number;
    readonly gpus: number;
    readonly since: string;
    readonly why: string;
  };
  'volume-claims-pending': { readonly count: number; readonly namespace: string; readonly name: string };
  'namespace-stuck': { readonly namespace: string; readonly since: string; readonly why: string };
  'api-unavailable': { readonly name: string; readonly why: string };
}

interface PlaceValues {
  readonly count: number;
  readonly region: string;
  readonly pool: string;
}

interface WorkloadValues {
  readonly count: number;
  readonly namespace: string;
  /** `Deployment`, or `Pod` for one that nothing owns. */
  readonly kind: string;
  readonly name: string;
}
