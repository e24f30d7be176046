/**
 * Where a pattern matches. @bufbuild/re2 says only whether it does, so this walks the program it compiles, all threads of it
 * at once (Pike's way): time grows with the text times the program, whatever the pattern. Of matches the leftmost counts,
 * and of those that begin there the one that the pattern prefers, as in RE2 and Go.
 */
import type { RE2JS } from '@bufbuild/re2';

/** Operations of a compiled program, numbered as in RE2. */
const alt = 1;
const altMatch = 2;
const capture = 3;
const emptyWidth = 4;
const fail = 5;
const match = 6;
const nop = 7;

type Instruction = ReturnType<ReturnType<RE2JS['re2']>['prog']['getInst']>;

export interface Span {
  readonly start: number;
  readonly end: number;
}

export class PatternSearch {
  readonly #instructions: readonly Instruction[];
  readonly #start: number;
  readonly #text: string;
  /** Called for each step with its work; false ends the search. */
  readonly #spend: (work: number) => boolean;
  /** The search ended because it was too much work. */
  exhausted = false;

  constructor(pattern: RE2JS, text: string, spend: (work: number) => boolean) {
    const { prog } = pattern.re2();
    this.#instructions = prog.inst;
    this.#start = prog.start;
    this.#text = text;
    this.#spend = spend;
  }

  /** The first match that begins at `from` or later; in code units. */
  first(from: number): Span | undefined {
    let threads = new Threads();
    let found: Span | undefined;
    let at = from;
    for (;;) {
      if (!this.#spend(1 + threads.list.length)) {
        this.exhausted = true;
        return undefined;
      }
      if (!found) this.#add(threads, this.#start, at, at);
      const rune = this.#text.codePointAt(at);
      const width = rune === undefined ? 1 : rune > 0xff_ff ? 2 : 1;
      const next = new Threads();
      for (const thread of threads.list) {
        const instruction = this.#instructions[thread.pc]!;
        if (instruction.op === match) {
          found = { start: thread.start, end: at };
          // What comes after is less preferred.
          break;
        }
        if (rune !== undefined && accepts(instruction, rune))
          this.#add(next, instruction.out, thread.start, at + width);
      }
      if (rune === undefined || (found && next.list.length === 0)) return found;
      threads = next;
      at += width;
    }
  }

  /** All matches from left to right, none overlapping, up to `limit`. */
  all(limit: number): Span[] {
    const spans: Span[] = [];
    let at = 0;
    let previousEnd = -1;
    while (spans.length < limit && at <= this.#text.length) {
      const span = this.first(at);
      if (!span) break;
      const empty = span.start === span.end;
      if (!empty || span.end !== previousEnd) spans.push(span);
      previousEnd = span.end;
      at = empty ? span.end + ((this.#text.codePointAt(span.end) ?? 0) > 0xff_ff ? 2 : 1) : span.end;
    }
    return spans;
  }

  /** Follows what needs no character, in order of preference. */
  #add(threads: Threads, first: number, start: number, at: number): void {
    const stack = [first];
    while (stack.length > 0) {
      const pc = stack.pop()!;
      if (threads.seen.has(pc)) continue;
      threads.seen.add(pc);
      const instruction = this.#instructions[pc]!;
      switch (instruction.op) {
        case alt:
        case altMatch:
          stack.push(instruction.arg, instruction.out);
          break;
        case capture:
        case nop:
          stack.push(instruction.out);
          break;
        case emptyWidth:
          if ((instruction.arg & ~conditionsAt(this.#text, at)) === 0) stack.push(instruction.out);
          break;
        case fail:
          break;
        default:
          threads.list.push({ pc, start });
      }
    }
  }
}

class Threads {
  readonly list: { readonly pc: number; readonly start: number }[] = [];
  readonly seen = new Set<number>();
}

const runeAny = 10;
const runeAnyNotNewline = 11;

function accepts(instruction: Instruction, rune: number): boolean {
  if (instruction.op === runeAny) return true;
  if (instruction.op === runeAnyNotNewline) return rune !== 0x0a;
  return instruction.matchRune(rune);
}

/** Which of line begin, line end, text begin, text end, word boundary and its absence hold between two characters. */
function conditionsAt(text: string, at: number): number {
  const before = text[at - 1];
  const after = text[at];
  let conditions = 0;
  if (before === undefined) conditions |= 0x01 | 0x04;
  if (before === '\n') conditions |= 0x01;
  if (after === undefined) conditions |= 0x02 | 0x08;
  if (after === '\n') conditions |= 0x02;
  return conditions | (isWord(before) === isWord(after) ? 0x20 : 0x10);
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[0-9A-Za-z_]/.test(character);
}
