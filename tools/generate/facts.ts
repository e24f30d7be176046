import { readFileSync } from 'node:fs';

/**
 * What the client's models don't carry: full type names, list types and merge keys, which strings are quantities, what is
 * served where. Tables of facts about Kubernetes 1.36, one per file in `data/`, tab separated, without a header line.
 */
export interface ListFact {
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  readonly mapType?: 'atomic' | 'granular';
}

export interface TypeFacts {
  /** Full names: `io.k8s.api.core.v1.Pod`. */
  readonly types: ReadonlyMap<string, { readonly mapType?: 'atomic' | 'granular' }>;
  /** `<full name>.<field>` of fields whose values are quantities. */
  readonly quantities: ReadonlySet<string>;
  /** By `<full name>.<field>`. */
  readonly lists: ReadonlyMap<string, ListFact>;
  /** By `<full name>.<field>`: the values that the field may take. */
  readonly enums: ReadonlyMap<string, readonly string[]>;
  /** By `<full name>.<field>`: what stands for an absent value where a list is keyed by the field. */
  readonly defaults: ReadonlyMap<string, unknown>;
  /** By `<full name>.<field>`, of fields that needn't be given: what is told in place of nothing. */
  readonly unset: ReadonlyMap<string, unknown>;
}

/** A row of `kubernetes-resources.tsv`: one resource or subresource of one version. */
export interface ResourceFact {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespaced: boolean;
  readonly body: { readonly group: string; readonly version: string; readonly kind: string };
  /** HTTP-level actions: `list`, `post`, `put`, `connect`. */
  readonly actions: readonly { readonly action: string; readonly method: string }[];
}

/** Names that no specification document carries. */
export interface KindNameFact {
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly generation: boolean;
  readonly selectableFields: readonly string[];
}

function rows(file: string): string[][] {
  const text = readFileSync(new URL(`data/${file}`, import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

function list(text: string | undefined, separator = ','): string[] {
  return text ? text.split(separator) : [];
}

function mapType(text: string | undefined): 'atomic' | 'granular' | undefined {
  return text === 'atomic' || text === 'granular' ? text : undefined;
}

function listType(text: string | undefined): 'atomic' | 'set' | 'map' | undefined {
  return text === 'atomic' || text === 'set' || text === 'map' ? text : undefined;
}

/** `core/v1` and `Pod` → `io.k8s.api.core.v1.Pod`. */
function fullName(groupVersion: string, type: string): string {
  const [group, version] = groupVersion.split('/');
  return group === 'meta'
    ? `io.k8s.apimachinery.pkg.apis.meta.${version}.${type}`
    : `io.k8s.api.${group}.${version}.${type}`;
}

export function readTypeFacts(): TypeFacts {
  const types = new Map<string, { mapType?: 'atomic' | 'granular' }>();
  const quantities = new Set<string>();
  const lists = new Map<string, ListFact>();
  for (const [kind, name = '', field = '', ...rest] of rows('kubernetes-types.tsv')) {
    if (kind === 'type') types.set(name, { mapType: mapType(rest[0]) });
    if (kind === 'value' && rest[0] === 'quantity') quantities.add(`${name}.${field}`);
    if (kind === 'list')
      lists.set(`${name}.${field}`, {
        listType: listType(rest[0]),
        listMapKeys: rest[1] ? list(rest[1], '+') : undefined,
        patchStrategy: rest[2] || undefined,
        patchMergeKey: rest[3] || undefined,
      });
  }
  for (const row of rows('kubernetes-list-types.tsv')) {
    const [groupVersion = '', type = '', field = '', , strategy, mergeKey, kind, keys, map] = row;
    lists.set(`${fullName(groupVersion, type)}.${field}`, {
      patchStrategy: strategy || undefined,
      patchMergeKey: mergeKey || undefined,
      listType: listType(kind),
      listMapKeys: keys ? list(keys) : undefined,
      mapType: mapType(map),
    });
  }
  const enums = new Map<string, readonly string[]>();
  for (const [name = '', field = '', values] of rows('kubernetes-enums.tsv'))
    enums.set(`${name}.${field}`, list(values));
  const defaults = new Map<string, unknown>();
  for (const [name = '', field = '', value = 'null'] of rows('kubernetes-key-defaults.tsv'))
    defaults.set(`${name}.${field}`, JSON.parse(value));
  const unset = new Map<string, unknown>();
  for (const [name = '', field = '', value = 'null'] of rows('kubernetes-unset.tsv'))
    unset.set(`${name}.${field}`, JSON.parse(value));
  return { types, quantities, lists, enums, defaults, unset };
}

function groupVersionOf(text: string): { group: string; version: string } {
  const slash = text.indexOf('/');
  return slash < 0
    ? { group: '', version: text }
    : { group: text.slice(0, slash), version: text.slice(slash + 1) };
}

export function readResourceFacts(): ResourceFact[] {
  return rows('kubernetes-resources.tsv').map(([where = '', scope, body = '', actions]) => {
    const [groupVersion = '', names = ''] = where.split(' ');
    const [resource = '', subresource = ''] = names.split('/');
    const [bodyVersion = '', kind = ''] = body.split(' ');
    return {
      ...groupVersionOf(groupVersion),
      resource,
      subresource,
      namespaced: scope === 'ns',
      body: { ...groupVersionOf(bodyVersion), kind },
      actions: list(actions).map((pair) => {
        const [action = '', method = ''] = pair.split(':');
        return { action, method };
      }),
    };
  });
}

/** By `<group>/<resource>`. */
export function readKindNameFacts(): Map<string, KindNameFact> {
  return new Map(
    rows('kubernetes-kind-names.tsv').map(
      ([group = '', resource = '', short, categories, generation, fields]) => [
        `${group}/${resource}`,
        {
          shortNames: list(short),
          categories: list(categories),
          generation: generation === 'generation',
          selectableFields: list(fields),
        },
      ],
    ),
  );
}
