/**
 * From tokens to a tree, by recursive descent; macros are expanded as they are met. Bounds keep hostile text from costing
 * more than a moment: its length, the nesting of brackets, the depth of the tree (so that everything that walks it may
 * recurse), and the number of its nodes.
 *
 * Why not the parser of @bufbuild/cel 0.6: it knows no optionals (`a.?b`, `[?c]`), gives a protobuf message without places
 * of its operators, and words its errors in its own way; all three are what users see of Kubernetes.
 */
import { Builder, TooLargeError } from '#syntax/builder.ts';
import type { Entry, Expression, FieldInitializer } from '#syntax/expression.ts';
import type { Issue } from '#syntax/issue.ts';
import { lex } from '#syntax/lexer.ts';
import { parseInteger, parseUnsigned, unescapeBytes, unescapeString } from '#syntax/literal.ts';
import { expandMacro, type MacroTable } from '#syntax/macros.ts';
import type { Token, TokenKind } from '#syntax/token.ts';
import { Uint } from '#values/uint.ts';

const lengthMax = 100_000;
const depthMax = 250;

export interface Parsed {
  readonly expression: Expression | undefined;
  readonly issues: readonly Issue[];
  /** Where in the text a node began. */
  offsetOf(id: number): number;
}

export function parse(text: string, macros: MacroTable): Parsed {
  const builder = new Builder();
  const offsetOf = (id: number): number => builder.offsetOf(id);
  const size = codePoints(text);
  if (size > lengthMax) {
    const message = `expression code point size exceeds limit: size: ${size}, limit ${lengthMax}`;
    return { expression: undefined, issues: [{ offset: undefined, message }], offsetOf };
  }
  const { tokens, issues } = lex(text);
  const parser = new Parser(text, tokens, builder, macros);
  const expression = parser.whole();
  const all = [...issues, ...parser.issues];
  return { expression: all.length === 0 ? expression : undefined, issues: all, offsetOf };
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

const faultsMax = 30;

function startsExpression(kind: TokenKind): boolean {
  return /^(?:[[{(.!-]|true|false|null|NUM_\w+|STRING|BYTES|IDENTIFIER)$/.test(kind);
}

/** Ends the parse; its issue is noted before. */
class SyntaxStop extends Error {}

const expressionStart =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/** The same within the brackets of a call. */
const argumentStart = expressionStart.replace("'(', ", "'(', ')', ");

const reserved: ReadonlySet<string> = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

const relations: Readonly<Partial<Record<TokenKind, string>>> = {
  '<': '_<_',
  '<=': '_<=_',
  '>=': '_>=_',
  '>': '_>_',
  '==': '_==_',
  '!=': '_!=_',
  in: '@in',
};
const sums: Readonly<Partial<Record<TokenKind, string>>> = { '+': '_+_', '-': '_-_' };
const products: Readonly<Partial<Record<TokenKind, string>>> = { '*': '_*_', '/': '_/_', '%': '_%_' };

class Parser {
  readonly issues: Issue[] = [];
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #builder: Builder;
  readonly #macros: MacroTable;
  #at = 0;
  #nesting = 0;
  /** What the stock parser lists where an expression should begin. */
  #expected = expressionStart;

  constructor(text: string, tokens: readonly Token[], builder: Builder, macros: MacroTable) {
    this.#text = text;
    this.#tokens = tokens;
    this.#builder = builder;
    this.#macros = macros;
  }

  whole(): Expression | undefined {
    try {
      const expression = this.#expression();
      if (this.#token.kind !== '<EOF>') this.#unexpectedEnd();
      return expression;
    } catch (error) {
      if (error instanceof TooLargeError) this.issues.push({ offset: undefined, message: error.message });
      else if (!(error instanceof SyntaxStop)) throw error;
      return undefined;
    }
  }

  get #token(): Token {
    return this.#tokens[this.#at] ?? this.#tokens[this.#tokens.length - 1]!;
  }

  #take(): Token {
    const token = this.#token;
    this.#at = Math.min(this.#at + 1, this.#tokens.length - 1);
    return token;
  }

  #takeIf(kind: TokenKind): Token | undefined {
    return this.#token.kind === kind ? this.#take() : undefined;
  }

  #stop(offset: number | undefined, message: string): never {
    this.issues.push({ offset, message });
    throw new SyntaxStop();
  }

  #fault(offset: number, message: string): Expression {
    this.issues.push({ offset, message });
    return this.#builder.literal(offset, null);
  }

  #mismatch(expecting: string): never {
    const { offset, text } = this.#token;
    this.#stop(offset, `Syntax error: mismatched input '${text}' expecting ${expecting}`);
  }

  #unexpectedEnd(): never {
    const { offset, text } = this.#token;
    const only = this.#tokens[this.#at + 1]?.kind === '<EOF>';
    this.#stop(offset, `Syntax error: ${only ? 'extraneous' : 'mismatched'} input '${text}' expecting <EOF>`);
  }

  /** `others`: what else could stand here, after what the stock parser lists first. */
  #expect(kind: TokenKind, others: readonly string[] = []): Token {
    const token = this.#takeIf(kind);
    if (token) return token;
    if (others.length > 0) this.#mismatch(`{${[kind, ...others].map((name) => `'${name}'`).join(', ')}}`);
    const { offset, text } = this.#token;
    if (this.#tokens[this.#at + 1]?.kind === kind)
      this.#stop(offset, `Syntax error: extraneous input '${text}' expecting '${kind}'`);
    if (kind !== ':' && this.#token.kind === '<EOF>')
      this.#stop(offset, `Syntax error: missing '${kind}' at '${text}'`);
    return this.#mismatch(`'${kind}'`);
  }

  #deep(node: Expression): Expression {
    if (node.depth > depthMax) this.#stop(undefined, 'max recursion depth exceeded');
    return node;
  }

  #expression(): Expression {
    if (++this.#nesting > depthMax) this.#stop(undefined, `expression recursion limit exceeded: ${depthMax}`);
    const condition = this.#or();
    const question = this.#takeIf('?');
    if (!question) {
      this.#nesting--;
      return condition;
    }
    const yes = this.#or();
    this.#expect(':');
    const no = this.#expression();
    this.#nesting--;
    return this.#deep(this.#builder.call(question.offset, '_?_:_', [condition, yes, no]));
  }

  #or(): Expression {
    return this.#logic('||', '_||_', () => this.#logic('&&', '_&&_', () => this.#relation()));
  }

  /** A chain becomes a balanced tree, so that a long one is not deep. */
  #logic(operator: TokenKind, name: string, operand: () => Expression): Expression {
    const terms = [operand()];
    const offsets: number[] = [];
    while (this.#token.kind === operator) {
      offsets.push(this.#take().offset);
      terms.push(operand());
    }
    const balance = (first: number, last: number): Expression => {
      if (first === last) return terms[first]!;
      const middle = (first + last - 1) >> 1;
      return this.#builder.call(offsets[middle] ?? 0, name, [
        balance(first, middle),
        balance(middle + 1, last),
      ]);
    };
    return balance(0, terms.length - 1);
  }

  #relation(): Expression {
    return this.#chain(relations, () => this.#chain(sums, () => this.#chain(products, () => this.#unary())));
  }

  #chain(table: Readonly<Partial<Record<TokenKind, string>>>, operand: () => Expression): Expression {
    let left = operand();
    for (let links = 0; ; links++) {
      const name = table[this.#token.kind];
      if (name === undefined) return left;
      if (links >= depthMax) this.#stop(undefined, `expression recursion limit exceeded: ${depthMax}`);
      const { offset } = this.#take();
      left = this.#deep(this.#builder.call(offset, name, [left, operand()]));
    }
  }

  #unary(): Expression {
    const first = this.#token;
    if (first.kind !== '!' && first.kind !== '-') return this.#member();
    let count = 0;
    while (this.#takeIf(first.kind)) count++;
    const number = this.#token.kind === 'NUM_INT' || this.#token.kind === 'NUM_FLOAT';
    if (first.kind === '-' && count === 1 && number) return this.#member(first);
    const operand = this.#member();
    if (count % 2 === 0) return operand;
    return this.#builder.call(first.offset, first.kind === '!' ? '!_' : '-_', [operand]);
  }

  /** `sign` is the minus before a number. */
  #member(sign?: Token): Expression {
    let node = this.#primary(sign);
    for (let links = 0; ; links++) {
      const token = this.#token;
      if (token.kind !== '.' && token.kind !== '[') return node;
      if (links >= depthMax) this.#stop(undefined, `expression recursion limit exceeded: ${depthMax}`);
      this.#take();
      node = this.#deep(token.kind === '.' ? this.#afterDot(token, node) : this.#index(token, node));
    }
  }

  #afterDot(dot: Token, operand: Expression): Expression {
    const optional = this.#takeIf('?') !== undefined;
    const name = this.#takeIf('IDENTIFIER');
    if (!name) {
      if (this.#token.kind === 'ESC_IDENTIFIER') this.#stop(this.#token.offset, "unsupported syntax: '`'");
      return this.#fieldMismatch(optional, dot);
    }
    if (optional)
      return this.#builder.call(dot.offset, '_?._', [operand, this.#builder.literal(name.offset, name.text)]);
    const open = this.#takeIf('(');
    if (!open) return this.#builder.select(dot.offset, operand, name.text);
    const args = this.#arguments();
    return (
      this.#macro(open.offset, name.text, operand, args) ??
      this.#builder.memberCall(open.offset, name.text, operand, args)
    );
  }

  #fieldMismatch(optional: boolean, dot: Token): never {
    const { offset, text, kind } = this.#token;
    if (optional) return this.#mismatch('{IDENTIFIER, ESC_IDENTIFIER}');
    if (kind === 'true' || kind === 'false' || kind === 'null') return this.#mismatch('IDENTIFIER');
    const end = kind === '<EOF>' ? dot.offset + 1 : offset + text.length;
    const seen = this.#text.slice(dot.offset, end);
    return this.#stop(offset, `Syntax error: no viable alternative at input '${seen}'`);
  }

  #index(bracket: Token, operand: Expression): Expression {
    const optional = this.#takeIf('?') !== undefined;
    const index = this.#expression();
    this.#expect(']');
    return this.#builder.call(bracket.offset, optional ? '_[?_]' : '_[_]', [operand, index]);
  }

  #arguments(): Expression[] {
    const args: Expression[] = [];
    if (this.#takeIf(')')) return args;
    this.#expected = argumentStart;
    do args.push(this.#expression());
    while (this.#takeIf(','));
    this.#expect(')');
    return args;
  }

  #primary(sign?: Token): Expression {
    const token = this.#token;
    if (startsExpression(token.kind)) this.#expected = expressionStart;
    switch (token.kind) {
      case '(': {
        this.#take();
        const inner = this.#expression();
        this.#expect(')');
        return inner;
      }
      case '[':
        return this.#list();
      case '{':
        return this.#map();
      case '.':
      case 'IDENTIFIER':
        return this.#named();
      case 'NUM_INT':
      case 'NUM_UINT':
      case 'NUM_FLOAT':
      case 'STRING':
      case 'BYTES':
      case 'true':
      case 'false':
      case 'null':
        this.#take();
        return this.#literal(token, sign);
      default:
        return this.#noExpression(sign);
    }
  }

  /** One token too many is passed over, since what follows may be worth reading. */
  #noExpression(sign: Token | undefined): Expression {
    const { offset, text } = this.#token;
    const next = this.#tokens[this.#at + 1];
    if (!next || !startsExpression(next.kind)) return this.#mismatch(this.#expected);
    this.issues.push({
      offset,
      message: `Syntax error: extraneous input '${text}' expecting ${this.#expected}`,
    });
    if (this.issues.length > faultsMax) throw new SyntaxStop();
    this.#take();
    return this.#primary(sign);
  }

  #literal(token: Token, sign: Token | undefined): Expression {
    const offset = sign?.offset ?? token.offset;
    const { text } = token;
    switch (token.kind) {
      case 'NUM_INT': {
        const value = parseInteger(sign ? '-' : '', text);
        if (value === undefined) return this.#fault(offset, 'invalid int literal');
        return this.#builder.literal(offset, value);
      }
      case 'NUM_UINT': {
        const value = parseUnsigned(text);
        if (value === undefined) return this.#fault(offset, 'invalid uint literal');
        return this.#builder.literal(offset, new Uint(value));
      }
      case 'NUM_FLOAT': {
        const value = Number(text);
        if (!Number.isFinite(value)) return this.#fault(offset, 'invalid double literal');
        return this.#builder.literal(offset, sign ? -value : value);
      }
      case 'STRING': {
        const value = unescapeString(text);
        if (value === undefined) return this.#fault(offset, 'unable to unescape string');
        return this.#builder.literal(offset, value);
      }
      case 'BYTES': {
        const value = unescapeBytes(text);
        if (value === undefined) return this.#fault(offset, 'unable to unescape string');
        return this.#builder.literal(offset, value);
      }
      default:
        return this.#builder.literal(offset, text === 'null' ? null : text === 'true');
    }
  }

  #list(): Expression {
    const open = this.#take();
    const elements: Expression[] = [];
    const optional = new Set<number>();
    while (this.#token.kind !== ']') {
      if (this.#takeIf('?')) optional.add(elements.length);
      elements.push(this.#expression());
      if (!this.#takeIf(',')) break;
      if (this.#token.kind === '<EOF>') this.#expect(']');
    }
    this.#expect(']', [',']);
    return this.#builder.list(open.offset, elements, optional);
  }

  #map(): Expression {
    const open = this.#take();
    const entries: Entry[] = [];
    while (this.#token.kind !== '}') {
      const optional = this.#takeIf('?') !== undefined;
      const key = this.#expression();
      const colon = this.#expect(':');
      const id = this.#builder.id(colon.offset);
      entries.push({ id, key, value: this.#expression(), optional });
      if (!this.#takeIf(',')) break;
    }
    this.#expect('}', [',']);
    return this.#builder.map(open.offset, entries);
  }

  /** A variable, a call, or the name of a type that is made. */
  #named(): Expression {
    const start = this.#token;
    const dot = this.#takeIf('.');
    const name = this.#takeIf('IDENTIFIER');
    if (!name) return this.#mismatch('IDENTIFIER');
    const text = (dot ? '.' : '') + name.text;
    const struct = this.#structAt(text);
    if (struct) return struct;
    if (reserved.has(name.text)) {
      this.#skipArguments();
      return this.#fault(start.offset, `reserved identifier: ${name.text}`);
    }
    const open = this.#takeIf('(');
    if (!open) return this.#builder.identifier(name.offset, text);
    const args = this.#arguments();
    return this.#macro(open.offset, text, undefined, args) ?? this.#builder.call(open.offset, text, args);
  }

  #skipArguments(): void {
    if (this.#takeIf('(')) this.#arguments();
  }

  /** `a.b.C{…}` after `a`; nothing is taken when what follows is something else. */
  #structAt(first: string): Expression | undefined {
    let name = first;
    let at = this.#at;
    while (this.#tokens[at]?.kind === '.' && this.#tokens[at + 1]?.kind === 'IDENTIFIER') {
      name += `.${this.#tokens[at + 1]?.text ?? ''}`;
      at += 2;
      if (at - this.#at > 2 * depthMax) return undefined;
    }
    if (this.#tokens[at]?.kind !== '{') return undefined;
    this.#at = at;
    const open = this.#take();
    const fields: FieldInitializer[] = [];
    while (this.#token.kind !== '}') {
      const optional = this.#takeIf('?') !== undefined;
      const field = this.#takeIf('IDENTIFIER');
      if (!field) return this.#mismatch("{'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}");
      const colon = this.#expect(':');
      const id = this.#builder.id(colon.offset);
      fields.push({ id, field: field.text, value: this.#expression(), optional });
      if (!this.#takeIf(',')) break;
    }
    this.#expect('}', [',']);
    return this.#builder.struct(open.offset, name, fields);
  }

  #macro(
    offset: number,
    name: string,
    target: Expression | undefined,
    args: readonly Expression[],
  ): Expression | undefined {
    const expanded = expandMacro(this.#macros, this.#builder, { offset, name, target, args });
    if (!expanded) return undefined;
    if ('fault' in expanded) return this.#fault(expanded.offset, expanded.fault);
    return this.#deep(expanded.expression);
  }
}
