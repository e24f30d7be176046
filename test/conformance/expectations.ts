/**
 * Recorded answers of the real server, one file an area, one line a step: `[code, body, headers]`, with the headers left
 * out where they say JSON and nothing else. A body that is nearly that of an earlier step of its case is told by what
 * differs: `{"like": 0, "but": [[path, value], …]}`, without a value where the field is not there.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer } from './case.ts';

type Path = readonly (string | number)[];
type Change = readonly [path: Path, value?: unknown];
type Line = readonly [code: number, body?: unknown, headers?: Answer['headers']];

interface Likeness {
  readonly like: number;
  readonly but: readonly Change[];
}

const folder = join(import.meta.dirname, 'expected');
const plainHeaders = { 'content-type': 'application/json' };

/** By the name of the case. */
export function readExpectations(area: string): Map<string, Answer[]> {
  const file = join(folder, `${area}.json`);
  if (!existsSync(file)) return new Map();
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Line[]>;
  return new Map(Object.entries(recorded).map(([name, lines]) => [name, answersOf(lines)]));
}

export function writeExpectations(area: string, answers: ReadonlyMap<string, readonly Answer[]>): void {
  mkdirSync(folder, { recursive: true });
  const cases = [...answers].map(([name, each]) => {
    const lines = each.map((answer, step) => lineOf(answer, each.slice(0, step)));
    return `${JSON.stringify(name)}:[\n${lines.join(',\n')}\n]`;
  });
  writeFileSync(join(folder, `${area}.json`), `{\n${cases.join(',\n')}\n}\n`);
}

function answersOf(lines: readonly Line[]): Answer[] {
  const answers: Answer[] = [];
  for (const [code, told, headers = plainHeaders] of lines) {
    const body = isLikeness(told) ? changed(answers[told.like]?.body, told.but) : (told ?? undefined);
    answers.push({ code, headers, body });
  }
  return answers;
}

function lineOf({ code, headers, body }: Answer, before: readonly Answer[]): string {
  const told = shortest(body, before);
  const isPlain = JSON.stringify(headers) === JSON.stringify(plainHeaders);
  return JSON.stringify(
    isPlain ? (told === undefined ? [code] : [code, told]) : [code, told ?? null, headers],
  );
}

function isLikeness(told: unknown): told is Likeness {
  return typeof told === 'object' && told !== null && 'like' in told && 'but' in told;
}

/** The body, or how it differs from an earlier one if that is said in less. */
function shortest(body: unknown, before: readonly Answer[]): unknown {
  if (body === undefined) return undefined;
  let best: unknown = body;
  let size = JSON.stringify(body).length;
  for (const [like, earlier] of before.entries()) {
    if (typeof earlier.body !== 'object' || earlier.body === null) continue;
    const but: Change[] = [];
    collect([], earlier.body, body, but);
    const told: Likeness = { like, but };
    const toldSize = JSON.stringify(told).length;
    if (toldSize < size) [best, size] = [told, toldSize];
  }
  return best;
}

function collect(path: Path, before: unknown, after: unknown, into: Change[]): void {
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      collect([...path, key], before[key], after[key], into);
    return;
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [index, item] of before.entries()) collect([...path, index], item, after[index], into);
    return;
  }
  into.push(after === undefined ? [path] : [path, after]);
}

function changed(before: unknown, changes: readonly Change[]): unknown {
  let root: unknown = structuredClone(before);
  for (const [path, value] of changes) {
    const last = path.at(-1);
    if (last === undefined) {
      root = value;
      continue;
    }
    let holder = root as Record<string | number, unknown>;
    for (const key of path.slice(0, -1)) holder = holder[key] as Record<string | number, unknown>;
    if (value === undefined) delete holder[last];
    else holder[last] = value;
  }
  return root;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
