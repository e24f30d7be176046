import type { Answer } from './case.ts';

export interface Difference {
  /** `body.spec.replicas` */
  readonly path: string;
  readonly ours: unknown;
  readonly expected: unknown;
}

/** Differences that are told of one answer. */
const differencesMax = 40;

/** Field by field; lists by position. */
export function compareAnswers(ours: Answer, expected: Answer): Difference[] {
  const differences: Difference[] = [];
  compareAt('', ours, expected, differences);
  return differences;
}

function compareAt(path: string, ours: unknown, expected: unknown, into: Difference[]): void {
  if (into.length >= differencesMax) return;
  if (isObject(ours) && isObject(expected)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(ours)])) {
      compareAt(path === '' ? key : `${path}.${key}`, ours[key], expected[key], into);
    }
    return;
  }
  if (Array.isArray(ours) && Array.isArray(expected)) {
    for (let i = 0; i < Math.max(ours.length, expected.length); i++) {
      compareAt(`${path}[${i}]`, ours[i], expected[i], into);
    }
    return;
  }
  if (ours !== expected) into.push({ path, ours, expected });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const shownMax = 300;

export function describeDifference({ path, ours, expected }: Difference): string {
  return `${path}: ours ${shown(ours)}, expected ${shown(expected)}`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text;
}
