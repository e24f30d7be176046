/**
 * What is wrong with a document, as far as its schema tells: unknown fields, wrong types, values that aren't allowed, what is
 * missing. The server has the last word; this says it while one types, at the place where it stands.
 */
import { isAlias, isMap, isPair, isScalar, isSeq, type Document } from 'yaml';
import {
  fieldOf,
  isOpen,
  requiredOf,
  resolve,
  typesOf,
  typeText,
  type ObjectSchema,
  type Schema,
} from './schema.ts';
import { keyText, rangeOfNode, typeOf } from './yaml-text.ts';

export type FaultCode =
  | 'syntax'
  | 'tooDeep'
  | 'notAnObject'
  | 'noApiVersion'
  | 'noKind'
  | 'noName'
  | 'unknownKind'
  | 'unknownField'
  | 'wrongType'
  | 'notAllowed'
  | 'missing'
  | 'null';

export interface Fault {
  readonly from: number;
  readonly to: number;
  readonly severity: 'error' | 'warning';
  readonly code: FaultCode;
  /** For its wording. */
  readonly values: Readonly<Record<string, string>>;
}

/** Shown at once; a document in which everything is wrong is not helped by more. */
const faultsMax = 100;

type Report = (node: unknown, fault: Omit<Fault, 'from' | 'to'>) => void;

export function lintSyntax(document: Document): readonly Fault[] {
  return document.errors.slice(0, faultsMax).map(({ pos, message }) => ({
    from: pos[0],
    to: Math.max(pos[1], pos[0] + 1),
    severity: 'error',
    code: 'syntax',
    values: { message },
  }));
}

/** @param schema undefined where the cluster doesn't know the kind, or before it is known */
export function lintDocument(
  document: Document,
  schema: ObjectSchema | 'unknown' | undefined,
): readonly Fault[] {
  const faults: Fault[] = [...lintSyntax(document)];
  const report: Report = (node, fault) => {
    const [from, to] = rangeOfNode(node) ?? [0, 0];
    if (faults.length < faultsMax) faults.push({ from, to: Math.max(to, from + 1), ...fault });
  };
  const { contents } = document;
  if (!isMap(contents)) {
    if (contents !== null && faults.length === 0)
      report(contents, { severity: 'error', code: 'notAnObject', values: {} });
    return faults;
  }
  const { apiVersion, kind } = typeOf(document);
  const first = contents.items[0]?.key;
  if (apiVersion === undefined) report(first, { severity: 'error', code: 'noApiVersion', values: {} });
  if (kind === undefined) report(first, { severity: 'error', code: 'noKind', values: {} });
  if (schema === 'unknown') {
    const at = contents.get('kind', true) ?? first;
    report(at, {
      severity: 'warning',
      code: 'unknownKind',
      values: { apiVersion: apiVersion ?? '', kind: kind ?? '' },
    });
  } else if (schema) {
    lintMetadata(contents.get('metadata', true), first, report);
    lintNode(contents, schema.root, { schema, report, depth: 0 });
  }
  return faults;
}

function lintMetadata(metadata: unknown, first: unknown, report: Report): void {
  if (isMap(metadata) && (metadata.has('name') || metadata.has('generateName'))) return;
  if (isMap(metadata) || metadata === undefined || (isScalar(metadata) && metadata.value === null)) {
    report(isMap(metadata) ? (metadata.items[0]?.key ?? metadata) : first, {
      severity: 'error',
      code: 'noName',
      values: {},
    });
  }
}

interface Walk {
  readonly schema: ObjectSchema;
  readonly report: Report;
  readonly depth: number;
}

function lintNode(node: unknown, unresolved: Schema, walk: Walk): void {
  const schema = resolve(unresolved, walk.schema.definitions);
  if (node === null || isAlias(node)) return;
  const expected = typesOf(schema);
  const actual = jsonTypeOf(node);
  if (actual === 'null' || actual === undefined) return;
  if (!accepts(expected, actual)) {
    const values = { expected: typeText(schema, walk.schema.definitions), actual };
    walk.report(node, { severity: 'error', code: 'wrongType', values });
    return;
  }
  if (isMap(node)) lintMap(node, schema, walk);
  else if (isSeq(node) && schema.items) {
    for (const item of node.items) lintNode(item, schema.items, walk);
  } else if (isScalar(node) && schema.enum && !schema.enum.includes(node.value)) {
    const values = { value: String(node.value), allowed: schema.enum.map(String).join(', ') };
    walk.report(node, { severity: 'error', code: 'notAllowed', values });
  }
}

function lintMap(node: { items: readonly unknown[] }, schema: Schema, walk: Walk): void {
  const open = isOpen(schema);
  const names = new Set<string>();
  for (const pair of node.items) {
    if (!isPair(pair)) continue;
    const name = keyText(pair);
    names.add(name);
    // The server writes the status; what stands there isn't read from here.
    if (walk.depth === 0 && name === 'status') continue;
    const field = fieldOf(schema, name);
    if (field) lintNode(pair.value, field, { ...walk, depth: walk.depth + 1 });
    else if (!open && name !== '<<') {
      const near = nearest(name, Object.keys(schema.properties ?? {}));
      walk.report(pair.key, { severity: 'error', code: 'unknownField', values: { name, near: near ?? '' } });
    }
  }
  if (names.has('<<')) return;
  const missing = requiredOf(schema).filter(
    (name) => !names.has(name) && !(walk.depth === 0 && name === 'status'),
  );
  if (missing.length === 0) return;
  const first = node.items[0];
  const at = isPair(first) ? first.key : node;
  walk.report(at, { severity: 'error', code: 'missing', values: { names: missing.join(', ') } });
}

type Actual = 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'null';

function jsonTypeOf(node: unknown): Actual | undefined {
  if (isMap(node)) return 'object';
  if (isSeq(node)) return 'array';
  if (!isScalar(node)) return undefined;
  const { value } = node;
  if (value === null) return 'null';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value === 'boolean') return 'boolean';
  return 'string';
}

function accepts(expected: readonly string[], actual: Actual): boolean {
  return (
    expected.length === 0 ||
    expected.includes(actual) ||
    (actual === 'integer' && expected.includes('number'))
  );
}

/** The known name that is meant, if one differs by little. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(name.length / 4));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const one of known) {
    if (Math.abs(one.length - name.length) > limit) continue;
    const distance = editDistance(name.toLowerCase(), one.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [one, distance];
  }
  return best;
}

function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let at = 1; at <= one.length; at++) {
    const next = [at];
    for (let index = 1; index <= other.length; index++) {
      const changed = (row[index - 1] ?? 0) + (one[at - 1] === other[index - 1] ? 0 : 1);
      next[index] = Math.min(changed, (row[index] ?? 0) + 1, (next[index - 1] ?? 0) + 1);
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
