/**
 * matchConditions: a webhook or policy is only concerned with requests of which they all are true. One that is false settles
 * it, whatever the others are; one that fails, where none is false, is a failure like any other.
 */
import { boolType, type Composition, type Environment } from '@skerry/cel';
import { compileExpression, type CompiledExpression } from '#admission/expressions/compiled-expression.ts';
import {
  evaluateAll,
  matchConditionBudget,
  type ExpressionInput,
} from '#admission/expressions/evaluation.ts';

export function compileConditions(
  environment: Environment,
  conditions: readonly { readonly expression: string }[],
): CompiledExpression[] {
  return conditions.map(({ expression }) => compileExpression(environment, expression, [boolType]));
}

export type Matching = { readonly matches: boolean } | { readonly fault: string };

export async function matchConditions(
  conditions: readonly CompiledExpression[],
  input: ExpressionInput,
  composition?: Composition,
): Promise<Matching> {
  if (conditions.length === 0) return { matches: true };
  const evaluated = await evaluateAll(conditions, input, {
    budget: matchConditionBudget,
    ...(composition ? { composition } : {}),
  });
  if (!evaluated.ok) return { fault: evaluated.fault };
  const { results } = evaluated;
  if (results.some((result) => 'value' in result && result.value === false)) return { matches: false };
  const faults = [...new Set(results.flatMap((result) => ('fault' in result ? [result.fault] : [])))];
  if (faults.length === 0) return { matches: true };
  return { fault: faults.length === 1 ? faults[0]! : `[${faults.join(', ')}]` };
}
