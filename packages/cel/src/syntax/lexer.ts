/**
 * From text to tokens. Every rule is a sticky expression without nested repetition. Text that is no token is reported and
 * skipped, a few times: each unfinished string may be looked through to its end, and hostile text is full of them.
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
const faultsMax = 30;
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
      const skip = unreadable(text, at);
      issues.push({ offset: at, message: `Syntax error: token recognition error at: '${skip}'` });
      at += skip.length;
      if (issues.length >= faultsMax) break;
      continue;
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
    if (character === '\\' && !raw && !/[abfnrtv"'\\?`xXuU0-3]/.test(text[index + 1] ?? '')) return undefined;
    index += character === '\\' && !raw ? 2 : 1;
  }
  // `""` followed by an unfinished text is an empty string first.
  return quote.length === 3 ? text.slice(at, at + start.length - 1) : undefined;
}

/** What is skipped at a place where no token begins. */
function unreadable(text: string, at: number): string {
  const rest = text.slice(at);
  const quoted = /^[bB]?[rR]?["']/.exec(rest);
  if (quoted) return unfinished(rest, quoted[0]);
  // The first half of an operator takes along what is not its second half.
  const half = /^[=&|][\s\S]?/u.exec(rest);
  return half ? half[0] : String.fromCodePoint(text.codePointAt(at) ?? 0);
}

/** To the end of the line, or to the escape that does not exist. */
function unfinished(rest: string, start: string): string {
  const line = rest.split(/[\n\r]/, 1)[0] ?? '';
  if (/[rR]/.test(start)) return line;
  const wrong = /\\(?![abfnrtv"'\\?`xXuU0-3])/.exec(line);
  return wrong ? line.slice(0, wrong.index + 2) : line;
}
