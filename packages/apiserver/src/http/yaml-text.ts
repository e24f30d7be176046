/**
 * YAML in one document, as the JSON text of what it says. Aliases and nesting are bounded, so that a small text can't become
 * a huge object; keys given twice are told, and the last counts.
 *
 * Reading takes a second of the processor for each hundred kilobytes of the worst texts: see `YamlReader` for who pays.
 */
import { describeError } from '@skerry/base';
import { type Document, isScalar, LineCounter, parseDocument, visit } from 'yaml';

export type YamlOutcome =
  | { readonly type: 'json'; readonly json: string; readonly doubled: readonly string[] }
  /** No YAML, or none that is taken; `fault` is worded for the client. */
  | { readonly type: 'fault'; readonly fault: string };

/** Aliases of one text: each is looked up among all that stands before it. */
const aliasesMax = 1000;

/** How much larger aliases may make a text, and how large in all. */
const expansionMax = 100;
const jsonLengthMax = 3 * 1024 * 1024;

/** Faults that are told of one text. */
const faultsMax = 100;

export function yamlToJson(text: string): YamlOutcome {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      schema: 'core',
      version: '1.2',
      prettyErrors: false,
      lineCounter: lines,
      // The library compares each key with each other: minutes for a body of small keys.
      uniqueKeys: false,
    });
    const [error] = document.errors;
    if (error) return fault(faultWords(error, { text, line: lines.linePos(error.pos[0]).line }));
    if (hasManyAliases(document)) return fault(`more than ${aliasesMax} aliases`);
    const doubled = keysGivenTwice(document, lines);
    const value: unknown = document.toJS({ maxAliasCount: expansionMax });
    const json = JSON.stringify(value) ?? 'null';
    if (json.length > jsonLengthMax) return fault('aliases make the document too large');
    return { type: 'json', json, doubled };
  } catch (error) {
    const [first = ''] = describeError(error).split('\n');
    return fault(uncapitalized(first));
  }
}

function fault(why: string): YamlOutcome {
  return { type: 'fault', fault: `error converting YAML to JSON: yaml: ${why}` };
}

/** What most often is wrong with a text, in the words that clients know; what is rarer, in the library's. */
function faultWords(
  { code, message }: { readonly code: string; readonly message: string },
  { text, line }: { readonly text: string; readonly line: number },
): string {
  // The reader that clients know counts lines from zero and then leaves the first one out.
  const at = line > 1 ? `line ${line}: ` : '';
  switch (code) {
    case 'BAD_INDENT':
    case 'MISSING_CHAR': {
      const end = /end with a ([\]}])/.exec(message)?.[1];
      if (end === undefined)
        return message.includes('quote') ? `${at}found unexpected end of stream` : rest();
      const opened = /[[{,:]\s*$/.test(text);
      return `line ${line}: did not find expected ${opened ? 'node content' : `',' or '${end}'`}`;
    }
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return `${at}mapping values are not allowed in this context`;
    case 'TAB_AS_INDENT':
    case 'BAD_SCALAR_START':
      return `${at}found character that cannot start any token`;
    default:
      return rest();
  }
  function rest(): string {
    return `line ${line}: ${uncapitalized(message)}`;
  }
}

function uncapitalized(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function hasManyAliases(document: Document): boolean {
  let count = 0;
  visit(document, { Alias: () => (++count > aliasesMax ? visit.BREAK : undefined) });
  return count > aliasesMax;
}

/** None, or one text with a line for each: `  line 6: key "a" already set in map`. */
function keysGivenTwice(document: Document, lines: LineCounter): string[] {
  const faults: string[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name) && faults.length < faultsMax) {
          const { line } = lines.linePos(key.range?.[0] ?? 0);
          faults.push(`  line ${line}: key "${name}" already set in map`);
        }
        seen.add(name);
      }
    },
  });
  return faults.length === 0 ? [] : [`yaml: unmarshal errors:\n${faults.join('\n')}`];
}
