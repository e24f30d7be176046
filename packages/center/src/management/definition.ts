import type { CustomResourceDefinition, JSONSchemaProps } from '@skerry/api';
import type { ResourceRef } from '@skerry/client';

export type Schema = JSONSchemaProps;

export interface DefinitionOptions {
  readonly ref: ResourceRef;
  readonly shortNames?: readonly string[];
  readonly description: string;
  readonly spec: Schema;
  readonly status: Schema;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly jsonPath: string }[];
}

/** The definition of one kind of the management API: its spec, its status under a subresource of its own, its columns. */
export function definition(options: DefinitionOptions): CustomResourceDefinition {
  const { ref, shortNames = [], description, spec, status, columns } = options;
  const schema: Schema = {
    type: 'object',
    description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec,
      status,
    },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${ref.resource}.${ref.group}` },
    spec: {
      group: ref.group,
      scope: ref.namespaced ? 'Namespaced' : 'Cluster',
      names: {
        plural: ref.resource,
        singular: ref.kind.toLowerCase(),
        kind: ref.kind,
        listKind: `${ref.kind}List`,
        shortNames: [...shortNames],
      },
      versions: [
        {
          name: ref.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          subresources: { status: {} },
          additionalPrinterColumns: [
            ...columns,
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
        },
      ],
    },
  };
}

export const text: Schema = { type: 'string' };
export const instant: Schema = { type: 'string', format: 'date-time' };

/** Once set, it stays. */
export function fixed(name: string, schema: Schema): Schema {
  return {
    ...schema,
    'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: `${name} can't be changed` }],
  };
}

export const conditions: Schema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['type', 'status'],
    properties: {
      type: text,
      status: text,
      reason: text,
      message: text,
      lastTransitionTime: instant,
    },
  },
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
};
