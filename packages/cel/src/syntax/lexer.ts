/**
 * From text to tokens. Linear in the text: every rule is a sticky expression without nested repetition, and reading stops
 * at the first text that is no token, which is reported.
 * Grammar: https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
 */
import type { Issue } from '#syntax/issue.ts';
import { punctuation, type Token, type TokenKind } from '#syntax/token.ts';

const skipped = /(?:[\t \r\n\f]|\/\/[^\n]*)+/y;
const identifier = /[A-Za-z_][A-Za-z0-9_]*/y;
const escapedIdentifier = /`[A-Za-z0-9_.\-/ ]+`/y;
const float = /\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?/y;
const unsigned = /(?:0x[0-9a-fA-F]+|\d+)[uU]/y;
const integer = /0x[0-9a-fA-F]+|\d+/y;
const stringStart = /[bB]?[rR]?(?:"""|'''|"|')/y;
const operators = new RegExp(
  punctuation
    .filter((text) => !/^[a-z]/.test(text))
    .map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`))
    .join('|'),
  'y',
);
const words: ReadonlySet<string> = new Set(punctuation.filter((text) => /^[a-z]/.test(text)));

export interface Lexed {
  /** Always ends with `<EOF>`. */
  readonly tokens: readonly Token[];
  readonly issues: readonly Issue[];
}

export function lex(text: string): Lexed {
  const tokens: Token[] = [];
  const issues: Issue[] = [];
  let at = 0;
  while (at < text.length) {
    const blank = matchAt(skipped, text, at);
    if (blank !== undefined) {
      at += blank.length;
      continue;
    }
    const token = tokenAt(text, at);
    if (token === undefined) {
      issues.push({
        offset: at,
        message: `Syntax error: token recognition error at: '${unreadable(text, at)}'`,
      });
      break;
    }
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ kind: '<EOF>', text: '<EOF>', offset: text.length });
  return { tokens, issues };
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const plain: readonly (readonly [RegExp, TokenKind])[] = [
  [float, 'NUM_FLOAT'],
  [unsigned, 'NUM_UINT'],
  [integer, 'NUM_INT'],
];

function tokenAt(text: string, at: number): Token | undefined {
  const quoted = stringAt(text, at);
  if (quoted !== undefined)
    return { kind: /^[bB]/.test(quoted) ? 'BYTES' : 'STRING', text: quoted, offset: at };
  for (const [pattern, kind] of plain) {
    const found = matchAt(pattern, text, at);
    if (found !== undefined) return { kind, text: found, offset: at };
  }
  const name = matchAt(identifier, text, at);
  if (name !== undefined)
    return { kind: words.has(name) ? (name as TokenKind) : 'IDENTIFIER', text: name, offset: at };
  const escaped = matchAt(escapedIdentifier, text, at);
  if (escaped !== undefined) return { kind: 'ESC_IDENTIFIER', text: escaped, offset: at };
  const operator = matchAt(operators, text, at);
  return operator === undefined ? undefined : { kind: operator as TokenKind, text: operator, offset: at };
}

/** The whole literal with its prefix and quotes; undefined when none begins here or it does not end. */
function stringAt(text: string, at: number): string | undefined {
  const start = matchAt(stringStart, text, at);
  if (start === undefined) return undefined;
  const raw = /[rR]/.test(start);
  const quote = start.replace(/^[bBrR]+/, '');
  let index = at + start.length;
  while (index < text.length) {
    if (text.startsWith(quote, index)) return text.slice(at, index + quote.length);
    const character = text[index];
    if (quote.length === 1 && (character === '\n' || character === '\r')) return undefined;
    index += character === '\\' && !raw ? 2 : 1;
  }
  // `""` followed by an unfinished text is an empty string first.
  return quote.length === 3 ? text.slice(at, at + start.length - 1) : undefined;
}

function unreadable(text: string, at: number): string {
  const rest = text.slice(at);
  if (/^["']/.test(rest)) return rest.split('\n', 1)[0] ?? '';
  return String.fromCodePoint(text.codePointAt(at) ?? 0);
}
