/** One rule of a schema, ready to be asked. */
import {
  boolType,
  type Compiled,
  Declared,
  Environment,
  optionalOf,
  stringType,
  sameType,
} from '@skerry/cel';
import { fieldAt } from '#crd/rules/field-path.ts';
import type { RawSchema } from '#crd/schema/nodes.ts';

export interface RawRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

type Program = Extract<Compiled, { ok: true }>['program'];

/** An expression that is read, or why it can't be. */
export type CompiledExpression =
  | { readonly program: Program; readonly maxCost: number; readonly usesOldSelf: boolean }
  | { readonly fault: string };

export interface CompiledRule {
  readonly rule: RawRule;
  /** Undefined for a rule without text. */
  readonly expression: CompiledExpression | undefined;
  readonly messageExpression: CompiledExpression | undefined;
  /** Below the node of the rule: `a.b`. */
  readonly fieldPath: string | undefined;
}

const base = new Environment();

/** All rules of a node whose values are as declared. */
export function compileRules(raw: RawSchema, declared: Declared): CompiledRule[] {
  const plain = environmentOf(declared, declared);
  let optional: Environment | undefined;
  return (raw['x-kubernetes-validations'] ?? []).map((rule) => {
    const environment = rule.optionalOldSelf
      ? (optional ??= environmentOf(declared, optionally(declared)))
      : plain;
    return compileRule(raw, rule as RawRule, environment);
  });
}

function environmentOf(self: Declared, oldSelf: Declared): Environment {
  return base.extend({ variables: { self, oldSelf }, sizeRoot: self });
}

function optionally(declared: Declared): Declared {
  const { maxElements, minSize, key, element, fields } = declared;
  return new Declared({
    type: optionalOf(declared.type),
    maxElements,
    minSize,
    key,
    element,
    fields,
    toValue: (raw) => declared.toValue(raw),
  });
}

function compileRule(raw: RawSchema, rule: RawRule, environment: Environment): CompiledRule {
  const found = rule.fieldPath ? fieldAt(raw, rule.fieldPath) : undefined;
  const expression = rule.rule.trim() === '' ? undefined : compileBool(rule.rule, environment);
  const readable = expression && 'program' in expression;
  return {
    rule,
    expression,
    messageExpression:
      readable && rule.messageExpression ? compileText(rule.messageExpression, environment) : undefined,
    fieldPath: found && 'path' in found ? found.path : undefined,
  };
}

function compileBool(text: string, environment: Environment): CompiledExpression {
  const compiled = environment.compile(text);
  if (!compiled.ok)
    return {
      fault:
        compiled.stage === 'instantiation'
          ? `program instantiation failed: ${compiled.issues}`
          : `compilation failed: ${compiled.issues}`,
    };
  if (!sameType(compiled.type, boolType)) return { fault: 'cel expression must evaluate to a bool' };
  return expressionOf(compiled);
}

function compileText(text: string, environment: Environment): CompiledExpression {
  const compiled = environment.compile(text);
  if (!compiled.ok)
    return {
      fault:
        compiled.stage === 'instantiation'
          ? `messageExpression instantiation failed: ${compiled.issues}`
          : `messageExpression compilation failed: ${compiled.issues}`,
    };
  if (!sameType(compiled.type, stringType)) return { fault: 'messageExpression must evaluate to a string' };
  return expressionOf(compiled);
}

function expressionOf({ program, cost, reads }: Extract<Compiled, { ok: true }>): CompiledExpression {
  return { program, maxCost: cost.max, usesOldSelf: reads.has('oldSelf') };
}
