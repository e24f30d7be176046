/** A schema for tests, in the form of the API server's documents. */
import type { Definitions, ObjectSchema } from '../schema.ts';

const definitions: Definitions = {
  Workload: {
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { default: {}, allOf: [{ $ref: '#/components/schemas/Meta' }] },
      spec: { default: {}, allOf: [{ $ref: '#/components/schemas/Spec' }] },
      status: { type: 'object', required: ['observed'], properties: { observed: { type: 'integer' } } },
    },
  },
  Meta: {
    type: 'object',
    properties: {
      name: { type: 'string' },
      generateName: { type: 'string' },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
    },
  },
  Spec: {
    type: 'object',
    required: ['selector', 'containers'],
    properties: {
      replicas: { type: 'integer' },
      paused: { type: 'boolean' },
      selector: { type: 'object', properties: { app: { type: 'string' } } },
      containers: {
        type: 'array',
        items: { default: {}, allOf: [{ $ref: '#/components/schemas/Container' }] },
      },
      strategy: { type: 'string', enum: ['OnDelete', 'RollingUpdate'], description: 'How pods are replaced' },
      port: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  },
  Container: {
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', default: '' },
      image: { type: 'string' },
      imagePullPolicy: { type: 'string', enum: ['Always', 'IfNotPresent', 'Never'] },
      args: { type: 'array', items: { type: 'string' } },
    },
  },
};

export const sampleSchema: ObjectSchema = {
  root: { $ref: '#/components/schemas/Workload' },
  definitions,
};
