/** Crossing: see `Crossing` in the package `api` for what it is. */
import type { CustomResourceDefinition, JSONSchemaProps } from '@skerry/api';

const text: JSONSchemaProps = { type: 'string' };

const schema: JSONSchemaProps = {
  type: 'object',
  description: 'Lets the pods of two pools reach each other, through gateways of both.',
  required: ['spec'],
  properties: {
    apiVersion: text,
    kind: text,
    metadata: { type: 'object' },
    spec: {
      type: 'object',
      required: ['pools'],
      properties: {
        pools: {
          type: 'array',
          description: 'Names of the two pools. They cannot be changed.',
          items: { type: 'string', minLength: 1, maxLength: 63 },
          minItems: 2,
          maxItems: 2,
          'x-kubernetes-validations': [
            { rule: 'self[0] != self[1]', message: 'a pool needs no crossing to itself' },
            { rule: 'self == oldSelf', message: 'pools cannot be changed' },
          ],
        },
        gatewaysPerPool: {
          type: 'integer',
          format: 'int32',
          description: 'How many machines of each pool stand ready to pass packets on.',
          minimum: 1,
          maximum: 8,
          default: 2 as never,
        },
        gatewaySelector: {
          type: 'object',
          description: 'Labels of the machines that may be gateways; all of a pool unless given.',
          properties: { matchLabels: { type: 'object', additionalProperties: text } },
        },
      },
    },
    status: {
      type: 'object',
      properties: {
        gateways: {
          type: 'array',
          items: {
            type: 'object',
            required: ['pool', 'nodes'],
            properties: { pool: text, nodes: { type: 'array', items: text } },
          },
        },
        conditions: {
          type: 'array',
          items: {
            type: 'object',
            required: ['type', 'status'],
            properties: {
              type: text,
              status: text,
              reason: text,
              message: text,
              lastTransitionTime: { type: 'string', format: 'date-time' },
            },
          },
        },
      },
    },
  },
};

/** To be applied to a cluster before its first crossing. */
export const crossingCustomResourceDefinition: CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'crossings.network.skerry.io' },
  spec: {
    group: 'network.skerry.io',
    scope: 'Cluster',
    names: {
      plural: 'crossings',
      singular: 'crossing',
      kind: 'Crossing',
      listKind: 'CrossingList',
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
          { name: 'Pools', type: 'string', jsonPath: '.spec.pools' },
          { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      },
    ],
  },
};
