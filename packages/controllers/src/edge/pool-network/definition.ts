/** PoolNetwork: see `PoolNetwork` in the package `api` for what it is. */
import { routings, type CustomResourceDefinition, type JSONSchemaProps } from '@skerry/api';

const text: JSONSchemaProps = { type: 'string' };
const texts: JSONSchemaProps = { type: 'array', items: text };

const member: JSONSchemaProps = {
  type: 'object',
  required: ['node', 'addresses', 'podCIDRs'],
  properties: { node: text, addresses: texts, podCIDRs: texts, gatewayEndpoint: text },
};

const crossing: JSONSchemaProps = {
  type: 'object',
  required: ['pool', 'ranges', 'gateways', 'peerGateways'],
  properties: {
    pool: text,
    ranges: texts,
    gateways: texts,
    peerGateways: {
      type: 'array',
      items: {
        type: 'object',
        required: ['node', 'publicKey'],
        properties: { node: text, publicKey: text, wireGuard: { type: 'boolean' }, endpoint: text },
      },
    },
  },
};

const schema: JSONSchemaProps = {
  type: 'object',
  description: 'What the machines of a pool know of each other to carry the packets of their pods.',
  properties: {
    apiVersion: text,
    kind: text,
    metadata: { type: 'object' },
    status: {
      type: 'object',
      required: ['provider', 'routing', 'clusterCIDRs', 'members'],
      properties: {
        provider: {
          type: 'string',
          description:
            "Whose network pods have: Skerry's, that of another CNI plugin (external), or that of their host.",
          enum: ['skerry', 'external', 'host'] as never[],
        },
        routing: {
          type: 'string',
          description:
            'How packets go from machine to machine; auto: plain routes where they share a link layer, VXLAN otherwise.',
          enum: [...routings] as never[],
        },
        clusterCIDRs: { ...texts, description: 'Ranges of all pods of the cluster.' },
        members: { type: 'array', items: member, description: 'The machines of the pool.' },
        crossings: {
          type: 'array',
          items: crossing,
          description: 'The pools that pods of this one may reach.',
        },
        memberCount: { type: 'integer', format: 'int32' },
      },
    },
  },
};

/** To be applied to a cluster before its first pool. */
export const poolNetworkCustomResourceDefinition: CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'poolnetworks.network.skerry.io' },
  spec: {
    group: 'network.skerry.io',
    scope: 'Cluster',
    names: {
      plural: 'poolnetworks',
      singular: 'poolnetwork',
      kind: 'PoolNetwork',
      listKind: 'PoolNetworkList',
      shortNames: ['pnet'],
      categories: ['skerry'],
    },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Provider', type: 'string', jsonPath: '.status.provider' },
          { name: 'Routing', type: 'string', jsonPath: '.status.routing' },
          { name: 'Machines', type: 'integer', jsonPath: '.status.memberCount' },
          { name: 'Reaches', type: 'string', jsonPath: '.status.crossings[*].pool' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      },
    ],
  },
};
