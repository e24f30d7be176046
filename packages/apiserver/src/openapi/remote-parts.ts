/** OpenAPI v2 is one document of everything: parts of other servers' documents are put into this server's. */
export interface RemotePart {
  /** Of the paths that belong to it: `/apis/group/version/`. */
  readonly prefix: string;
  readonly document: {
    readonly paths?: Record<string, unknown>;
    readonly definitions?: Record<string, unknown>;
  };
}

type Document = Record<string, unknown>;

/** A definition that both have, and that says something else, is renamed in the part. */
export function withRemoteParts(own: Document, parts: readonly RemotePart[]): Document {
  if (parts.length === 0) return own;
  const paths = { ...(own['paths'] as Document) };
  const definitions = { ...(own['definitions'] as Document) };
  for (const { prefix, document } of parts) {
    for (const path of Object.keys(paths)) if (isBeneath(path, prefix)) delete paths[path];
    const added = Object.entries(document.paths ?? {}).filter(([path]) => isBeneath(path, prefix));
    const named = namesFor(definitions, document.definitions ?? {}, added);
    for (const [path, item] of added) paths[path] = renamed(item, named);
    for (const [name, newName] of named) definitions[newName] = renamed(document.definitions?.[name], named);
  }
  return { ...own, paths, definitions };
}

function isBeneath(path: string, prefix: string): boolean {
  return `${path}/`.startsWith(prefix);
}

/** The definitions that `used` needs, by the names that they get here. */
function namesFor(known: Document, given: Document, used: unknown): Map<string, string> {
  const names = new Map<string, string>();
  const waiting = references(used);
  for (const name of waiting) {
    if (names.has(name) || !Object.hasOwn(given, name)) continue;
    names.set(name, freeName(known, name, given[name]));
    for (const next of references(given[name])) waiting.add(next);
  }
  return names;
}

function freeName(known: Document, name: string, definition: unknown): string {
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? name : `${name}_v${count}`;
    if (!Object.hasOwn(known, candidate)) return candidate;
    if (JSON.stringify(known[candidate]) === JSON.stringify(definition)) return candidate;
  }
}

const reference = /"\$ref":"#\/definitions\/([^"]+)"/g;

function references(value: unknown): Set<string> {
  return new Set([...JSON.stringify(value ?? null).matchAll(reference)].map(([, name]) => name!));
}

function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  const text = JSON.stringify(value).replace(
    reference,
    (_whole, name: string) => `"$ref":"#/definitions/${names.get(name) ?? name}"`,
  );
  return JSON.parse(text) as unknown;
}
