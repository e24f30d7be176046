import { unreachable } from '@skerry/base';
import { ApiError, badRequest } from './status.ts';

/**
 * Label and field selectors: text in, matcher out. The label grammar is equality (`a=b`, `a==b`, `a!=b`), sets
 * (`a in (x,y)`, `a notin (x)`), existence (`a`, `!a`) and integer comparison (`a>1`), joined by commas.
 * A requirement that excludes (`!=`, `notin`, `!a`) also matches where the key is absent.
 * Rules: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export type SelectorOperator =
  | 'In'
  | 'NotIn'
  | 'Exists'
  | 'DoesNotExist'
  | 'Equals'
  | 'NotEquals'
  | 'Gt'
  | 'Lt';

export interface SelectorRequirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  /** Sorted, without doubles. */
  readonly values: readonly string[];
}

export interface Selector {
  readonly requirements: readonly SelectorRequirement[];
  /** Canonical text: requirements sorted by key; two selectors of equal text match the same objects. */
  readonly text: string;
  /** Matches everything: there is nothing to ask. */
  readonly empty: boolean;
  /** Key-value pairs that every match must have; what an index can be asked for. */
  readonly exact: ReadonlyMap<string, string>;
  matches(labels: Readonly<Record<string, string>> | undefined): boolean;
}

/** `metav1.LabelSelector`, as objects carry it. */
export interface LabelSelectorObject {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** @throws ApiError BadRequest with the wording of kube-apiserver. */
export function parseLabelSelector(text: string): Selector {
  if (text.trim() === '') return everything;
  return selectorOf(new LabelSelectorParser(text).parse());
}

/** A missing selector matches nothing, an empty one everything. @throws ApiError BadRequest. */
export function labelSelectorFrom(object: LabelSelectorObject | null | undefined): Selector {
  if (!object) return nothing;
  const requirements: SelectorRequirement[] = [];
  for (const [key, value] of Object.entries(object.matchLabels ?? {}))
    requirements.push(requirement(key, 'Equals', [value]));
  for (const { key, operator, values = [] } of object.matchExpressions ?? []) {
    if (operator !== 'In' && operator !== 'NotIn' && operator !== 'Exists' && operator !== 'DoesNotExist')
      throw badRequest(`${JSON.stringify(operator)} is not a valid label selector operator`);
    requirements.push(requirement(key, operator, values));
  }
  return selectorOf(requirements);
}

/** All of the pairs. For `spec.selector` of Services and ReplicationControllers. */
export function selectorFromLabels(labels: Readonly<Record<string, string>>): Selector {
  return selectorOf(
    Object.entries(labels).map(([key, value]) => ({ key, operator: 'Equals' as const, values: [value] })),
  );
}

function selectorOf(unsorted: readonly SelectorRequirement[]): Selector {
  const requirements = unsorted.toSorted((a, b) => compareText(a.key, b.key));
  const exact = new Map<string, string>();
  for (const { key, operator, values } of requirements)
    if ((operator === 'Equals' || operator === 'In') && values.length === 1) exact.set(key, values[0]!);
  return {
    requirements,
    text: requirements.map(requirementText).join(','),
    empty: requirements.length === 0,
    exact,
    matches: (labels) => requirements.every((r) => requirementMatches(r, labels)),
  };
}

export const everything: Selector = selectorOf([]);

export const nothing: Selector = {
  requirements: [],
  text: '<nothing>',
  empty: false,
  exact: new Map(),
  matches: () => false,
};

export function requirementMatches(
  { key, operator, values }: SelectorRequirement,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  const value = labels && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'Equals':
      return value === values[0];
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotEquals':
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      if (value === undefined || !integerPattern.test(value)) return false;
      const [held, wanted] = [BigInt(value), BigInt(values[0]!)];
      return operator === 'Gt' ? held > wanted : held < wanted;
    }
    default:
      return unreachable(operator);
  }
}

const integerPattern = /^[-+]?\d+$/;

function requirementText({ key, operator, values }: SelectorRequirement): string {
  switch (operator) {
    case 'Equals':
      return `${key}=${values[0]}`;
    case 'NotEquals':
      return `${key}!=${values[0]}`;
    case 'In':
      return `${key} in (${values.join(',')})`;
    case 'NotIn':
      return `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    case 'Gt':
      return `${key}>${values[0]}`;
    case 'Lt':
      return `${key}<${values[0]}`;
    default:
      return unreachable(operator);
  }
}

function requirement(
  key: string,
  operator: SelectorOperator,
  unsorted: readonly string[],
): SelectorRequirement {
  const values = [...new Set(unsorted)].sort(compareText);
  requireLabelKey(key);
  const faults: string[] = [];
  const listed = `[]string{${values.map((v) => JSON.stringify(v)).join(', ')}}`;
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
    faults.push(`values: Invalid value: ${listed}: ${inFault}`);
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
    faults.push(`values: Invalid value: ${listed}: ${existsFault}`);
  if ((operator === 'Gt' || operator === 'Lt') && !integerPattern.test(values[0]!))
    faults.push(`values[0]: Invalid value: ${JSON.stringify(values[0])}: ${integerFault}`);
  for (const [index, value] of values.entries()) {
    const why = labelValueFaults(value);
    if (why.length > 0)
      faults.push(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${why.join('; ')}`);
  }
  if (faults.length > 0) throw badRequest(faults.length === 1 ? faults[0]! : `[${faults.join(', ')}]`);
  return { key, operator, values };
}

function requireLabelKey(key: string): void {
  const faults = labelKeyFaults(key);
  if (faults.length > 0)
    throw badRequest(`<nil>: Invalid value: ${JSON.stringify(key)}: ${faults.join('; ')}`);
}

const inFault = "for 'in', 'notin' operators, values set can't be empty";
const existsFault = 'values set must be empty for exists and does not exist';

const integerFault = "for 'Gt', 'Lt' operators, the value must be an integer";

type Token =
  | { readonly type: 'identifier' | 'error' | 'symbol'; readonly text: string }
  | { readonly type: 'end'; readonly text: '' };

const symbols = new Set(['(', ')', ',', '!', '!=', '=', '==', '>', '<']);
const operators: Readonly<Record<string, SelectorOperator>> = {
  in: 'In',
  notin: 'NotIn',
  '=': 'Equals',
  '==': 'Equals',
  '!=': 'NotEquals',
  '>': 'Gt',
  '<': 'Lt',
};

/** Symbols are read greedily: `==` before `=`. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /[ \t\r\n]+|([=!(),<>]+)|([^ \t\r\n=!(),<>]+)/g;
  for (const [, run, identifier] of text.matchAll(pattern)) {
    if (identifier !== undefined) tokens.push({ type: 'identifier', text: identifier });
    if (run !== undefined) tokens.push(...symbolsOf(run));
  }
  tokens.push({ type: 'end', text: '' });
  return tokens;
}

function* symbolsOf(run: string): Generator<Token> {
  for (let at = 0; at < run.length;) {
    const symbol = symbols.has(run.slice(at, at + 2)) ? run.slice(at, at + 2) : run[at]!;
    yield { type: symbols.has(symbol) ? 'symbol' : 'error', text: symbol };
    at += symbol.length;
  }
}

/** `in` and `notin` are operators only where an operator is expected; elsewhere they are names and values. */
class LabelSelectorParser {
  readonly #tokens: Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  parse(): SelectorRequirement[] {
    const requirements: SelectorRequirement[] = [];
    for (;;) {
      const first = this.#peek();
      if (first.type === 'end') return requirements;
      if (first.type !== 'identifier' && first.text !== '!')
        throw badRequest(`found '${first.text}', expected: !, identifier, or 'end of string'`);
      try {
        requirements.push(this.#requirement());
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        throw badRequest(`unable to parse requirement: ${error.message}`);
      }
      const next = this.#take();
      if (next.type === 'end') return requirements;
      if (next.text !== ',') throw badRequest(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#peek();
      if (after.type !== 'identifier' && after.text !== '!')
        throw badRequest(`found '${after.text}', expected: identifier after ','`);
    }
  }

  #requirement(): SelectorRequirement {
    const negated = this.#peek().text === '!';
    if (negated) this.#take();
    const key = this.#take();
    if (key.type !== 'identifier') throw badRequest(`found '${key.text}', expected: identifier`);
    requireLabelKey(key.text);
    if (negated) return requirement(key.text, 'DoesNotExist', []);
    const next = this.#peek();
    if (next.type === 'end' || next.text === ',') return requirement(key.text, 'Exists', []);
    this.#take();
    const operator = Object.hasOwn(operators, next.text) ? operators[next.text] : undefined;
    if (!operator) throw badRequest(`found '${next.text}', expected: in, notin, =, ==, !=, gt, lt`);
    const values = operator === 'In' || operator === 'NotIn' ? this.#set() : [this.#exactValue()];
    return requirement(key.text, operator, values);
  }

  #exactValue(): string {
    const next = this.#peek();
    if (next.type === 'end' || next.text === ',') return '';
    if (next.type !== 'identifier') throw badRequest(`found '${next.text}', expected: identifier`);
    return this.#take().text;
  }

  /** `(a,b)`; an empty place between commas or parentheses is the empty value. */
  #set(): string[] {
    const open = this.#take();
    if (open.text !== '(') throw badRequest(`found '${open.text}' expected: '('`);
    const values: string[] = [];
    for (;;) {
      const value = this.#peek();
      if (value.type === 'identifier') values.push(this.#take().text);
      else if (value.text === ',' || value.text === ')') values.push('');
      else if (values.length === 0)
        throw badRequest(`found '${value.text}', expected: ',', ')' or identifier`);
      else throw badRequest(`found '${value.text}', expected: ',', or identifier`);
      const separator = this.#take();
      if (separator.text === ')') return values;
      if (separator.text !== ',') throw badRequest(`found '${separator.text}', expected: ',' or ')'`);
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { type: 'end', text: '' };
  }

  #take(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }
}

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  readonly text: string;
  readonly empty: boolean;
  /** `valueOf` gives a field's value as text; a field that is not set is ''. */
  matches(valueOf: (field: string) => string): boolean;
  /** The value every match has in `field`, where the selector says so: `spec.nodeName=n1` → `n1`. */
  exact(field: string): string | undefined;
}

/**
 * Terms `field=value`, `field==value`, `field!=value`, joined by commas; `\` escapes `\`, `,` and `=` in a value. The order of
 * terms means nothing, so they are sorted; a term that names neither field nor value says nothing.
 * Which fields exist is the kind's business.
 * @throws ApiError BadRequest with the wording of kube-apiserver.
 */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements = splitUnescaped(text)
    .filter((term) => term !== '')
    .toSorted(compareText)
    .map((term) => fieldRequirement(text, term))
    .filter(({ field, value }) => field !== '' || value !== '');
  return fieldSelectorOf(requirements);
}

export function fieldSelectorOf(requirements: readonly FieldRequirement[]): FieldSelector {
  return {
    requirements,
    text: requirements.map((r) => `${r.field}${r.operator}${escapeFieldValue(r.value)}`).join(','),
    empty: requirements.length === 0,
    matches: (valueOf) => requirements.every((r) => (valueOf(r.field) === r.value) === (r.operator === '=')),
    exact: (field) => requirements.find((r) => r.field === field && r.operator === '=')?.value,
  };
}

export function escapeFieldValue(value: string): string {
  return value.replaceAll(/[\\,=]/g, (special) => `\\${special}`);
}

function fieldRequirement(selector: string, term: string): FieldRequirement {
  for (let at = 0; at < term.length; at++) {
    const operator = ['!=', '==', '='].find((text) => term.startsWith(text, at));
    if (operator === undefined) continue;
    return {
      field: term.slice(0, at),
      operator: operator === '!=' ? '!=' : '=',
      value: unescapeFieldValue(term.slice(at + operator.length)),
    };
  }
  throw badRequest(`invalid selector: '${selector}'; can't understand '${term}'`);
}

function splitUnescaped(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === ',') {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescapeFieldValue(text: string): string {
  let value = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === '=' || char === ',')
      throw badRequest(`invalid field selector: unescaped character in value: ${char.codePointAt(0)}`);
    if (char !== '\\') {
      value += char;
      continue;
    }
    const next = text[++at] ?? '';
    if (next === '' || !'\\,='.includes(next))
      throw badRequest(`invalid field selector: invalid escape sequence: \\${next}`);
    value += next;
  }
  return value;
}

const namePart = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const namePattern = new RegExp(`^${namePart}$`);
const valuePattern = new RegExp(`^(${namePart})?$`);
const subdomain = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const subdomainPattern = new RegExp(`^${subdomain}$`);
const nameFault = `must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${namePart}')`;

/** Why a text is no label key (qualified name); empty when it is one. */
export function labelKeyFaults(key: string): string[] {
  const parts = key.split('/');
  const faults: string[] = [];
  if (parts.length > 2)
    return [
      `a valid label key ${nameFault} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  if (parts.length === 2) {
    const prefix = parts[0]!;
    if (prefix === '') faults.push('prefix part must be non-empty');
    else {
      if (prefix.length > 253) faults.push('prefix part must be no more than 253 bytes');
      if (!subdomainPattern.test(prefix))
        faults.push(
          `prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`,
        );
    }
  }
  const name = parts.at(-1)!;
  if (name === '') faults.push('name part must be non-empty');
  if (name.length > 63) faults.push('name part must be no more than 63 bytes');
  if (!namePattern.test(name)) faults.push(`name part ${nameFault}`);
  return faults;
}

/** Why a text is no label value; empty when it is one. */
export function labelValueFaults(value: string): string[] {
  const faults: string[] = [];
  if (value.length > 63) faults.push('must be no more than 63 bytes');
  if (!valuePattern.test(value))
    faults.push(
      `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${namePart})?')`,
    );
  return faults;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
