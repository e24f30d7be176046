/**
 * Holds the language to cel-go 0.26 with the libraries of Kubernetes 1.36: its answers to a few hundred expressions, recorded
 * once, are in `testing/answers-of-cel-go.json`. Costs of rules decide what may be written, so they must be equal.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Environment } from '#environment.ts';
import { fromJson } from '#values/json.ts';
import { dynType } from '#types/type.ts';

interface Answer {
  readonly expression: string;
  readonly issues?: string;
  /** Why no program could be made of it. */
  readonly instantiation?: string;
  readonly type?: string;
  /** Estimated cost. */
  readonly least?: string;
  readonly most?: string;
  readonly fault?: string;
  /** It fails, with other words. */
  readonly fails?: boolean;
  readonly cost?: string;
  readonly value?: boolean;
}

const answers = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testing/answers-of-cel-go.json'), 'utf8'),
) as readonly Answer[];
const environment = new Environment({ variables: { x: dynType } });

test.for(answers)('$expression', (answer) => {
  const compiled = environment.compile(answer.expression);
  if (!compiled.ok) {
    expect(compiled.issues).toBe(answer.issues ?? answer.instantiation);
    return;
  }
  expect(answer.issues ?? answer.instantiation).toBeUndefined();
  expect(compiled.type.toString()).toBe(answer.type);
  expect([compiled.cost.min, compiled.cost.max]).toEqual([Number(answer.least), Number(answer.most)]);
  const result = compiled.program.evaluate({ x: fromJson({ a: 1 }) });
  if ('fault' in result) {
    expect(answer.fails ?? answer.fault).toBe(answer.fails ? true : result.fault);
    return;
  }
  expect(answer.fault ?? answer.fails).toBeUndefined();
  if (answer.cost !== undefined) expect(result.cost).toBe(Number(answer.cost));
  if (answer.value !== undefined) expect(result.value).toBe(answer.value);
});
