/**
 * Lines of a log as pieces of text with colours. Of what terminals understand, only colours and weights (SGR) are followed;
 * everything else a program may send, moving the cursor, titles, links, the clipboard, is taken out. A log can't do anything.
 */
export interface Style {
  /** 0 to 15 of the palette, or `#rrggbb`. */
  readonly color?: number | string;
  readonly background?: number | string;
  readonly bold?: boolean;
  readonly dim?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
  readonly inverse?: boolean;
}

export interface Piece {
  readonly text: string;
  readonly style: Style;
}

export const plain: Style = {};

// CSI; OSC, DCS, SOS, PM and APC with their end; other escapes; controls but the tab. What isn't ended is taken to its line's end.
const control =
  // oxlint-disable-next-line no-control-regex
  /(?:\u001b\[|\u009b)([0-9;:?<=>!]*)[ -/]*([@-~])|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c|$)|\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;

/** @returns the pieces, and the style that the next line of the same source begins with */
export function piecesOf(line: string, before: Style = plain): { pieces: readonly Piece[]; after: Style } {
  const shown = overwritten(line);
  const pieces: Piece[] = [];
  let style = before;
  let from = 0;
  const add = (text: string): void => {
    if (text !== '') pieces.push({ text, style });
  };
  for (const match of shown.matchAll(control)) {
    add(shown.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') style = withSgr(style, match[1] ?? '');
  }
  add(shown.slice(from));
  return { pieces, after: style };
}

export function plainText(line: string): string {
  return overwritten(line).replace(control, '');
}

/** What stands in the line at the end, where a program wrote over it again and again. */
function overwritten(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  const at = text.lastIndexOf('\r');
  return at < 0 ? text : text.slice(at + 1);
}

const partsMax = 32;

function withSgr(style: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).slice(0, partsMax).map(Number);
  let next: Style = style;
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const [color, used] = extended(codes.slice(index + 1));
      index += used;
      if (color !== undefined) next = { ...next, [code === 38 ? 'color' : 'background']: color };
    } else next = withCode(next, code);
  }
  return next;
}

function withCode(style: Style, code: number): Style {
  if (code >= 30 && code <= 37) return { ...style, color: code - 30 };
  if (code >= 90 && code <= 97) return { ...style, color: code - 82 };
  if (code >= 40 && code <= 47) return { ...style, background: code - 40 };
  if (code >= 100 && code <= 107) return { ...style, background: code - 92 };
  switch (code) {
    case 0:
      return plain;
    case 1:
      return { ...style, bold: true };
    case 2:
      return { ...style, dim: true };
    case 3:
      return { ...style, italic: true };
    case 4:
      return { ...style, underline: true };
    case 7:
      return { ...style, inverse: true };
    case 22:
      return without(style, 'bold', 'dim');
    case 23:
      return without(style, 'italic');
    case 24:
      return without(style, 'underline');
    case 27:
      return without(style, 'inverse');
    case 39:
      return without(style, 'color');
    case 49:
      return without(style, 'background');
    default:
      return style;
  }
}

function without(style: Style, ...names: readonly (keyof Style)[]): Style {
  return Object.fromEntries(
    Object.entries(style).filter(([name]) => !(names as readonly string[]).includes(name)),
  );
}

/** A colour of 256 (`5;n`) or of all (`2;r;g;b`), and how many numbers it took. */
function extended([kind, ...rest]: readonly number[]): readonly [
  color: number | string | undefined,
  used: number,
] {
  if (kind === 5) {
    const [index = 0] = rest;
    return [index < 16 ? index : ofCube(index), 2];
  }
  if (kind === 2) return [hex(rest.slice(0, 3)), 4];
  return [undefined, 1];
}

function ofCube(index: number): string {
  if (index >= 232) return hex([1, 1, 1].map((one) => one * (8 + 10 * (index - 232))));
  const level = (at: number): number => (at === 0 ? 0 : 55 + at * 40);
  const cube = index - 16;
  return hex([level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)]);
}

function hex(parts: readonly number[]): string {
  const byte = (part: number | undefined): string =>
    Math.min(255, Math.max(0, Math.round(part && Number.isFinite(part) ? part : 0)))
      .toString(16)
      .padStart(2, '0');
  return `#${byte(parts[0])}${byte(parts[1])}${byte(parts[2])}`;
}
