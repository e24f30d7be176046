/**
 * What two servers can't have in common is given a name by the order in which it is first seen in a case: the first uid is
 * `<uid1>` on either, wherever it comes back. So an answer that repeats the wrong uid or resourceVersion still differs.
 */
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const age = /^\d+[smhd](\d+[smh])?$/;
/** Of the fixed days that cases name; the rest of such an age grows with the calendar. A year has 365 days in it. */
const longAge = /\b(\d+)y(\d+)d\b/g;
const dayMs = 86_400_000;
const clusterAddress = /\b10\.(?:9[6-9]|1[01]\d|12[0-7])\.\d{1,3}\.\d{1,3}\b/g;
/** Of the cluster of two families. */
const clusterAddress6 = /\bfd00:10:96::[0-9a-f]{1,4}\b/g;
const nodePort = /:(3[0-2]\d{3})\b/g;

/** How far a clock or a lifetime may be from the moment of the run for an instant to be the server's own. */
const nearMs = 3 * dayMs;

/** It carries the revision of the whole store, and nothing of an object. */
function endsInitialEvents(object: Record<string, unknown>): boolean {
  const meta = object.metadata as Record<string, unknown> | undefined;
  const annotations = meta?.annotations as Record<string, unknown> | undefined;
  return annotations?.['k8s.io/initial-events-end'] !== undefined;
}

function isIdleBookmark(event: unknown): boolean {
  const { type, object } = (event ?? {}) as { type?: unknown; object?: Record<string, unknown> };
  return type === 'BOOKMARK' && object !== undefined && !endsInitialEvents(object);
}

export class Normalizer {
  readonly #name: string;
  readonly #seen = new Map<string, Map<string, string>>();
  readonly #nowMs: number;

  /** `name` is what `{{ns}}` was in this run. */
  constructor(name: string, nowMs: number) {
    this.#name = name;
    this.#nowMs = nowMs;
  }

  value(value: unknown): unknown {
    return this.#value(value, '');
  }

  text(text: string): string {
    return this.#text(text, '');
  }

  #value(value: unknown, key: string, parent?: Record<string, unknown>): unknown {
    if (typeof value === 'string') return this.#text(value, key, parent);
    if (typeof value === 'number')
      return key === 'nodePort' || key === 'healthCheckNodePort' ? '<port>' : value;
    if (key === 'managedFields' && Array.isArray(value)) return this.#owners(value);
    // Other bookmarks come when they come.
    if (Array.isArray(value))
      return value
        .filter((item) => !isIdleBookmark(item))
        .map((item) => this.#value(item, key === 'cells' ? 'cell' : key));
    if (typeof value !== 'object' || value === null) return value;
    const object = value as Record<string, unknown>;
    const isList = 'items' in object || 'rows' in object || endsInitialEvents(object);
    return Object.fromEntries(
      Object.entries(object)
        .filter(([field]) => field !== 'description' || key !== 'columnDefinitions')
        .map(([field, item]) => [
          this.#text(field, 'key'),
          isList && field === 'metadata' ? this.#listMeta(item) : this.#value(item, field, object),
        ]),
    );
  }

  /** They stand in the order of their times, which may or may not be of the same second. */
  #owners(entries: unknown[]): unknown {
    const texts = entries.map((entry) => JSON.stringify(this.#value(entry, '')));
    const shown = (text: string) => JSON.parse(text) as Record<string, unknown>;
    const order = (text: string) => {
      const { operation, manager, apiVersion, subresource } = shown(text);
      return JSON.stringify([operation, manager, apiVersion, subresource]);
    };
    return texts.sort((a, b) => (order(a) < order(b) ? -1 : 1)).map((text) => shown(text));
  }

  /** A list's revision is that of the whole store, which others write too. */
  #listMeta(meta: unknown): unknown {
    if (typeof meta !== 'object' || meta === null) return meta;
    const { resourceVersion, continue: token, ...rest } = meta as Record<string, unknown>;
    return {
      ...rest,
      ...(resourceVersion === undefined ? {} : { resourceVersion: '<list revision>' }),
      ...(token === undefined ? {} : { continue: token === '' ? '' : '<continue>' }),
    };
  }

  #text(text: string, key: string, parent?: Record<string, unknown>): string {
    if (key === 'serverAddress') return '<address>';
    // It is made from the group, which bears the name of the case.
    if (key === 'storageVersionHash' && parent?.name === 'things') return this.#named('hash', text);
    if (key === 'resourceVersion' && /^\d+$/.test(text) && text !== '0') return this.#named('rv', text);
    if (instant.test(text)) return this.#instant(text);
    if (key === 'cell' && age.test(text)) return '<age>';
    if (text.startsWith('eyJ') && text.split('.').length === 3) return '<token>';
    // How two pods differ is told in the words of the server's own types.
    let result = text
      .replace(/Invalid value: "\{\\"apiVersion(?:[^"\\]|\\.)*"/, 'Invalid value: "<patched object>"')
      .replace(/(Too large resource version: \d+, current: )\d+/, '$1<list revision>')
      .replace(/\n@@ [\s\S]*$/, '')
      .replaceAll(this.#name, '<ns>')
      .replaceAll(uuid, (id) => this.#named('uid', id))
      .replaceAll(/\bkube-api-access-[a-z0-9]{5}\b/g, 'kube-api-access-<suffix>')
      .replaceAll(/\bgen-[a-z0-9]{5}\b/g, (name) => this.#named('gen-', name))
      .replaceAll(
        /StorageError: invalid object, Code: 4, Key: \S+, ResourceVersion: 0, AdditionalErrorMsg: /g,
        '',
      )
      .replaceAll(/in scheme "[^"]*"/g, 'in scheme "<types>"')
      .replaceAll(clusterAddress, (address) => this.#named('ip', address))
      .replaceAll(clusterAddress6, (address) => this.#named('ip6-', address));
    if (key === 'cell')
      result = result
        .replaceAll(nodePort, ':<port>')
        .replaceAll(longAge, (_, years, days) => this.#dayBefore(Number(years) * 365 + Number(days)));
    if (key === 'message' && parent && /resourceVersion|ResourceVersion/.test(text)) {
      result = result.replaceAll(/\b\d+\b/g, (digits) => this.#seen.get('rv')?.get(digits) ?? digits);
    }
    return result;
  }

  #dayBefore(days: number): string {
    return `<since ${new Date(this.#nowMs - days * dayMs).toISOString().slice(0, 10)}>`;
  }

  #instant(text: string): string {
    if (Math.abs(Date.parse(text) - this.#nowMs) > nearMs) return text;
    return text.includes('.') ? '<micro time>' : '<time>';
  }

  #named(family: string, value: string): string {
    const names = this.#seen.get(family) ?? new Map<string, string>();
    this.#seen.set(family, names);
    const name = names.get(value) ?? `<${family}${names.size + 1}>`;
    names.set(value, name);
    return name;
  }
}
