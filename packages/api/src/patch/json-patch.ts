import type { AnyObject } from '../object.ts';
import { ApiError, badRequest } from '../status.ts';
import type { JsonMap } from './json-value.ts';
import { cloneJson, equalJson, getOwn, isDeeperThan, isJsonMap, jsonKind, setOwn } from './json-value.ts';

const operationsMax = 10_000;
/** What `copy` operations may add in all; otherwise a short patch could double a document without end. */
const copiedBytesMax = 3 * 1024 * 1024;
/** Deepest nesting of what comes out: walkers of objects are recursive, and a few copies into themselves would outgrow any stack. */
const depthMax = 200;

/**
 * RFC 6902 as kube-apiserver applies it: all operations or none, negative array indexes count from the end, `test` of a
 * missing key against null passes, `replace` of a missing key adds it, and the whole document can be replaced and tested but
 * not copied, moved or added. The original is not changed.
 * @throws ApiError 400 for a malformed patch, 413 for too many operations, 422 for one that doesn't apply.
 */
export function applyJsonPatch(original: AnyObject, patch: unknown): AnyObject {
  if (!Array.isArray(patch)) {
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type []handlers.jsonPatchOp`,
    );
  }
  if (patch.length > operationsMax) {
    throw new ApiError(
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${operationsMax}, got ${patch.length}`,
    );
  }
  const document = new PatchedDocument(original);
  for (const operation of patch) {
    if (!isJsonMap(operation)) {
      throw badRequest(
        `error decoding patch: json: cannot unmarshal ${jsonKind(operation)} into Go value of type handlers.jsonPatchOp`,
      );
    }
    document.apply(operation);
  }
  if (!isJsonMap(document.root)) throw doesNotApply('the patched document is not an object');
  if (isDeeperThan(document.root, depthMax)) throw tooDeep();
  return document.root;
}

/** The answer says no more than kube-apiserver's does; what exactly failed is the error's cause. */
function doesNotApply(why: string): ApiError {
  return new ApiError('Invalid', 'the server rejected our request due to an error in our request', {
    details: {},
    cause: new Error(why),
  });
}

function tooDeep(): ApiError {
  return doesNotApply(`the patched document is nested deeper than ${depthMax} levels`);
}

class PatchedDocument {
  root: unknown;
  #copiedBytes = 0;

  constructor(original: AnyObject) {
    this.root = cloneJson(original);
  }

  apply(operation: JsonMap): void {
    const kind = getOwn(operation, 'op');
    switch (kind) {
      case 'add':
        return this.#add(pathOf(operation, 'path'), valueOf(operation));
      case 'remove':
        this.#remove(pathOf(operation, 'path'));
        return;
      case 'replace':
        return this.#replace(pathOf(operation, 'path'), valueOf(operation));
      case 'move':
        return this.#add(pathOf(operation, 'path'), this.#remove(pathOf(operation, 'from')));
      case 'copy':
        return this.#copy(pathOf(operation, 'from'), pathOf(operation, 'path'));
      case 'test':
        return this.#test(pathOf(operation, 'path'), getOwn(operation, 'value') ?? null);
      default:
        throw doesNotApply(`Unexpected kind: ${typeof kind === 'string' ? kind : 'unknown'}`);
    }
  }

  #add(path: Pointer, value: unknown): void {
    const { parent, key } = this.#parentOf(path, 'add');
    if (!Array.isArray(parent)) setOwn(parent, key, value);
    else if (key === '-') parent.push(value);
    else parent.splice(indexIn(key, parent.length + 1, path), 0, value);
  }

  #remove(path: Pointer): unknown {
    const { parent, key } = this.#parentOf(path, 'remove');
    if (Array.isArray(parent)) return parent.splice(indexIn(key, parent.length, path), 1)[0];
    if (!Object.hasOwn(parent, key)) {
      throw doesNotApply(
        `error in remove for path: '${path.text}': Unable to remove nonexistent key: ${key}: missing value`,
      );
    }
    const removed = parent[key];
    delete parent[key];
    return removed;
  }

  #replace(path: Pointer, value: unknown): void {
    if (path.keys.length === 0) {
      this.root = value;
      return;
    }
    const { parent, key } = this.#parentOf(path, 'replace');
    if (Array.isArray(parent)) parent[indexIn(key, parent.length, path)] = value;
    else setOwn(parent, key, value);
  }

  #copy(from: Pointer, path: Pointer): void {
    const value = this.#valueAt(from, 'copy') ?? null;
    if (isDeeperThan(value, depthMax)) throw tooDeep();
    this.#copiedBytes += JSON.stringify(value).length;
    if (this.#copiedBytes > copiedBytesMax) {
      throw doesNotApply(
        `Unable to complete the copy, the accumulated size increase of JSON patch is ${this.#copiedBytes}, exceeding the limitation ${copiedBytesMax}`,
      );
    }
    this.#add(path, cloneJson(value));
  }

  #test(path: Pointer, expected: unknown): void {
    const value = path.keys.length === 0 ? this.root : this.#valueAt(path, 'test');
    if (!equalJson(value ?? null, expected))
      throw doesNotApply(`testing value ${path.text} failed: test failed`);
  }

  /** The value at a path whose parent must be there; undefined for a missing key of a map. */
  #valueAt(path: Pointer, operation: string): unknown {
    const { parent, key } = this.#parentOf(path, operation);
    return Array.isArray(parent) ? parent[indexIn(key, parent.length, path)] : getOwn(parent, key);
  }

  /** The value at a path; undefined where there is none. */
  #find(path: Pointer): unknown {
    let value = this.root;
    for (const key of path.keys) {
      if (Array.isArray(value)) value = value[/^-?\d+$/.test(key) ? indexIn(key, value.length, path) : -1];
      else value = isJsonMap(value) ? getOwn(value, key) : undefined;
    }
    return value;
  }

  #parentOf(path: Pointer, operation: string): { parent: JsonMap | unknown[]; key: string } {
    const key = path.keys.at(-1);
    const parent = this.#find({ text: path.text, keys: path.keys.slice(0, -1) });
    if (key === undefined || !(Array.isArray(parent) || isJsonMap(parent))) {
      throw doesNotApply(
        `${operation} operation does not apply: doc is missing path: "${path.text}": missing value`,
      );
    }
    return { parent, key };
  }
}

interface Pointer {
  readonly text: string;
  readonly keys: readonly string[];
}

/** RFC 6901: `/a~1b/0`. */
function pathOf(operation: JsonMap, field: 'path' | 'from'): Pointer {
  const text = getOwn(operation, field);
  if (typeof text !== 'string') throw doesNotApply(`operation missing ${field} field: missing value`);
  if (text === '') return { text, keys: [] };
  if (!text.startsWith('/'))
    throw doesNotApply(`operation does not apply: doc is missing path: "${text}": missing value`);
  const keys = text
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  return { text, keys };
}

function valueOf(operation: JsonMap): unknown {
  if (!Object.hasOwn(operation, 'value')) throw doesNotApply('operation, missing value field: missing value');
  return cloneJson(operation['value']);
}

function indexIn(key: string, length: number, path: Pointer): number {
  if (!/^-?\d+$/.test(key))
    throw doesNotApply(`value was not a proper array index: '${key}' in path '${path.text}'`);
  const index = Number(key) < 0 ? Number(key) + length : Number(key);
  if (index < 0 || index >= length)
    throw doesNotApply(
      `Unable to access invalid index: ${key} in path '${path.text}': invalid index referenced`,
    );
  return index;
}
