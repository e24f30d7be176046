import type { CustomResourceDefinition, KubeObject } from '@skerry/api';
import type { Condition } from '#clusters/cluster.ts';
import { conditions, definition, fixed, text } from '#management/definition.ts';
import { centerResources } from '#management/resources.ts';

/** A component of the catalogue in one cluster: which version, with which values. Deleting the object removes it. */
export interface Component extends KubeObject {
  spec: {
    cluster: string;
    component: string;
    version: string;
    values?: Record<string, unknown>;
    /** One more than before: try again what failed. */
    attempt?: number;
  };
  status?: ComponentStatus;
}

export interface ComponentStatus {
  phase?: 'Working' | 'Installed' | 'Failed' | 'Removing';
  /** Of the specification that was last worked on, to whatever end. */
  observedGeneration?: number;
  /** What is there. */
  installed?: { version: string; values: Record<string, unknown> };
  /** All objects that it made or is about to make, in order: what removing it removes. */
  objects?: ObjectName[];
  conditions?: Condition[];
  task?: string;
}

export interface ObjectName {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
}

export const componentFinalizer = 'center.skerry.io/component';
/** On every object of a component: which one. */
export const componentLabel = 'component.skerry.io/name';

export function componentObjectName(cluster: string, component: string): string {
  return `${cluster}.${component}`;
}

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;

export const componentDefinition: CustomResourceDefinition = definition({
  ref: centerResources.components,
  description: 'A component of the catalogue in one cluster.',
  spec: {
    type: 'object',
    required: ['cluster', 'component', 'version'],
    properties: {
      cluster: fixed('cluster', { type: 'string', minLength: 1, maxLength: 63 }),
      component: fixed('component', { type: 'string', minLength: 1, maxLength: 40 }),
      version: { type: 'string', minLength: 1, maxLength: 32 },
      values: anything,
      attempt: { type: 'integer', minimum: 0 },
    },
  },
  status: {
    type: 'object',
    properties: {
      phase: text,
      observedGeneration: { type: 'integer' },
      installed: { type: 'object', properties: { version: text, values: anything } },
      objects: {
        type: 'array',
        maxItems: 2000,
        items: {
          type: 'object',
          required: ['apiVersion', 'kind', 'name'],
          properties: { apiVersion: text, kind: text, namespace: text, name: text },
        },
      },
      conditions,
      task: text,
    },
  },
  columns: [
    { name: 'Cluster', type: 'string', jsonPath: '.spec.cluster' },
    { name: 'Component', type: 'string', jsonPath: '.spec.component' },
    { name: 'Version', type: 'string', jsonPath: '.status.installed.version' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
  ],
});
