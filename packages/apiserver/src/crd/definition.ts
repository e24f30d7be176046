import type { AnyObject } from '@skerry/api';
import type { WebhookClientConfig } from '#outgoing/webhook-caller.ts';

/** A CustomResourceDefinition, as far as serving it reads it. */
export interface Definition extends AnyObject {
  spec: {
    group: string;
    scope: 'Namespaced' | 'Cluster';
    names: DefinitionNames;
    versions: DefinitionVersion[];
    preserveUnknownFields?: boolean;
    conversion?: {
      strategy?: string;
      webhook?: { clientConfig?: WebhookClientConfig; conversionReviewVersions: string[] };
    };
  };
  status?: {
    conditions?: DefinitionCondition[];
    acceptedNames?: DefinitionNames;
    storedVersions?: string[];
  };
}

export interface DefinitionNames {
  plural: string;
  singular?: string;
  kind: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}

export interface DefinitionVersion {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: Record<string, unknown> };
  subresources?: {
    status?: object;
    scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string };
  };
  additionalPrinterColumns?: {
    name: string;
    type: string;
    format?: string;
    description?: string;
    priority?: number;
    jsonPath: string;
  }[];
  selectableFields?: { jsonPath: string }[];
}

export interface DefinitionCondition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';
export const definitions = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' };

export function isEstablished(definition: Definition): boolean {
  return conditionOf(definition, 'Established')?.status === 'True';
}

export function conditionOf(definition: Definition, type: string): DefinitionCondition | undefined {
  return definition.status?.conditions?.find((condition) => condition.type === type);
}

/** In place; `lastTransitionTime` moves only when the status does. True when anything changed. */
export function setCondition(definition: Definition, wanted: DefinitionCondition, now: string): boolean {
  const status = (definition.status ??= {});
  const conditions = (status.conditions ??= []);
  const present = conditions.find(({ type }) => type === wanted.type);
  if (
    present &&
    present.status === wanted.status &&
    present.reason === wanted.reason &&
    present.message === wanted.message
  ) {
    return false;
  }
  const moved = present?.status === wanted.status ? present.lastTransitionTime : now;
  const next = { ...wanted, lastTransitionTime: moved };
  if (present) conditions[conditions.indexOf(present)] = next;
  else conditions.push(next);
  return true;
}
