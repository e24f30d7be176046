/** From a kind's schemas to its CustomResourceDefinition. Both versions are served; v1beta1 is stored. */
import type { CustomResourceDefinition, JSONSchemaProps } from '@skerry/api';
import { kruiseGroup } from '#kruise/kinds/refs.ts';
import { componentLabels } from '#kruise/manifests/labels.ts';

type Version = CustomResourceDefinition['spec']['versions'][number];
export type PrinterColumn = NonNullable<Version['additionalPrinterColumns']>[number];

export interface KruiseKind {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  readonly scope?: 'Namespaced' | 'Cluster';
  readonly description: string;
  /** `spec` and `status` of each version. */
  readonly schemas: Readonly<
    Record<'v1alpha1' | 'v1beta1', { readonly spec: JSONSchemaProps; readonly status: JSONSchemaProps }>
  >;
  readonly columns: readonly PrinterColumn[];
  readonly conversion?: CustomResourceDefinition['spec']['conversion'];
}

export const ageColumn: PrinterColumn = {
  name: 'AGE',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'When the object was made.',
};

export const countColumn = (name: string, field: string, description: string): PrinterColumn => ({
  name,
  type: 'integer',
  jsonPath: `.status.${field}`,
  description,
});

export function kruiseDefinition(kind: KruiseKind): CustomResourceDefinition {
  const version = (name: 'v1alpha1' | 'v1beta1'): Version => ({
    name,
    served: true,
    storage: name === 'v1beta1',
    schema: {
      openAPIV3Schema: {
        type: 'object',
        description: kind.description,
        properties: {
          apiVersion: { type: 'string', description: 'Group and version of this form of the object.' },
          kind: { type: 'string', description: 'The kind of the object.' },
          metadata: { type: 'object' },
          spec: kind.schemas[name].spec,
          status: kind.schemas[name].status,
        },
      },
    },
    subresources: { status: {} },
    additionalPrinterColumns: [...kind.columns],
  });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${kruiseGroup}`, labels: { ...componentLabels } },
    spec: {
      group: kruiseGroup,
      scope: kind.scope ?? 'Namespaced',
      names: {
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        ...(kind.shortNames ? { shortNames: [...kind.shortNames] } : {}),
      },
      versions: [version('v1alpha1'), version('v1beta1')],
      ...(kind.conversion ? { conversion: kind.conversion } : {}),
    },
  };
}
