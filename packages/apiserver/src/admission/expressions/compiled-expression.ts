/** An expression that is ready to be evaluated, or why it never will be. */
import { type Environment, nullType, type Program, sameType, type Type } from '@skerry/cel';

export type CompiledExpression = {
  readonly expression: string;
} & ({ readonly program: Program } | { readonly fault: string });

/** `expected`: types that its value may have; any, where none is named. */
export function compileExpression(
  environment: Environment,
  expression: string,
  expected: readonly Type[] = [],
): CompiledExpression {
  const compiled = environment.compile(expression);
  if (!compiled.ok) {
    const stage = compiled.stage === 'instantiation' ? 'program instantiation' : 'compilation';
    return { expression, fault: `${stage} failed: ${compiled.issues}` };
  }
  if (expected.length === 0 || expected.some((type) => sameType(type, compiled.type))) {
    return { expression, program: compiled.program };
  }
  const wanted =
    expected.length === 1
      ? `must evaluate to ${nameOf(expected[0]!)}`
      : `must evaluate to one of [${expected.map(nameOf).join(' ')}]`;
  return { expression, fault: `${wanted} but got ${nameOf(compiled.type)}` };
}

function nameOf(type: Type): string {
  return type === nullType ? 'null_type' : String(type);
}
