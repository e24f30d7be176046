/**
 * What belongs to host names, found by name. Patterns: a name; `*.example.com`, any name below; `+.example.com`, a name with one
 * label more, which is what `*.` means in an Ingress; '' for any name.
 */
const labelsMax = 128;

export class HostMap<T> {
  readonly #byPattern = new Map<string, T>();

  get(pattern: string): T | undefined {
    return this.#byPattern.get(pattern);
  }

  getOrAdd(pattern: string, make: () => T): T {
    let found = this.#byPattern.get(pattern);
    if (found === undefined) {
      found = make();
      this.#byPattern.set(pattern, found);
    }
    return found;
  }

  values(): IterableIterator<T> {
    return this.#byPattern.values();
  }

  /** What fits a name, the closest first. */
  *matching(host: string): Generator<T> {
    for (const pattern of patternsFor(host)) {
      const found = this.#byPattern.get(pattern);
      if (found !== undefined) yield found;
    }
  }

  closest(host: string): T | undefined {
    for (const found of this.matching(host)) return found;
    return undefined;
  }
}

function* patternsFor(host: string): Generator<string> {
  if (host !== '') yield host;
  let dot = host.indexOf('.');
  if (dot > 0) yield `+${host.slice(dot)}`;
  for (let labels = 0; dot > 0 && labels < labelsMax; labels++) {
    yield `*${host.slice(dot)}`;
    dot = host.indexOf('.', dot + 1);
  }
  yield '';
}

/** As it stands in a request, without port and case; undefined for what is no name. */
export function hostNameOf(authority: string): string | undefined {
  if (authority.length > 260) return undefined;
  const bracket = authority.startsWith('[') ? authority.indexOf(']') + 1 : 0;
  const colon = authority.indexOf(':', bracket);
  const name = (colon < 0 ? authority : authority.slice(0, colon)).toLowerCase().replace(/\.$/, '');
  return /^[a-z0-9._-]*$/.test(name) || /^\[[0-9a-f:.]+\]$/.test(name) ? name : undefined;
}

/**
 * The names that two patterns have in common, as a pattern; undefined where there are none. Of Gateway API's patterns alone.
 */
export function intersectHosts(first: string, second: string): string | undefined {
  if (first === second || second === '') return first;
  if (first === '') return second;
  if (first.startsWith('*.') && second.endsWith(first.slice(1))) return second;
  if (second.startsWith('*.') && first.endsWith(second.slice(1))) return first;
  return undefined;
}
