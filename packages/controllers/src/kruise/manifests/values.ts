/** What can be set of the component, and the ConfigMap that carries it to where the component runs. */
import type { ConfigMap, JSONSchemaProps } from '@skerry/api';
import { featureGateDefaults } from '#kruise/feature-gates.ts';
import { componentLabels } from '#kruise/manifests/labels.ts';
import { kruiseNamespace } from '#kruise/manifests/namespaces.ts';

export interface OpenKruiseValues {
  /** `Name=true,Other=false`, as the chart of OpenKruise has it. */
  readonly featureGates?: string;
}

const gates = Object.entries(featureGateDefaults).map(([name, value]) => `${name} (${value})`);

export const openKruiseValuesSchema: JSONSchemaProps = {
  type: 'object',
  properties: {
    featureGates: {
      type: 'string',
      default: '',
      description: `Features to switch, as Name=true,Other=false. Known, with what they are unless set: ${gates.join(', ')}.`,
    },
  },
};

export const settingsName = 'kruise-manager-config';

export function settingsConfigMap({ featureGates = '' }: OpenKruiseValues): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: settingsName, namespace: kruiseNamespace, labels: { ...componentLabels } },
    data: { featureGates },
  };
}
