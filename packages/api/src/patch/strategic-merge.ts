import type { AnyObject } from '../object.ts';
import type { Schema, SchemaSet } from '../schema.ts';
import { resolveSchema } from '../schema.ts';
import { ApiError, badRequest, unknownError } from '../status.ts';
import { inOrder, mergedOrder } from './list-order.ts';
import type { JsonMap } from './json-value.ts';
import { cloneJson, equalJson, getOwn, isJsonMap, jsonKind, setOwn } from './json-value.ts';

const patchDirective = '$patch';
const retainKeysDirective = '$retainKeys';
const setElementOrderPrefix = '$setElementOrder/';
const deleteFromPrimitiveListPrefix = '$deleteFromPrimitiveList/';

/**
 * Strategic merge: like a JSON merge patch, but lists whose schema says `patchStrategy: merge` merge by their
 * `patchMergeKey` (or as a set, when their elements are scalars), and directives delete, replace, order and retain.
 * Neither input is changed. Fields the schema doesn't know merge as in a JSON merge patch.
 * Rules: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 * @throws ApiError 400 for a malformed patch, 422 for lists of lists, 500 for an item that says not which it is.
 */
export function applyStrategicMergePatch(
  set: SchemaSet,
  schema: Schema,
  original: AnyObject,
  patch: unknown,
): AnyObject {
  if (patch === null) return cloneJson(original);
  if (!isJsonMap(patch)) {
    throw badRequest(
      `json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`,
    );
  }
  return new StrategicMerge(set).map(cloneJson(original), cloneJson(patch), schema);
}

/** Works on private copies, which it changes. */
class StrategicMerge {
  readonly #set: SchemaSet;

  constructor(set: SchemaSet) {
    this.#set = set;
  }

  map(original: JsonMap, patch: JsonMap, schema: Schema | undefined): JsonMap {
    const directive = getOwn(patch, patchDirective);
    if (directive !== undefined) return replacedMap(directive, patch);
    retainKeys(original, patch);
    this.#orderedLists(original, patch, schema);
    for (const key of Object.keys(patch)) this.#field(original, key, patch[key], schema);
    return original;
  }

  #field(original: JsonMap, key: string, patch: unknown, schema: Schema | undefined): void {
    if (key.startsWith(deleteFromPrimitiveListPrefix)) {
      deleteFromList(original, key.slice(deleteFromPrimitiveListPrefix.length), patch);
      return;
    }
    if (patch === null) {
      delete original[key];
      return;
    }
    const held = getOwn(original, key);
    const field = this.#fieldSchema(schema, key);
    if (isJsonMap(held) && isJsonMap(patch)) {
      if (field.replaces) setOwn(original, key, patch);
      else setOwn(original, key, this.map(held, patch, field.schema));
    } else if (Array.isArray(held) && Array.isArray(patch)) {
      setOwn(original, key, this.#list(held, patch, field));
    } else {
      const kept = withoutDirectives(withoutNulls(patch));
      if (kept === dropped) delete original[key];
      else setOwn(original, key, kept);
    }
  }

  #list(held: unknown[], patch: unknown[], field: FieldSchema): unknown[] {
    if (!field.merges) return patch;
    if (held.length === 0 && patch.length === 0) return held;
    requireUniform([...held, ...patch]);
    if (!isJsonMap(held[0] ?? patch[0])) {
      const all = distinct([...held, ...patch]);
      return mergedOrder(all, { first: patch, server: held, keyOf: identity });
    }
    const mergeKey = field.mergeKey;
    if (mergeKey === undefined) throw badRequest('cannot merge lists without merge key');
    const { kept, additions, replace } = this.#directives(held as JsonMap[], patch as JsonMap[], mergeKey);
    if (replace) return additions;
    for (const item of additions) {
      const value = requireMergeKey(item, mergeKey);
      const at = kept.findIndex((other) => equalJson(getOwn(other, mergeKey), value));
      if (at < 0) kept.push(item);
      else kept[at] = this.map(kept[at]!, item, field.items);
    }
    return mergedOrder(kept, {
      first: additions,
      server: held,
      keyOf: (item) => requireMergeKey(item, mergeKey),
    });
  }

  /** Carries out `$patch: delete` and `$patch: replace` elements; what is left is merged. */
  #directives(held: JsonMap[], patch: JsonMap[], mergeKey: string) {
    let kept = [...held];
    const additions: JsonMap[] = [];
    let replace = false;
    for (const item of patch) {
      const directive = getOwn(item, patchDirective);
      if (directive === undefined) additions.push(item);
      else if (directive === 'replace') replace = true;
      else if (directive === 'delete') {
        const value = requireMergeKey(item, mergeKey);
        kept = kept.filter((other) => !equalJson(getOwn(other, mergeKey), value));
      } else if (directive === 'merge')
        throw badRequest('merging lists cannot yet be specified in the patch');
      else throw unknownDirective(directive, item);
    }
    return { kept, additions, replace };
  }

  /** Lists whose order the patch gives: merged here and taken out of the patch. */
  #orderedLists(original: JsonMap, patch: JsonMap, schema: Schema | undefined): void {
    for (const directive of Object.keys(patch)) {
      if (!directive.startsWith(setElementOrderPrefix)) continue;
      const order = patch[directive];
      delete patch[directive];
      const key = directive.slice(setElementOrderPrefix.length);
      const [held, change] = [getOwn(original, key), getOwn(patch, key)];
      if (!Array.isArray(order) || key === '') throw badSetElementOrder();
      if (
        (held !== undefined && !Array.isArray(held)) ||
        (change !== undefined && change !== null && !Array.isArray(change))
      )
        throw badSetElementOrder();
      if (change === null || (held === undefined && change === undefined)) continue;
      const field = this.#fieldSchema(schema, key);
      const keyOf = field.mergeKey ? (item: unknown) => requireMergeKey(item, field.mergeKey!) : identity;
      if (change !== undefined) requireSameOrder(change, order, keyOf);
      let merged = held ?? [];
      if (held !== undefined && change !== undefined) merged = this.#list(held, change, field);
      else if (change !== undefined) merged = withoutDirectives(change) as unknown[];
      setOwn(original, key, mergedOrder(merged, { first: order, server: held ?? [], keyOf }));
      delete patch[key];
    }
  }

  #fieldSchema(schema: Schema | undefined, key: string): FieldSchema {
    const parent = schema && resolveSchema(this.#set, schema);
    const properties = parent?.properties ?? {};
    const declared = Object.hasOwn(properties, key) ? properties[key] : parent?.additionalProperties;
    if (!declared)
      return { schema: undefined, items: undefined, merges: false, replaces: false, mergeKey: undefined };
    const resolved = resolveSchema(this.#set, declared);
    const strategies = (declared.patchStrategy ?? resolved.patchStrategy ?? '').split(',');
    return {
      schema: declared,
      items: resolved.items,
      merges: strategies.includes('merge'),
      replaces: strategies.includes('replace'),
      mergeKey: declared.patchMergeKey ?? resolved.patchMergeKey,
    };
  }
}

interface FieldSchema {
  readonly schema: Schema | undefined;
  readonly items: Schema | undefined;
  readonly merges: boolean;
  readonly replaces: boolean;
  readonly mergeKey: string | undefined;
}

const identity = (item: unknown) => item;

function replacedMap(directive: unknown, patch: JsonMap): JsonMap {
  if (directive === 'delete') return {};
  if (directive !== 'replace') throw unknownDirective(directive, patch);
  delete patch[patchDirective];
  return patch;
}

function unknownDirective(directive: unknown, map: JsonMap): ApiError {
  return badRequest(`unknown patch type: ${String(directive)} in map: ${goMap(map)}`);
}

function badSetElementOrder(): ApiError {
  return badRequest('invalid patch format of setElementOrder list');
}

function retainKeys(original: JsonMap, patch: JsonMap): void {
  const retained = getOwn(patch, retainKeysDirective);
  if (retained === undefined) return;
  delete patch[retainKeysDirective];
  const fault = () => badRequest('invalid patch format of retainKeys');
  if (!Array.isArray(retained)) throw fault();
  for (const key of Object.keys(patch)) {
    if (patch[key] === null || key.startsWith('$')) continue;
    if (!retained.includes(key)) throw fault();
  }
  for (const key of Object.keys(original)) if (!retained.includes(key)) delete original[key];
}

function deleteFromList(original: JsonMap, key: string, values: unknown): void {
  if (key === '') return;
  const held = getOwn(original, key);
  if (!Array.isArray(values)) throw badRequest('invalid patch format of primitive list');
  if (Array.isArray(held))
    setOwn(
      original,
      key,
      held.filter((item) => !values.includes(item)),
    );
}

/** The patch's elements must come in the order that the order directive gives; it may name more. */
function requireSameOrder(patch: unknown[], order: unknown[], keyOf: (item: unknown) => unknown): void {
  if (order.length === 0) return;
  const listed = order.map(keyOf);
  const wanted = patch.filter((item) => !isJsonMap(item) || !Object.hasOwn(item, patchDirective)).map(keyOf);
  if (!inOrder(wanted, listed)) {
    throw badRequest(
      `The order in patch list:\n${goList(patch)}\n doesn't match $setElementOrder list:\n${goList(order)}\n`,
    );
  }
}

function requireMergeKey(item: unknown, mergeKey: string): unknown {
  if (!isJsonMap(item))
    throw badRequest(`expected a map[string]interface {}, but received a ${jsonKind(item)}`);
  const value = getOwn(item, mergeKey);
  if (value === undefined)
    throw unknownError(`map: ${goMap(item)} does not contain declared merge key: ${mergeKey}`);
  return value;
}

function requireUniform(items: unknown[]): void {
  const kinds = new Set(items.map(jsonKind));
  if (kinds.has('array')) {
    throw new ApiError('Invalid', 'the server rejected our request due to an error in our request', {
      details: {},
      cause: new Error('lists of lists are not supported'),
    });
  }
  if (kinds.size > 1) throw badRequest(`list element types are not identical: ${[...kinds].join(', ')}`);
}

const dropped = Symbol('dropped');

/**
 * A patch value that has nothing to merge with: maps with a directive go. What else begins with a dollar stays, as with a
 * stock server, and is an unknown field to whoever reads the object.
 */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map((item) => withoutDirectives(item)).filter((item) => item !== dropped);
  if (!isJsonMap(value)) return value;
  if (Object.hasOwn(value, patchDirective)) return dropped;
  const kept: JsonMap = {};
  for (const key of Object.keys(value)) {
    const inner = withoutDirectives(value[key]);
    if (inner !== dropped) setOwn(kept, key, inner);
  }
  return kept;
}

/** Nulls of fields say nothing where there is nothing to take away. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonMap(value)) return value;
  const kept: JsonMap = {};
  for (const key of Object.keys(value)) if (value[key] !== null) setOwn(kept, key, withoutNulls(value[key]));
  return kept;
}

function distinct(items: unknown[]): unknown[] {
  return [...new Set(items)];
}

/** A patch as Go prints it: `map[spec:map[replicas:3]]` */
export function patchText(patch: unknown): string {
  return goText(patch);
}

function goMap(map: JsonMap): string {
  const entries = Object.keys(map).toSorted();
  return `map[${entries.map((key) => `${key}:${goText(map[key])}`).join(' ')}]`;
}

function goList(items: unknown[]): string {
  return `[${items.map(goText).join(' ')}]`;
}

function goText(value: unknown): string {
  if (Array.isArray(value)) return goList(value);
  if (isJsonMap(value)) return goMap(value);
  return value === null ? '<nil>' : String(value as string | number | boolean);
}
