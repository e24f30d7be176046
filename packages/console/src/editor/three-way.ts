/**
 * Two people changed one object. What only one of them touched is taken from them; what both made different things of is a
 * conflict, for which mine stands until a person chooses. Lists whose items have names are joined by these names.
 */
import { parseDocument } from 'yaml';
import type { Step } from './schema.ts';
import type { KubernetesObject } from './object-text.ts';

export interface Conflict {
  readonly path: readonly Step[];
  readonly base: unknown;
  readonly mine: unknown;
  readonly theirs: unknown;
}

export interface Merged {
  readonly merged: KubernetesObject;
  readonly conflicts: readonly Conflict[];
  /** Places that were taken from them. */
  readonly taken: readonly (readonly Step[])[];
}

interface Three {
  readonly base: unknown;
  readonly mine: unknown;
  readonly theirs: unknown;
}

/** Written by the server; theirs is newer by definition. */
const ofServer: readonly string[] = [
  'status',
  'metadata.resourceVersion',
  'metadata.generation',
  'metadata.managedFields',
  'metadata.uid',
];
const absent = Symbol('absent');

export function mergeThree(three: {
  base: KubernetesObject;
  mine: KubernetesObject;
  theirs: KubernetesObject;
}): Merged {
  const conflicts: Conflict[] = [];
  const taken: (readonly Step[])[] = [];
  const merged = merge(three, [], { conflicts, taken }) as KubernetesObject;
  return { merged, conflicts, taken };
}

interface Found {
  readonly conflicts: Conflict[];
  readonly taken: (readonly Step[])[];
}

function merge({ base, mine, theirs }: Three, path: readonly Step[], found: Found): unknown {
  if (ofServer.includes(path.join('.'))) return theirs === absent ? mine : theirs;
  if (equal(mine, theirs) || equal(base, theirs)) return mine;
  if (isMap(mine) && isMap(theirs))
    return mergeMaps({ base: isMap(base) ? base : {}, mine, theirs }, path, found);
  if (equal(base, mine)) {
    found.taken.push(path);
    return theirs;
  }
  const lists = namedLists({ base, mine, theirs });
  if (lists) return Object.values(mergeMaps(lists, path, found));
  const shown = (value: unknown): unknown => (value === absent ? undefined : value);
  found.conflicts.push({ path, base: shown(base), mine: shown(mine), theirs: shown(theirs) });
  return mine;
}

type Map = Readonly<Record<string, unknown>>;

function mergeMaps(
  { base, mine, theirs }: { base: Map; mine: Map; theirs: Map },
  path: readonly Step[],
  found: Found,
): Map {
  const names = new Set([...Object.keys(mine), ...Object.keys(theirs)]);
  const at = (map: Map, name: string): unknown => (Object.hasOwn(map, name) ? map[name] : absent);
  const entries = [...names].map((name): [string, unknown] => [
    name,
    merge({ base: at(base, name), mine: at(mine, name), theirs: at(theirs, name) }, [...path, name], found),
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== absent));
}

function isMap(value: unknown): value is Map {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function namedLists({ base, mine, theirs }: Three): { base: Map; mine: Map; theirs: Map } | undefined {
  const [one, two, three] = [byName(base === absent ? [] : base), byName(mine), byName(theirs)];
  return one && two && three ? { base: one, mine: two, theirs: three } : undefined;
}

/** @returns the items by their names (a blank before, so that none looks like an index), if each has one of its own */
function byName(list: unknown): Map | undefined {
  if (!Array.isArray(list)) return undefined;
  const named = list.map((item: unknown): [string, unknown] | undefined =>
    isMap(item) && typeof item['name'] === 'string' ? [` ${item['name']}`, item] : undefined,
  );
  if (!named.every((one) => one !== undefined)) return undefined;
  const map = Object.fromEntries(named);
  return Object.keys(map).length === list.length ? map : undefined;
}

export function equal(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => equal(item, other[index]));
  }
  if (!isMap(one) || !isMap(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && equal(one[name], other[name]))
  );
}

/** The object with theirs at the places of some conflicts. */
export function settle(object: KubernetesObject, theirs: readonly Conflict[]): KubernetesObject {
  return theirs.reduce<unknown>(
    (value, conflict) => put(value, conflict.path, conflict.theirs),
    object,
  ) as KubernetesObject;
}

function put(value: unknown, path: readonly Step[], to: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return to;
  if (Array.isArray(value)) {
    return value.map((item: unknown) =>
      isMap(item) && item['name'] === String(step).slice(1) ? put(item, rest, to) : item,
    );
  }
  const { [step]: before, ...others } = isMap(value) ? value : {};
  const after = put(before, rest, to);
  if (after === undefined) return others;
  return { ...(value as Map), [step]: after };
}

/** Puts a changed object into the text it came from: what did not change keeps its comments and its form. */
export function rewrite(text: string, object: KubernetesObject): string {
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
  const write = (before: unknown, after: unknown, path: readonly Step[]): void => {
    if (equal(before, after)) return;
    if (isMap(before) && isMap(after)) {
      for (const name of Object.keys(before))
        if (!Object.hasOwn(after, name)) document.deleteIn([...path, name]);
      for (const [name, value] of Object.entries(after)) write(before[name], value, [...path, name]);
    } else if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
      for (const [index, value] of after.entries()) write(before[index], value, [...path, index]);
    } else document.setIn(path, typeof after === 'object' ? document.createNode(after) : after);
  };
  write(document.toJS(), object, []);
  return document.toString({ lineWidth: 0 });
}
