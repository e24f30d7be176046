/**
 * What is wrong with a text that is no JSON, in the words of Kubernetes servers, which tools and people search for:
 * `invalid character '}' looking for beginning of value`. Only for texts that failed to parse: it stops at the first
 * fault and builds nothing. Nesting must have been bounded before.
 */
type Expect = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'object-next' | 'array-next';

const unexpectedEnd = 'unexpected end of JSON input';
const literals: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Where each expectation was disappointed. */
const contexts: Readonly<Record<Expect, string>> = {
  value: 'looking for beginning of value',
  'value-or-end': 'looking for beginning of value',
  key: 'looking for beginning of object key string',
  'key-or-end': 'looking for beginning of object key string',
  colon: 'after object key',
  'object-next': 'after object key:value pair',
  'array-next': 'after array element',
};

export function jsonFault(text: string): string {
  const open: ('{' | '[')[] = [];
  let expect: Expect = 'value';
  let at = 0;
  const after = (): Expect | undefined => {
    const level = open.at(-1);
    return level && (level === '{' ? 'object-next' : 'array-next');
  };
  for (;;) {
    while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at++;
    if (at >= text.length) return unexpectedEnd;
    const character = text.charAt(at);
    let next: Expect | undefined;
    if ((expect === 'key' || expect === 'key-or-end') && character === '"') {
      const end = stringEnd(text, at);
      if (typeof end === 'string') return end;
      at = end;
      next = 'colon';
    } else if (expect === 'colon' && character === ':') {
      at++;
      next = 'value';
    } else if ((expect === 'object-next' || expect === 'array-next') && character === ',') {
      at++;
      next = expect === 'object-next' ? 'key' : 'value';
    } else if (closes(expect, character)) {
      at++;
      open.pop();
      next = after();
    } else if (expect !== 'value' && expect !== 'value-or-end') {
      return invalid(character, contexts[expect]);
    } else if (character === '{' || character === '[') {
      at++;
      open.push(character);
      next = character === '{' ? 'key-or-end' : 'value-or-end';
    } else {
      const end = scalarEnd(text, at);
      if (typeof end === 'string') return end;
      at = end;
      next = after();
    }
    if (next === undefined) return trailing(text, at);
    expect = next;
  }
}

function closes(expect: Expect, character: string): boolean {
  return (
    (character === '}' && (expect === 'key-or-end' || expect === 'object-next')) ||
    (character === ']' && (expect === 'value-or-end' || expect === 'array-next'))
  );
}

/** Where the scalar ends, or what is wrong with it. */
function scalarEnd(text: string, at: number): number | string {
  const character = text.charAt(at);
  if (character === '"') return stringEnd(text, at);
  const literal = literals[character];
  if (literal !== undefined) {
    for (let i = 1; i < literal.length; i++) {
      if (at + i >= text.length) return unexpectedEnd;
      if (text[at + i] !== literal[i])
        return invalid(text.charAt(at + i), `in literal ${literal} (expecting '${literal.charAt(i)}')`);
    }
    return at + literal.length;
  }
  numberPattern.lastIndex = at;
  const number = numberPattern.exec(text)?.[0];
  if (number !== undefined) return at + number.length;
  if (character !== '-') return invalid(character, contexts.value);
  return at + 1 < text.length ? invalid(text.charAt(at + 1), 'in numeric literal') : unexpectedEnd;
}

function stringEnd(text: string, at: number): number | string {
  for (let i = at + 1; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '"') return i + 1;
    if (character < ' ') return invalid(character, 'in string literal');
    if (character !== '\\') continue;
    i++;
    if (i >= text.length) return unexpectedEnd;
    if (text[i] === 'u') {
      for (let digit = 0; digit < 4; digit++) {
        i++;
        if (i >= text.length) return unexpectedEnd;
        if (!/[0-9a-fA-F]/.test(text.charAt(i)))
          return invalid(text.charAt(i), 'in \\u hexadecimal character escape');
      }
    } else if (!'"\\/bfnrt'.includes(text.charAt(i))) {
      return invalid(text.charAt(i), 'in string escape code');
    }
  }
  return unexpectedEnd;
}

function trailing(text: string, at: number): string {
  const rest = text.slice(at).trimStart();
  return rest === '' ? 'it could not be read' : invalid(rest.charAt(0), 'after top-level value');
}

/** A character as Go quotes a rune. */
function invalid(character: string, where: string): string {
  const named: Readonly<Record<string, string>> = {
    "'": `'\\''`,
    '\\': `'\\\\'`,
    '\n': `'\\n'`,
    '\r': `'\\r'`,
    '\t': `'\\t'`,
  };
  const code = character.charCodeAt(0);
  const shown =
    named[character] ?? (code < 0x20 ? `'\\x${code.toString(16).padStart(2, '0')}'` : `'${character}'`);
  return `invalid character ${shown} ${where}`;
}
