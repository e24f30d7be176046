import type { ModelProperty } from './client-models.ts';

/** A type expression of the client's models, parsed: `Array<V1Container>`, `{ [key: string]: string; }`. */
export type TypeExpression =
  | {
      readonly form: 'scalar';
      readonly name: 'string' | 'number' | 'boolean' | 'any' | 'Date' | 'IntOrString';
    }
  | { readonly form: 'model'; readonly name: string }
  | { readonly form: 'array'; readonly items: TypeExpression }
  | { readonly form: 'map'; readonly values: TypeExpression };

const scalars = ['string', 'number', 'boolean', 'any', 'Date', 'IntOrString'] as const;

export function parseType(text: string): TypeExpression {
  const array = /^Array<(.*)>$/.exec(text);
  if (array?.[1]) return { form: 'array', items: parseType(array[1]) };
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(text);
  if (map?.[1]) return { form: 'map', values: parseType(map[1]) };
  const scalar = scalars.find((name) => name === text);
  if (scalar) return { form: 'scalar', name: scalar };
  // Micro-time strings have a class of their own in the client.
  if (text === 'V1MicroTime') return { form: 'scalar', name: 'Date' };
  if (/^\w+$/.test(text)) return { form: 'model', name: text };
  throw new Error(`cannot read the type ${text}`);
}

/** The model that a type expression leads to, if any. */
export function modelOf(type: TypeExpression): string | undefined {
  switch (type.form) {
    case 'model':
      return type.name;
    case 'array':
      return modelOf(type.items);
    case 'map':
      return modelOf(type.values);
    default:
      return undefined;
  }
}

/** A model under its full name. */
export interface NamedModel {
  readonly fullName: string;
  readonly properties: readonly ModelProperty[];
}

/**
 * Pairs the client's names with the full ones. The client drops the group (`V1Pod`) and, where two groups share a name,
 * puts the group's first word before it (`CoreV1Event`).
 */
export function pairNames(models: readonly string[], fullNames: Iterable<string>): Map<string, string> {
  const known = new Set(models);
  const paired = new Map<string, string>();
  for (const fullName of fullNames) {
    const segments = fullName.split('.');
    const kind = segments.at(-1) ?? '';
    const version = segments.at(-2) ?? '';
    const group = segments.at(-3) ?? '';
    const plain = capitalize(version) + kind;
    const prefixed = capitalize(group) + plain;
    if (known.has(prefixed)) paired.set(prefixed, fullName);
    else if (known.has(plain) && !paired.has(plain)) paired.set(plain, fullName);
  }
  return paired;
}

export function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
