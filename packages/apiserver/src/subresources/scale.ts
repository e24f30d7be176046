import { ApiError, badRequest, type AnyObject } from '@skerry/api';
import type { Served } from '#registry/kind-table.ts';
import { metadataOf } from '#registry/registry.ts';

/**
 * Where a kind keeps what a Scale shows. Paths are dotted: `.spec.replicas`.
 * `selector` names a LabelSelector, a map of labels, or (for custom resources) a selector's text.
 */
export interface ScalePaths {
  readonly specReplicas: string;
  readonly statusReplicas: string;
  readonly selector?: string;
}

/** Of the built-in kinds that have the subresource. */
export const builtinScalePaths: ScalePaths = {
  specReplicas: '.spec.replicas',
  statusReplicas: '.status.replicas',
  selector: '.spec.selector',
};

export function scaleOf(object: AnyObject, paths: ScalePaths): AnyObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadataOf(object);
  const selector = paths.selector === undefined ? undefined : selectorText(at(object, paths.selector));
  const replicas = at(object, paths.specReplicas);
  const current = at(object, paths.statusReplicas);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: typeof replicas === 'number' ? { replicas } : {},
    status: { replicas: typeof current === 'number' ? current : 0, ...(selector ? { selector } : {}) },
  };
}

/** Writes a Scale's wish into the object it is of. Throws 400 and 422. */
export function scaleInto(served: Served, object: AnyObject, scale: AnyObject, paths: ScalePaths): AnyObject {
  if (scale.kind !== undefined && scale.kind !== 'Scale') {
    throw badRequest(`${scale.kind} cannot be handled as a Scale`);
  }
  const meta = metadataOf(scale);
  const own = metadataOf(object);
  if (meta.name && meta.name !== own.name) {
    throw badRequest(
      `the name of the object (${meta.name}) does not match the name on the URL (${own.name})`,
    );
  }
  setReplicas(object, scale, paths);
  if (meta.resourceVersion) own.resourceVersion = meta.resourceVersion;
  else delete own.resourceVersion;
  if (meta.uid) own.uid = meta.uid;
  return object;
}

/** Throws 422 for a number that is none. */
export function setReplicas(object: AnyObject, scale: AnyObject, paths: ScalePaths): void {
  const replicas = (scale.spec as { replicas?: unknown } | undefined)?.replicas ?? 0;
  const { name } = metadataOf(object);
  if (
    typeof replicas !== 'number' ||
    !Number.isInteger(replicas) ||
    replicas < 0 ||
    replicas > 2_147_483_647
  ) {
    throw new ApiError(
      'Invalid',
      `Scale.autoscaling ${JSON.stringify(name)} is invalid: spec.replicas: Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0`,
      {
        details: {
          name: name,
          group: 'autoscaling',
          kind: 'Scale',
          causes: [
            {
              reason: 'FieldValueInvalid',
              message: `Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0`,
              field: 'spec.replicas',
            },
          ],
        },
      },
    );
  }
  set(object, paths.specReplicas, replicas);
}

function at(object: unknown, path: string): unknown {
  let value = object;
  for (const part of path.split('.').filter(Boolean)) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

function set(object: AnyObject, path: string, value: unknown): void {
  const parts = path.split('.').filter(Boolean);
  let target = object as Record<string, unknown>;
  for (const part of parts.slice(0, -1)) target = (target[part] ??= {}) as Record<string, unknown>;
  target[parts.at(-1)!] = value;
}

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** A LabelSelector, or a map of labels, as the text that clients pass back in `labelSelector`. */
function selectorText(selector: unknown): string | undefined {
  if (typeof selector === 'string') return selector;
  if (typeof selector !== 'object' || selector === null) return undefined;
  const { matchLabels, matchExpressions } = selector as {
    matchLabels?: Record<string, string>;
    matchExpressions?: Requirement[];
  };
  const labels = matchLabels ?? (matchExpressions ? {} : (selector as Record<string, string>));
  const parts = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values = [] } of matchExpressions ?? []) {
    const listed = values.toSorted().join(',');
    if (operator === 'In') parts.push(`${key} in (${listed})`);
    else if (operator === 'NotIn') parts.push(`${key} notin (${listed})`);
    else parts.push(operator === 'Exists' ? key : `!${key}`);
  }
  return parts.sort().join(',');
}
