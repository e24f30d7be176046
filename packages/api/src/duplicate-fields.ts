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
  const levels: Level[] = [];
  let expectsKey = false;
  for (let at = 0; at < json.length && found.size < reportsMax; at++) {
    const level = levels.at(-1);
    switch (json[at]) {
      case '"': {
        const end = endOfString(json, at);
        if (expectsKey && level?.keys) {
          const key = JSON.parse(json.slice(at, end + 1)) as string;
          level.path = level.base === '' ? key : `${level.base}.${key}`;
          if (level.keys.has(key)) found.add(`duplicate field "${level.path}"`);
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
  return [...found];
}

/** Position of the quote that closes the string which opens at `start`. */
function endOfString(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === '\\') at++;
    else if (json[at] === '"') return at;
  }
  return json.length;
}
