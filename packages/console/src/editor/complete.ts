/**
 * What can be written at a place of a YAML text. A mark is put where the cursor is, as a key or as a value, and the text is
 * parsed with it: so the parser says in which mapping the cursor stands, also in an empty one and in an item of a list that has
 * only its dash, whatever else is broken.
 */
import { isMap, isPair, isScalar, parseDocument, visit, type Document } from 'yaml';
import {
  requiredOf,
  resolve,
  schemaAt,
  typesOf,
  typeText,
  type ObjectSchema,
  type Schema,
  type Step,
} from './schema.ts';
import { checkedLengthMax, keyText, pieceAt, splitDocuments, typeOf, type TypeMeta } from './yaml-text.ts';

export interface Suggestion {
  readonly label: string;
  /** What is written: for a key with its colon, and for what has fields with a new line. */
  readonly insert: string;
  readonly kind: 'field' | 'value' | 'type';
  readonly detail: string;
  readonly isRequired: boolean;
  readonly schema?: Schema;
}

export interface Place {
  readonly type: Partial<TypeMeta>;
  readonly path: readonly Step[];
  /** In a key: what stands beside it. In a value: whose. */
  readonly at: { readonly key: true; readonly siblings: readonly string[] } | { readonly key: false };
  /** What is typed already, from where. */
  readonly from: number;
  readonly typed: string;
  readonly indent: number;
  /** A key alone on its line, so that a colon has to be written too. */
  readonly needsColon: boolean;
}

const mark = 'cursor\u{E000}';

export function placeAt(text: string, position: number): Place | undefined {
  const piece = pieceAt(splitDocuments(text), position);
  if (!piece || piece.text.length > checkedLengthMax) return undefined;
  const at = position - piece.from;
  const lineStart = piece.text.lastIndexOf('\n', at - 1) + 1;
  const newline = piece.text.indexOf('\n', at);
  const lineEnd = newline === -1 ? piece.text.length : newline;
  const before = piece.text.slice(lineStart, at);
  const after = piece.text.slice(at, lineEnd);
  if (/^\s*#|\s#/.test(before)) return undefined;
  const value = /^(\s*(?:- +)*(?:"[^"]*"|'[^']*'|[^\s:'"#][^:#]*?):\s+)(["']?)([^"']*)$/.exec(before);
  const head = piece.text.slice(0, lineStart);
  const tail = piece.text.slice(lineEnd);
  if (value) {
    const [, lead = '', , typed = ''] = value;
    return placed({
      text: `${head}${lead}${mark}${tail}`,
      from: position - typed.length,
      typed,
      isKey: false,
      indent: 0,
      needsColon: false,
    });
  }
  const [, lead = '', typed = ''] = /^(\s*(?:- *)*)(.*)$/.exec(before) ?? [];
  if (/[\s:{}[\],]/.test(typed)) return undefined;
  const dashes = lead.replace(/-(?! )/g, '- ');
  const needsColon = !/^[\w./-]*\s*:/.test(after);
  return placed({
    text: `${head}${dashes}${mark}: 0${tail}`,
    from: position - typed.length,
    typed,
    isKey: true,
    indent: dashes.length,
    needsColon,
  });
}

function placed({
  text,
  isKey,
  ...rest
}: {
  text: string;
  isKey: boolean;
  from: number;
  typed: string;
  indent: number;
  needsColon: boolean;
}): Place | undefined {
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent', uniqueKeys: false });
  const found = findMark(document);
  if (!found) return undefined;
  const { path, siblings } = found;
  return { type: typeOf(document), path, at: isKey ? { key: true, siblings } : { key: false }, ...rest };
}

function findMark(document: Document): { path: readonly Step[]; siblings: readonly string[] } | undefined {
  let found: { path: readonly Step[]; siblings: readonly string[] } | undefined;
  visit(document, {
    Scalar(key, node, ancestors) {
      if (node.value !== mark) return undefined;
      const steps = pathOf(ancestors, key === 'key' ? undefined : node);
      const map = ancestors.findLast((one) => isMap(one));
      const siblings = isMap(map)
        ? map.items.map((pair) => keyText(pair)).filter((name) => name !== mark)
        : [];
      found = { path: steps, siblings };
      return visit.BREAK;
    },
  });
  return found;
}

function pathOf(ancestors: readonly unknown[], last: unknown): Step[] {
  const steps: Step[] = [];
  const chain = [...ancestors, last];
  for (const [index, node] of ancestors.entries()) {
    if (isPair(node)) {
      // The pair whose key is the cursor itself leads nowhere.
      if (!(isScalar(node.key) && node.key.value === mark)) steps.push(keyText(node));
    } else if (typeof node === 'object' && node !== null && 'items' in node && !isMap(node)) {
      const child = (node.items as unknown[]).indexOf(chain[index + 1]);
      if (child >= 0) steps.push(child);
    }
  }
  return steps;
}

/** Kinds that the cluster has, for `apiVersion` and `kind`. */
export type KnownTypes = readonly TypeMeta[];

export function suggest(
  place: Place,
  schema: ObjectSchema | undefined,
  known: KnownTypes,
): readonly Suggestion[] {
  if (place.path.length <= 1) {
    const types = suggestTypes(place, known);
    if (types) return types;
  }
  if (!schema) return place.at.key && place.path.length === 0 ? rootFields(place) : [];
  const found = schemaAt(schema, place.path);
  if (!found) return [];
  return place.at.key ? suggestFields(found, place, schema) : suggestValues(found);
}

function suggestTypes({ at, path, type }: Place, known: KnownTypes): readonly Suggestion[] | undefined {
  const [name] = path;
  if (at.key || (name !== 'apiVersion' && name !== 'kind')) return undefined;
  const fits = known.filter((one) =>
    name === 'apiVersion'
      ? type.kind === undefined || type.kind === '' || one.kind === type.kind
      : type.apiVersion === undefined || type.apiVersion === '' || one.apiVersion === type.apiVersion,
  );
  const choices = new Map<string, string>();
  for (const one of fits) {
    choices.set(one[name], name === 'kind' ? one.apiVersion : '');
  }
  return [...choices].map(([label, detail]) => ({
    label,
    insert: label,
    kind: 'type',
    detail,
    isRequired: false,
  }));
}

function rootFields({ at }: Place): readonly Suggestion[] {
  const siblings = at.key ? at.siblings : [];
  return ['apiVersion', 'kind', 'metadata']
    .filter((name) => !siblings.includes(name))
    .map((label) => ({ label, insert: `${label}: `, kind: 'field', detail: '', isRequired: true }));
}

function suggestFields(schema: Schema, place: Place, { definitions }: ObjectSchema): readonly Suggestion[] {
  const { at, needsColon, indent } = place;
  const siblings = at.key ? at.siblings : [];
  const required = requiredOf(schema);
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => !siblings.includes(name) && !(place.path.length === 0 && name === 'status'))
    .map(([name, unresolved]): Suggestion => {
      const field = resolve(unresolved, definitions);
      return {
        label: name,
        insert: needsColon ? `${name}:${afterColon(field, indent)}` : name,
        kind: 'field',
        detail: typeText(field, definitions),
        isRequired: required.includes(name),
        schema: field,
      };
    });
}

function afterColon(schema: Schema, indent: number): string {
  const inner = `\n${' '.repeat(indent + 2)}`;
  switch (typesOf(schema)[0]) {
    case 'object':
      return inner;
    case 'array':
      return `${inner}- `;
    default:
      return ' ';
  }
}

function suggestValues(schema: Schema): readonly Suggestion[] {
  const values = schema.enum ?? (schema.type === 'boolean' ? [true, false] : []);
  return values.map((value) => ({
    label: String(value),
    insert: String(value),
    kind: 'value',
    detail: '',
    isRequired: false,
  }));
}
