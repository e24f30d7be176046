/** Finding words in lines: as they are written, in any case, or as a regular expression. */
import { plainText } from './ansi.ts';

/** A regular expression can take very long on a long text. */
const searchedLengthMax = 4000;
const matchesPerLineMax = 50;

export type Matcher = (text: string) => readonly (readonly [from: number, to: number])[];

/** Nothing for nothing wanted, and an error's words for an expression that is none. */
export function matcherOf(
  wanted: string,
  { isRegExp }: { isRegExp: boolean },
): Matcher | undefined | { readonly error: string } {
  if (wanted === '') return undefined;
  let pattern: RegExp;
  try {
    pattern = new RegExp(
      isRegExp ? wanted : wanted.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`),
      'giu',
    );
  } catch (error) {
    return { error: error instanceof Error ? error.message : '' };
  }
  return (text) => {
    const found: [number, number][] = [];
    for (const match of text.slice(0, searchedLengthMax).matchAll(pattern)) {
      if (match[0] === '' || found.length >= matchesPerLineMax) break;
      found.push([match.index, match.index + match[0].length]);
    }
    return found;
  };
}

export function matchesLine(matcher: Matcher, line: string): boolean {
  return matcher(plainText(line)).length > 0;
}

export interface Marked {
  readonly text: string;
  readonly isMatch: boolean;
}

/** Cuts a piece of a line that begins at `offset` at the borders of matches. */
export function mark(text: string, offset: number, matches: ReturnType<Matcher>): readonly Marked[] {
  const parts: Marked[] = [];
  let at = 0;
  for (const [from, to] of matches) {
    const start = Math.max(from - offset, at);
    const end = Math.min(to - offset, text.length);
    if (end <= start) continue;
    if (start > at) parts.push({ text: text.slice(at, start), isMatch: false });
    parts.push({ text: text.slice(start, end), isMatch: true });
    at = end;
  }
  if (at < text.length) parts.push({ text: text.slice(at), isMatch: false });
  return parts;
}
