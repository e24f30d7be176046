import { badRequest, type AnyObject } from '@skerry/api';
import type { Served } from '#registry/kind-table.ts';
import type { FieldValidation } from '#registry/write-options.ts';

export interface Conformance {
  readonly validation: FieldValidation;
  readonly warnings: string[];
}

/**
 * A decoded body as an object of the kind: right `apiVersion` and `kind`, known fields only, of the right types.
 * Throws 400, 422 for custom resources whose values break their schema.
 */
export function conform(served: Served, value: unknown, _how: Conformance): AnyObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest(`the request body is no object of kind ${served.info.kind}`);
  }
  const object = value as AnyObject;
  checkKind(served, object);
  if (object.metadata === undefined || object.metadata === null) object.metadata = {};
  if (typeof object.metadata !== 'object' || Array.isArray(object.metadata)) {
    throw badRequest(
      `${served.info.kind} in version ${JSON.stringify(served.info.version)} cannot be handled as a ${served.info.kind}: metadata is no object`,
    );
  }
  return object;
}

function checkKind(served: Served, object: AnyObject): void {
  const { group, version, kind } = served.info;
  const apiVersion = group ? `${group}/${version}` : version;
  if (object.kind !== undefined && object.kind !== '' && object.kind !== kind) {
    throw badRequest(
      `${String(object.kind)} in version ${JSON.stringify(lastPart(object.apiVersion))} cannot be handled as a ${kind}: the kind of the body does not match the resource of the URL`,
    );
  }
  if (object.apiVersion !== undefined && object.apiVersion !== '' && object.apiVersion !== apiVersion) {
    throw badRequest(
      `the API version in the data (${String(object.apiVersion)}) does not match the expected API version (${apiVersion})`,
    );
  }
}

function lastPart(apiVersion: unknown): string {
  return String(apiVersion ?? '')
    .split('/')
    .at(-1)!;
}
