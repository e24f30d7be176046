/**
 * Finds fields that a JSON text gives twice in one object: parsing keeps the last and says nothing, and
 * `fieldValidation` wants them told. One pass over a text that has been parsed already, so it is known to be JSON.
 *
 * Returns `duplicate field "spec.replicas"`, for `earlierFaults` of `decodeObject`; list positions as in paths of unknown
 * fields. At most `reportsMax`.
 */
const reportsMax = 100;

interface Level {
  /** Undefined for a list. */
  readonly keys: Set<string> | undefined;
  /** Path of what stands here now: a field's, or an element's. */
  path: string;
  readonly base: string;
  index: number;
}

export function duplicateFields(json: string): string[] {
  const found = new Set<string>();
  for (const { path, doubled } of fieldsOf(json)) {
    if (doubled) found.add(`duplicate field "${path}"`);
    if (found.size >= reportsMax) break;
  }
  return [...found];
}

/**
 * Compares what a strict reader holds against a text by where it stands there: readers of JSON tell faults as they come by
 * them. The text is gone through at the first question.
 */
export function faultOrder(json: string): (a: string, b: string) => number {
  let places: Map<string, number> | undefined;
  const placeOf = (fault: string) => {
    if (!places) {
      places = new Map();
      for (const { path, doubled } of fieldsOf(json)) {
        const text = `${doubled ? 'duplicate' : 'unknown'} field "${path}"`;
        if (!places.has(text)) places.set(text, places.size);
      }
    }
    return places.get(fault) ?? places.size;
  };
  return (a, b) => placeOf(a) - placeOf(b);
}

/** Fields in the order of the text; `doubled` where their object has named them before. */
function* fieldsOf(json: string): Generator<{ readonly path: string; readonly doubled: boolean }> {
  const levels: Level[] = [];
  let expectsKey = false;
  for (let at = 0; at < json.length; at++) {
    const level = levels.at(-1);
    switch (json[at]) {
      case '"': {
        const end = endOfString(json, at);
        if (expectsKey && level?.keys) {
          const key = JSON.parse(json.slice(at, end + 1)) as string;
          level.path = level.base === '' ? key : `${level.base}.${key}`;
          yield { path: level.path, doubled: level.keys.has(key) };
          level.keys.add(key);
          expectsKey = false;
        }
        at = end;
        break;
      }
      case '{':
      case '[': {
        const object = json[at] === '{';
        const base = level?.path ?? '';
        levels.push({
          keys: object ? new Set() : undefined,
          base,
          path: object ? base : `${base}[0]`,
          index: 0,
        });
        expectsKey = object;
        break;
      }
      case '}':
      case ']':
        levels.pop();
        expectsKey = false;
        break;
      case ',':
        if (!level) break;
        expectsKey = level.keys !== undefined;
        if (!expectsKey) level.path = `${level.base}[${++level.index}]`;
        break;
      default:
        break;
    }
  }
}

/** Position of the quote that closes the string which opens at `start`. */
function endOfString(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === '\\') at++;
    else if (json[at] === '"') return at;
  }
  return json.length;
}
