/** What the text of a literal means. */

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  "'": "'",
  '\\': '\\',
  '?': '?',
  '`': '`',
};

/** Between the quotes; undefined for an escape that does not exist. */
export function unescapeString(literal: string): string | undefined {
  const { body, raw } = bodyOf(literal);
  if (raw) return body;
  let wrong = false;
  const text = body.replace(escapes, (_match, code: string) => {
    const character = simpleEscapes[code] ?? codePoint(code);
    if (character === undefined) wrong = true;
    return character ?? '';
  });
  return wrong ? undefined : text;
}

/** As `unescapeString`, where `\x` and octal escapes are bytes and everything else is UTF-8. */
export function unescapeBytes(literal: string): Uint8Array | undefined {
  const { body, raw } = bodyOf(literal.slice(1));
  const encoder = new TextEncoder();
  if (raw) return encoder.encode(body);
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const match of body.matchAll(escapes)) {
    parts.push(encoder.encode(body.slice(end, match.index)));
    end = match.index + match[0].length;
    const code = match[1] ?? '';
    const byte = byteOf(code);
    if (byte !== undefined) parts.push(Uint8Array.of(byte));
    else {
      // Unicode escapes mean nothing in bytes.
      const character = /^[uU]/.test(code) ? undefined : simpleEscapes[code];
      if (character === undefined) return undefined;
      parts.push(encoder.encode(character));
    }
  }
  parts.push(encoder.encode(body.slice(end)));
  return concatBytes(parts);
}

const escapes = /\\([xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|[\s\S]?)/gu;

function bodyOf(literal: string): { readonly body: string; readonly raw: boolean } {
  const raw = /^[rR]/.test(literal);
  const quoted = raw ? literal.slice(1) : literal;
  const width = /^(?:"""|''')/.test(quoted) && quoted.length >= 6 ? 3 : 1;
  return { body: quoted.slice(width, -width).replaceAll(/\r\n?/g, '\n'), raw };
}

function byteOf(code: string): number | undefined {
  if (/^[xX]/.test(code) && code.length === 3) return Number.parseInt(code.slice(1), 16);
  return /^[0-3][0-7]{2}$/.test(code) ? Number.parseInt(code, 8) : undefined;
}

function codePoint(code: string): string | undefined {
  const byte = byteOf(code);
  if (byte !== undefined) return String.fromCodePoint(byte);
  if (!/^[uU][0-9a-fA-F]+$/.test(code)) return undefined;
  const point = Number.parseInt(code.slice(1), 16);
  if (point > 0x10_ff_ff || (point >= 0xd8_00 && point <= 0xdf_ff)) return undefined;
  return String.fromCodePoint(point);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const int64Max = 2n ** 63n;
const uint64Max = 2n ** 64n;

/** `sign` is '-' or ''. Undefined beyond 64 bits. */
export function parseInteger(sign: string, text: string): bigint | undefined {
  const value = sign === '-' ? -BigInt(text) : BigInt(text);
  return value >= -int64Max && value < int64Max ? value : undefined;
}

export function parseUnsigned(text: string): bigint | undefined {
  const value = BigInt(text.slice(0, -1));
  return value < uint64Max ? value : undefined;
}
