/**
 * The NodePool resource of OpenYurt, as its clients know it. Both served versions have the fields of the newest, so that
 * reading and writing through the older one loses nothing.
 */
import type { CustomResourceDefinition, JSONSchemaProps, KubeObject, Taint } from '@skerry/api';

export interface NodePool extends KubeObject {
  spec?: {
    type?: 'Edge' | 'Cloud';
    hostNetwork?: boolean;
    /** These three reach every node of the pool. */
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    taints?: Taint[];
    interConnectivity?: boolean;
    enableLeaderElection?: boolean;
    leaderElectionStrategy?: 'random' | 'mark';
    leaderNodeLabelSelector?: Record<string, string>;
    leaderReplicas?: number;
    poolScopeMetadata?: { group: string; version: string; resource: string }[];
  };
  status?: {
    readyNodeNum?: number;
    unreadyNodeNum?: number;
    nodes?: string[];
    leaderEndpoints?: { nodeName: string; address: string }[];
    leaderNum?: number;
    leaderLastElectedTime?: string;
    conditions?: {
      type: string;
      status: string;
      reason?: string;
      message?: string;
      lastTransitionTime?: string;
    }[];
  };
}

/** The label of a node that says which pool it is in. */
export const nodePoolLabel = 'apps.openyurt.io/nodepool';
/** On a pool: `edge` or `cloud`. */
export const nodePoolTypeLabel = 'nodepool.openyurt.io/type';

const texts: JSONSchemaProps = { type: 'object', additionalProperties: { type: 'string' } };
const immutable = (message: string) => [{ rule: 'self == oldSelf', message }];

const taint: JSONSchemaProps = {
  type: 'object',
  required: ['key', 'effect'],
  properties: {
    key: { type: 'string' },
    value: { type: 'string' },
    effect: { type: 'string', enum: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as never[] },
    timeAdded: { type: 'string', format: 'date-time' },
  },
};

const groupVersionResource: JSONSchemaProps = {
  type: 'object',
  required: ['group', 'version', 'resource'],
  properties: { group: { type: 'string' }, version: { type: 'string' }, resource: { type: 'string' } },
};

const schema: JSONSchemaProps = {
  type: 'object',
  description: 'A group of nodes at one place, managed as one.',
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    spec: {
      type: 'object',
      properties: {
        type: {
          type: 'string',
          description: 'Whether the nodes stand at the edge or in the cloud. It cannot be changed.',
          enum: ['Edge', 'Cloud'] as never[],
          default: 'Edge' as never,
          'x-kubernetes-validations': immutable('type cannot be changed'),
        },
        hostNetwork: { type: 'boolean', description: 'Pods of the pool use the network of their host.' },
        labels: { ...texts, description: 'Labels of every node of the pool.' },
        annotations: { ...texts, description: 'Annotations of every node of the pool.' },
        taints: { type: 'array', items: taint, description: 'Taints of every node of the pool.' },
        interConnectivity: {
          type: 'boolean',
          description: 'Nodes of the pool reach each other over their network.',
        },
        enableLeaderElection: { type: 'boolean' },
        leaderElectionStrategy: {
          type: 'string',
          enum: ['random', 'mark'] as never[],
          default: 'random' as never,
        },
        leaderNodeLabelSelector: texts,
        leaderReplicas: { type: 'integer', format: 'int32', minimum: 1, default: 1 as never },
        poolScopeMetadata: {
          type: 'array',
          items: groupVersionResource,
          description: 'What a leader fetches for the whole pool.',
          default: [
            { group: '', version: 'v1', resource: 'services' },
            { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' },
          ] as never,
        },
      },
    },
    status: {
      type: 'object',
      properties: {
        readyNodeNum: { type: 'integer', format: 'int32' },
        unreadyNodeNum: { type: 'integer', format: 'int32' },
        nodes: { type: 'array', items: { type: 'string' } },
        leaderEndpoints: {
          type: 'array',
          items: {
            type: 'object',
            required: ['nodeName', 'address'],
            properties: { nodeName: { type: 'string' }, address: { type: 'string' } },
          },
        },
        leaderNum: { type: 'integer', format: 'int32' },
        leaderLastElectedTime: { type: 'string', format: 'date-time' },
        conditions: {
          type: 'array',
          items: {
            type: 'object',
            required: ['type', 'status'],
            properties: {
              type: { type: 'string' },
              status: { type: 'string' },
              reason: { type: 'string' },
              message: { type: 'string' },
              lastTransitionTime: { type: 'string', format: 'date-time' },
            },
          },
        },
      },
    },
  },
};

const additionalPrinterColumns = [
  { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'The type of nodepool' },
  { name: 'ReadyNodes', type: 'integer', jsonPath: '.status.readyNodeNum' },
  { name: 'NotReadyNodes', type: 'integer', jsonPath: '.status.unreadyNodeNum' },
  { name: 'LeaderNodes', type: 'integer', jsonPath: '.status.leaderNum' },
  { name: 'LeaderElectionAge', type: 'date', jsonPath: '.status.leaderLastElectedTime' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

function version(name: string, storage: boolean): CustomResourceDefinition['spec']['versions'][number] {
  return {
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: schema },
    subresources: { status: {} },
    additionalPrinterColumns,
  };
}

/** To be applied to a cluster before its first pool. */
export const nodePoolCustomResourceDefinition: CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'nodepools.apps.openyurt.io' },
  spec: {
    group: 'apps.openyurt.io',
    scope: 'Cluster',
    names: {
      plural: 'nodepools',
      singular: 'nodepool',
      kind: 'NodePool',
      listKind: 'NodePoolList',
      shortNames: ['np'],
      categories: ['yurt'],
    },
    versions: [version('v1beta2', true), version('v1beta1', false)],
  },
};
