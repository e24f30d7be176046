import type { CustomResourceDefinition, KubeObject } from '@skerry/api';
import { conditions, definition, fixed, instant, type Schema, text } from '#management/definition.ts';
import { centerResources } from '#management/resources.ts';

/** A cluster that this center hosts, or one of elsewhere that it was given a kubeconfig for. */
export interface Cluster extends KubeObject {
  spec: ClusterSpec;
  status?: ClusterStatus;
}

export interface ClusterSpec {
  type: 'hosted' | 'imported';
  displayName?: string;
  /** The central region: where the center stands, or the foreign cluster. */
  region?: string;
  /** Kubernetes' minor version; the only one there is, unless told. */
  version?: string;
  /** Of a hosted cluster; chosen by the center where left out, and fixed from then on. */
  podCIDR?: string;
  serviceCIDR?: string;
  port?: number;
  /** Names and addresses, besides the center's own, that its machines and clients reach it by. */
  advertise?: string[];
  /** While true, it can't be deleted. */
  deletionProtection?: boolean;
}

export type ClusterPhase = 'Pending' | 'Creating' | 'Running' | 'Unreachable' | 'Failed' | 'Deleting';

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export interface ClusterStatus {
  phase?: ClusterPhase;
  conditions?: Condition[];
  /** `https://host:port`. */
  endpoint?: string;
  /** As the API server itself says it. */
  version?: string;
  availability?: Availability;
  certificates?: { name: string; notAfter: string }[];
  /** Of a hosted one: how its processes are, and how often one of them had to be started again since the center was. */
  processes?: { state: string; restarts: number; why?: string };
  /** The task that makes or removes it. */
  task?: string;
}

/** Asked every ten seconds since `since`; each probe counts as ten seconds. */
export interface Availability {
  since: string;
  probes: number;
  failed: number;
  /** 1 - failed / probes. */
  ratio: number;
  lastProbe: string;
  /** Last change between answering and not. */
  changed?: string;
}

/** On the Cluster of the center's own API server: it goes only with the center. */
export const ownClusterLabel = 'center.skerry.io/own';
/** On a Cluster that is made from a backup: the file, on the center's machine. Only the local administrator may set it. */
export const restoredFrom = 'center.skerry.io/restored-from';
export const clusterFinalizer = 'center.skerry.io/cluster';

const cidr: Schema = {
  type: 'string',
  pattern: '^[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2}(,[0-9a-f:]{2,39}/[0-9]{1,3})?$',
};

export const clusterDefinition: CustomResourceDefinition = definition({
  ref: centerResources.clusters,
  shortNames: ['cl'],
  description: 'A Kubernetes cluster that the center hosts or knows.',
  spec: {
    type: 'object',
    properties: {
      type: fixed('type', { type: 'string', enum: ['hosted', 'imported'], default: 'hosted' }),
      displayName: { type: 'string', maxLength: 63 },
      region: { type: 'string', maxLength: 63 },
      version: { type: 'string', maxLength: 32 },
      podCIDR: fixed('podCIDR', cidr),
      serviceCIDR: fixed('serviceCIDR', cidr),
      port: fixed('port', { type: 'integer', minimum: 1, maximum: 65535 }),
      advertise: { type: 'array', maxItems: 32, items: { type: 'string', maxLength: 253 } },
      deletionProtection: { type: 'boolean' },
    },
  },
  status: {
    type: 'object',
    properties: {
      phase: text,
      conditions,
      endpoint: text,
      version: text,
      task: text,
      availability: {
        type: 'object',
        properties: {
          since: instant,
          probes: { type: 'integer' },
          failed: { type: 'integer' },
          ratio: { type: 'number' },
          lastProbe: instant,
          changed: instant,
        },
      },
      processes: {
        type: 'object',
        properties: { state: text, restarts: { type: 'integer' }, why: text },
      },
      certificates: {
        type: 'array',
        items: { type: 'object', properties: { name: text, notAfter: instant } },
      },
    },
  },
  columns: [
    { name: 'Type', type: 'string', jsonPath: '.spec.type' },
    { name: 'Region', type: 'string', jsonPath: '.spec.region' },
    { name: 'Version', type: 'string', jsonPath: '.status.version' },
    { name: 'Restarts', type: 'integer', jsonPath: '.status.processes.restarts' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
    { name: 'Endpoint', type: 'string', jsonPath: '.status.endpoint' },
    { name: 'Availability', type: 'number', jsonPath: '.status.availability.ratio' },
  ],
});
