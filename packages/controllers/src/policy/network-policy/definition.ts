import type { CustomResourceDefinition, JSONSchemaProps } from '@skerry/api';

const texts: JSONSchemaProps = { type: 'array', items: { type: 'string' } };
/** As in the NetworkPolicy that it comes from, where it was checked. */
const selector: JSONSchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

const rules: JSONSchemaProps = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      ports: {
        type: 'array',
        items: {
          type: 'object',
          required: ['protocol'],
          properties: {
            protocol: { type: 'string', enum: ['TCP', 'UDP', 'SCTP'] as never[] },
            port: { type: 'integer', minimum: 1, maximum: 65_535 },
            endPort: { type: 'integer', minimum: 1, maximum: 65_535 },
            name: { type: 'string' },
          },
        },
      },
      peers: {
        type: 'object',
        properties: {
          addresses: texts,
          blocks: {
            type: 'array',
            items: {
              type: 'object',
              required: ['cidr'],
              properties: { cidr: { type: 'string' }, except: texts },
            },
          },
          selectors: {
            type: 'array',
            items: {
              type: 'object',
              required: ['podSelector'],
              properties: { namespaces: texts, podSelector: selector },
            },
          },
        },
      },
    },
  },
};

/** See `PoolPolicy` of `@skerry/api` for what it is. */
export const poolPolicyCustomResourceDefinition: CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'poolpolicies.network.skerry.io' },
  spec: {
    group: 'network.skerry.io',
    scope: 'Namespaced',
    names: { kind: 'PoolPolicy', listKind: 'PoolPolicyList', plural: 'poolpolicies', singular: 'poolpolicy' },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: ['spec'],
            properties: {
              spec: {
                type: 'object',
                required: ['policy', 'podSelector'],
                properties: {
                  policy: { type: 'string' },
                  podSelector: selector,
                  ingress: rules,
                  egress: rules,
                },
              },
            },
          },
        },
        additionalPrinterColumns: [
          { name: 'Policy', type: 'string', jsonPath: '.spec.policy' },
          { name: 'Pool', type: 'string', jsonPath: '.metadata.labels.apps\\.openyurt\\.io/nodepool' },
        ],
      },
    ],
  },
};
