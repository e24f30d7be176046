/** Paths of rules and of selectable fields: `.spec.a`, `.spec['a-b']`. They name fields that the schema has. */
import { type RawSchema, valuesOf } from '#crd/schema/nodes.ts';

export interface FoundField {
  /** As errors show it, without a leading dot: `spec.a`, `map[key]`. */
  readonly path: string;
  readonly schema: RawSchema;
  /** The first name. */
  readonly root: string;
}

const token = /'(?:[^'\\]|\\[\s\S])*'|[.[\]]|[^.[\]]+/y;

export function fieldAt(
  from: RawSchema,
  text: string,
  { brackets = true }: { readonly brackets?: boolean } = {},
): FoundField | { readonly fault: string } {
  const tokens = tokensOf(text);
  let schema = from;
  let path = '';
  let root = '';
  const end = { fault: 'unexpected end of JSON path' };
  for (let at = 0; at < tokens.length; at++) {
    const opening = tokens[at];
    let name: string | undefined;
    if (opening === '.') {
      name = tokens[++at];
      if (name === undefined) return end;
    } else if (opening === '[') {
      if (!brackets) return { fault: 'array notation is not allowed' };
      const quoted = tokens[++at];
      if (quoted === undefined) return end;
      if (!/^'[\s\S]*'$/.test(quoted) || quoted.length < 2)
        return { fault: `expected single quoted string but got ${quoted}` };
      name = unescape(quoted.slice(1, -1));
      if (name === undefined) return { fault: `invalid string literal: invalid escape char` };
      const closing = tokens[++at];
      if (closing === undefined) return end;
      if (closing !== ']') return { fault: `expected ] but got ${closing}` };
    } else return { fault: `expected [ or . but got: ${opening ?? ''}` };
    const next = step(schema, name);
    if (!next) return { fault: 'does not refer to a valid field' };
    schema = next.schema;
    path = next.named ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`;
    root ||= name;
  }
  return { path, schema, root };
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (!match) return [...tokens, text.slice(tokens.join('').length)];
    tokens.push(match[0]);
  }
  return tokens;
}

function step(schema: RawSchema, name: string): { schema: RawSchema; named: boolean } | undefined {
  const { properties } = schema;
  if (properties) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return property && { schema: property, named: true };
  }
  const values = valuesOf(schema);
  return values && { schema: values, named: false };
}

const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  "'": "'",
  '\\': '\\',
};

function unescape(text: string): string | undefined {
  let wrong = false;
  const plain = text.replace(/\\([\s\S])/g, (_match, letter: string) => {
    const character = escapes[letter];
    if (character === undefined) wrong = true;
    return character ?? '';
  });
  return wrong ? undefined : plain;
}
