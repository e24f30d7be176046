/**
 * The documents of a YAML text, each parsed by itself and only when it changed, so that a key pressed in a long text costs the
 * parsing of one document. What is too long for that is left alone while one types and is parsed once, when it is reviewed.
 *
 * Aliases are not followed here: a text that would unfold into a giant stays as small as it is.
 */
import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  parseDocument,
  visit,
  YAMLParseError,
  type Document,
  type Pair,
} from 'yaml';
import type { Step } from './schema.ts';

/** More is refused when it is pasted, dropped or loaded. The backend takes 3 MiB. */
export const textLengthMax = 1 << 20;
/** A document longer than this isn't checked while one types. */
export const checkedLengthMax = 64 << 10;
/** One longer than this isn't read here at all: the server reads it, and only its head is looked at. */
export const readLengthMax = 256 << 10;
export const documentsMax = 200;
const aliasesMax = 50;

export interface YamlPiece {
  readonly text: string;
  /** Where it starts in the whole text. */
  readonly from: number;
}

/** A line of three dashes parts documents; inside of one, YAML allows none at the start of a line. */
export function splitDocuments(text: string): readonly YamlPiece[] {
  const pieces: YamlPiece[] = [];
  let from = 0;
  for (const match of text.matchAll(/^---(?=[ \t\r\n]|$)[^\n]*\n?/gm)) {
    pieces.push({ text: text.slice(from, match.index), from });
    from = match.index + match[0].length;
  }
  pieces.push({ text: text.slice(from), from });
  return pieces;
}

/** Those that say anything: neither empty nor comments alone. */
export function meaningfulDocuments(text: string): readonly YamlPiece[] {
  return splitDocuments(text).filter((piece) => /^[ \t]*[^\s#]/m.test(piece.text));
}

export function pieceAt(pieces: readonly YamlPiece[], position: number): YamlPiece | undefined {
  return pieces.findLast((piece) => piece.from <= position);
}

const parsed = new Map<string, Document>();
const parsedMax = 64;

/** Throws {@link YamlRefused} for what can't be read at all. */
export function parsePiece(text: string): Document {
  const known = parsed.get(text);
  if (known) return known;
  const document = parse(text);
  parsed.set(text, document);
  const [oldest] = parsed.keys();
  if (parsed.size > parsedMax && oldest !== undefined) parsed.delete(oldest);
  return document;
}

export type RefusalReason = 'tooDeep' | 'tooManyAliases' | 'notAnObject' | 'syntax';

export class YamlRefused extends Error {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string = reason) {
    super(message);
    this.reason = reason;
  }
}

const depthMax = 200;
const quiet = { prettyErrors: false, logLevel: 'silent' } as const;
const duplicatesMax = 20;

/** The parser compares each key with all before it, which takes minutes for a long mapping; a set does it at once. */
function addDuplicates(document: Document): void {
  let found = 0;
  visit(document, {
    Map(_, map) {
      const names = new Set<string>();
      for (const pair of map.items) {
        const name = keyText(pair);
        const range = names.has(name) && name !== '<<' ? rangeOfNode(pair.key) : undefined;
        names.add(name);
        if (!range) continue;
        document.errors.push(new YAMLParseError([...range], 'DUPLICATE_KEY', 'Map keys must be unique'));
        if (++found >= duplicatesMax) return visit.BREAK;
      }
      return undefined;
    },
  });
}

function parse(text: string): Document {
  if (isNestedTooDeep(text)) throw new YamlRefused('tooDeep');
  try {
    const document = parseDocument(text, { ...quiet, uniqueKeys: false });
    addDuplicates(document);
    return document;
  } catch (error) {
    if (error instanceof RangeError) throw new YamlRefused('tooDeep');
    throw error;
  }
}

/** The parser calls itself for each level, and takes long to fail; brackets and dashes can be counted before. */
export function isNestedTooDeep(text: string): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (char === 0x5b || char === 0x7b) depth++;
    else if (char === 0x5d || char === 0x7d) depth--;
    if (depth > depthMax) return true;
  }
  return /^[ ]{400}|(?:- ){200}|(?:\? ){200}/m.test(text);
}

/** The object that a document says. Throws {@link YamlRefused}. */
export function objectOf(text: string): Record<string, unknown> {
  const document = parsePiece(text);
  const [error] = document.errors;
  if (error) throw new YamlRefused('syntax', error.message);
  let aliases = 0;
  visit(document, {
    Alias: () => {
      if (++aliases > aliasesMax) throw new YamlRefused('tooManyAliases');
    },
  });
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: aliasesMax });
  } catch (error) {
    if (error instanceof ReferenceError) throw new YamlRefused('tooManyAliases');
    throw error;
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new YamlRefused('notAnObject');
  return value as Record<string, unknown>;
}

/**
 * Type and name of a document that is too long to be parsed here, by its lines that are not indented, as tools write them. What
 * it says wrong, the server finds.
 */
export function headOf(text: string): Record<string, unknown> {
  const field = (from: string, indent: string, name: string): string | undefined =>
    new RegExp(`^${indent}${name}:[ \\t]+["']?([^\\s"'#]+)`, 'm').exec(from)?.[1];
  const metadata = /^metadata:[ \t]*\n((?:[ \t]+[^\n]*\n|[ \t]*\n)*)/m.exec(text)?.[1] ?? '';
  const indent = /^[ \t]+/.exec(metadata)?.[0] ?? '  ';
  const named = ['name', 'generateName', 'namespace'].flatMap((name): [string, string][] => {
    const value = field(metadata, indent, name);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    apiVersion: field(text, '', 'apiVersion'),
    kind: field(text, '', 'kind'),
    metadata: Object.fromEntries(named),
  };
}

export interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

/** What kind of object a document says it is, as far as it does. */
export function typeOf(document: Document): Partial<TypeMeta> {
  if (!isMap(document.contents)) return {};
  const apiVersion: unknown = document.contents.get('apiVersion');
  const kind: unknown = document.contents.get('kind');
  return {
    ...(typeof apiVersion === 'string' ? { apiVersion } : {}),
    ...(typeof kind === 'string' ? { kind } : {}),
  };
}

/** Where a path stands: its key, or for an item of a list the item. As far down as there is something. */
export function rangeOf(
  document: Document,
  path: readonly Step[],
): readonly [from: number, to: number] | undefined {
  let node: unknown = document.contents;
  let found: readonly [number, number] | undefined;
  for (const step of path) {
    if (!isCollection(node)) return found;
    const item: unknown = isMap(node)
      ? node.items.find((pair) => keyText(pair) === String(step))
      : node.items[Number(step)];
    if (item === undefined) return found;
    found = rangeOfNode(isPair(item) ? item.key : item) ?? found;
    node = isPair(item) ? item.value : item;
  }
  return found;
}

export function rangeOfNode(node: unknown): readonly [from: number, to: number] | undefined {
  if ((isScalar(node) || isCollection(node) || isAlias(node)) && node.range)
    return [node.range[0], node.range[1]];
  return undefined;
}

export function keyText({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : String(key);
}
