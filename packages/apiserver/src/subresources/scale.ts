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

/** A Scale as it is read: custom resources that have no replicas have no scale either. Throws 500. */
export function shownScale(served: Served, object: AnyObject, paths: ScalePaths): AnyObject {
  if (served.custom && typeof at(object, paths.specReplicas) !== 'number') {
    const why = `the spec replicas field ${JSON.stringify(paths.specReplicas)} does not exist`;
    throw new ApiError('InternalError', `Internal error occurred: ${why}`, {
      details: { causes: [{ message: why }] },
    });
  }
  return scaleOf(object, paths);
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
  if (meta.namespace && meta.namespace !== own.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  setReplicas(served, object, scale, paths);
  if (meta.resourceVersion) own.resourceVersion = meta.resourceVersion;
  else delete own.resourceVersion;
  if (meta.uid) own.uid = meta.uid;
  return object;
}

/** Throws 400 for a number that is none, 422 for a negative one. What custom resources may have is for their own rules. */
export function setReplicas(served: Served, object: AnyObject, scale: AnyObject, paths: ScalePaths): void {
  const replicas = (scale.spec as { replicas?: unknown } | undefined)?.replicas ?? 0;
  const { name } = metadataOf(object);
  if (!isInt32(replicas)) {
    const found = typeof replicas === 'number' ? `number ${replicas}` : typeof replicas;
    throw badRequest(
      `Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal ${found} into Go struct field ScaleSpec.spec.replicas of type int32`,
    );
  }
  if (replicas < 0 && !served.custom) {
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

function isInt32(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= 2_147_483_647;
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
