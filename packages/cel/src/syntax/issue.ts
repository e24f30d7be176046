/**
 * What is wrong with an expression, shown as cel-go shows it, since users and tools search for these texts:
 *
 *     ERROR: <input>:1:6: undefined field 'foo'
 *      | self.foo
 *      | .....^
 */
export interface Issue {
  /** In UTF-16 units from the start of the expression; undefined when no place can be named. */
  readonly offset: number | undefined;
  readonly message: string;
}

/** More issues than this are only counted. */
const issuesShownMax = 100;
/** Lines longer than this are not shown beneath their issue. */
const lineLengthMax = 16_384;

/** Issues of one expression, in order of place. */
export function formatIssues(text: string, issues: readonly Issue[]): string {
  const placed = issues.map((issue) => ({ message: issue.message, ...placeOf(text, issue.offset) }));
  placed.sort((a, b) => a.line - b.line || a.column - b.column);
  const shown = placed.slice(0, issuesShownMax).map((issue) => display(issue));
  if (issues.length > issuesShownMax)
    shown.push(`${issues.length - issuesShownMax} more errors were truncated`);
  return shown.join('\n');
}

interface Place {
  /** From 1. */
  readonly line: number;
  /** From 0, in code points. */
  readonly column: number;
  readonly source: string | undefined;
}

function placeOf(text: string, offset: number | undefined): Place {
  if (offset === undefined) return { line: -1, column: -1, source: undefined };
  if (text === '') return { line: 1, column: -1, source: undefined };
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  const end = text.indexOf('\n', start);
  return {
    line: before.split('\n').length,
    column: Array.from(before.slice(start)).length,
    source: text.slice(start, end === -1 ? undefined : end),
  };
}

function display({ message, line, column, source }: Place & { readonly message: string }): string {
  const head = `ERROR: <input>:${line}:${column + 1}: ${message}`;
  if (source === undefined) return head;
  const characters = Array.from(source.replaceAll('\t', ' '));
  if (characters.length > lineLengthMax) return head;
  const dots = characters.slice(0, column).map((character) => (isWide(character) ? '．' : '.'));
  const mark = isWide(characters[column] ?? '') ? '＾' : '^';
  return `${head}\n | ${characters.join('')}\n | ${dots.join('')}${mark}`;
}

function isWide(character: string): boolean {
  return (character.codePointAt(0) ?? 0) > 0x7f;
}
