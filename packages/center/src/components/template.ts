/**
 * Manifests as templates, filled after they are parsed: a value becomes a value of the document and can never become
 * structure, so nothing in it needs to be escaped. There are no expressions, no functions and no loops but one.
 *
 * - `{{ values.port }}` alone is replaced by the value as it is, of whatever type; within other text, by a text, number or
 *   boolean. `{{ images.NAME }}`, `{{ cluster }}` and `{{ version }}` are known too. `{{ text.values.port }}` is a number as text,
 *   `{{ json.values.list }}` any value as JSON, for programs that read it so.
 * - A mapping in a list, or a document, with the key `$if: values.x` is left out when the value is absent, false, '' or [].
 * - One with `$each: values.pools` and `$as: pool` is repeated for every element, called `pool` within.
 */
import { SkerryError } from '@skerry/base';

export type Scope = Readonly<Record<string, unknown>>;

const reference = /\{\{\s*([a-zA-Z][\w.-]*)\s*\}\}/g;
const whole = /^\{\{\s*([a-zA-Z][\w.-]*)\s*\}\}$/;
const elementsMax = 1000;

/** One document, filled: none, one, or as many as its `$each` has elements. Fails with `component-broken`. */
export function fillTemplate(document: unknown, scope: Scope): unknown[] {
  return fillElement(document, scope);
}

function fill(node: unknown, scope: Scope): unknown {
  if (typeof node === 'string') return fillText(node, scope);
  if (Array.isArray(node)) return (node as unknown[]).flatMap((element) => fillElement(element, scope));
  if (!isMapping(node)) return node;
  const filled: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    if (key.startsWith('$')) throw broken(`${key} can only stand in a document or in an element of a list`);
    const result = fill(value, scope);
    // What a value left open is left out, as if the line were not there.
    if (result !== undefined) filled[key] = result;
  }
  return filled;
}

function fillElement(node: unknown, scope: Scope): unknown[] {
  if (!isMapping(node)) return [fill(node, scope)];
  const { $if: condition, $each: each, $as: name, ...rest } = node;
  if (condition !== undefined && !isGiven(lookUp(textOf(condition), scope))) return [];
  if (each === undefined) return [fill(rest, scope)];
  const elements = lookUp(textOf(each), scope) ?? [];
  if (!Array.isArray(elements) || elements.length > elementsMax)
    throw broken(`${textOf(each)} is no list of at most ${elementsMax} elements`);
  return (elements as unknown[]).map((element) => fill(rest, { ...scope, [textOf(name)]: element }));
}

function fillText(text: string, scope: Scope): unknown {
  const only = whole.exec(text)?.[1];
  if (only !== undefined) return lookUp(only, scope);
  return text.replace(reference, (_, path: string) => {
    const value = lookUp(path, scope);
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return String(value);
    throw broken(`{{ ${path} }} within a text is no text, number or boolean`);
  });
}

/** Own properties alone, so that no name leads to what objects have by nature. */
function lookUp(path: string, scope: Scope): unknown {
  const [root = '', ...rest] = path.split('.');
  if (root === 'json') return JSON.stringify(lookUp(rest.join('.'), scope));
  if (root === 'text') return textOfValue(rest.join('.'), scope);
  if (!Object.hasOwn(scope, root)) throw broken(`{{ ${path} }}: there is no ${root} here`);
  let value: unknown = scope[root];
  for (const part of rest) {
    if (value === undefined || value === null) return undefined;
    value = isMapping(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }
  return value;
}

function textOfValue(path: string, scope: Scope): string | undefined {
  const value = lookUp(path, scope);
  if (value === undefined) return undefined;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  throw broken(`{{ text.${path} }} is no text, number or boolean`);
}

function isGiven(value: unknown): boolean {
  return (
    value !== undefined &&
    value !== null &&
    value !== false &&
    value !== '' &&
    !(Array.isArray(value) && value.length === 0)
  );
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw broken('$if, $each and $as take the name of a value');
  return value;
}

function broken(why: string): SkerryError {
  return new SkerryError('component-broken', `a manifest of the component: ${why}`);
}
