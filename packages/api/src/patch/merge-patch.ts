import type { AnyObject } from '../object.ts';
import { badRequest } from '../status.ts';
import { cloneJson, equalJson, isJsonMap, jsonKind, setOwn } from './json-value.ts';

/**
 * RFC 7386: objects merge, null removes, everything else (lists too) replaces. Neither input is changed.
 * @throws ApiError 400 when the patch is no object.
 */
export function applyMergePatch(original: AnyObject, patch: unknown): AnyObject {
  if (patch === null) throw badRequest('Invalid JSON Patch');
  if (!isJsonMap(patch)) {
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`,
    );
  }
  return merged(original, patch) as AnyObject;
}

function merged(original: unknown, patch: unknown): unknown {
  if (!isJsonMap(patch)) return cloneJson(patch);
  const result = isJsonMap(original) ? { ...original } : {};
  for (const key of Object.keys(patch)) {
    if (patch[key] === null) delete result[key];
    else setOwn(result, key, merged(Object.hasOwn(result, key) ? result[key] : undefined, patch[key]));
  }
  return result;
}

/** The merge patch that turns `before` into `after`: `applyMergePatch(before, createMergePatch(before, after))` is `after`. */
export function createMergePatch(before: AnyObject, after: AnyObject): AnyObject {
  return difference(before, after) as AnyObject;
}

function difference(before: unknown, after: unknown): unknown {
  if (!isJsonMap(before) || !isJsonMap(after)) return cloneJson(after);
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) setOwn(patch, key, null);
  for (const key of Object.keys(after)) {
    if (!Object.hasOwn(before, key)) setOwn(patch, key, cloneJson(after[key]));
    else if (!equalJson(before[key], after[key])) setOwn(patch, key, difference(before[key], after[key]));
  }
  return patch;
}
