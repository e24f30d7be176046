/**
 * Recorded answers of the real server, one file an area, one line a step: `[code, body, headers]`, with the headers left
 * out where they say JSON and nothing else.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer } from './case.ts';

type Line = readonly [code: number, body?: unknown, headers?: Answer['headers']];

const folder = join(import.meta.dirname, 'expected');
const plainHeaders = { 'content-type': 'application/json' };

/** By the name of the case. */
export function readExpectations(area: string): Map<string, Answer[]> {
  const file = join(folder, `${area}.json`);
  if (!existsSync(file)) return new Map();
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Line[]>;
  return new Map(
    Object.entries(recorded).map(([name, lines]) => [
      name,
      lines.map(([code, body, headers]) => ({
        code,
        headers: headers ?? plainHeaders,
        body: body ?? undefined,
      })),
    ]),
  );
}

export function writeExpectations(area: string, answers: ReadonlyMap<string, readonly Answer[]>): void {
  mkdirSync(folder, { recursive: true });
  const cases = [...answers].map(
    ([name, each]) => `${JSON.stringify(name)}:[\n${each.map((answer) => lineOf(answer)).join(',\n')}\n]`,
  );
  writeFileSync(join(folder, `${area}.json`), `{\n${cases.join(',\n')}\n}\n`);
}

function lineOf({ code, headers, body }: Answer): string {
  const isPlain = JSON.stringify(headers) === JSON.stringify(plainHeaders);
  return JSON.stringify(
    isPlain ? (body === undefined ? [code] : [code, body]) : [code, body ?? null, headers],
  );
}
