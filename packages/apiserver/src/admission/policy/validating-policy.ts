/**
 * A ValidatingAdmissionPolicy, compiled: what it decides about one request with one set of params.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */
import type { StatusReason, ValidatingAdmissionPolicy, Validation } from '@skerry/api';
import { boolType, Composition, nullType, stringType } from '@skerry/cel';
import { compileExpression, type CompiledExpression } from '#admission/expressions/compiled-expression.ts';
import { admissionEnvironment } from '#admission/expressions/environment.ts';
import { evaluateAll, policyBudget, type ExpressionInput } from '#admission/expressions/evaluation.ts';
import { compileConditions, matchConditions } from '#admission/expressions/match-conditions.ts';

/** Texts that an expression made are taken as a message up to this. */
const messageBytesMax = 5 * 1024;

export interface Denial {
  readonly message: string;
  readonly reason: StatusReason;
  /** Of the validation. */
  readonly index: number;
  readonly failed: boolean;
}

export interface Judgement {
  readonly denials: readonly Denial[];
  readonly annotations: readonly { readonly key: string; readonly value: string }[];
  /** Deny whatever the binding's actions are. */
  readonly annotationFaults: readonly string[];
}

const silent: Judgement = { denials: [], annotations: [], annotationFaults: [] };

interface Annotation {
  readonly key: string;
  readonly expression: string;
  readonly compiled: CompiledExpression;
}

export class CompiledValidatingPolicy {
  readonly #composition: Composition;
  readonly #conditions: readonly CompiledExpression[];
  readonly #validations: readonly { readonly given: Validation; readonly compiled: CompiledExpression }[];
  /** By index of their validation. */
  readonly #messages: ReadonlyMap<number, CompiledExpression>;
  readonly #annotations: readonly Annotation[];
  readonly #ignoresFailures: boolean;

  constructor({ spec = {} }: Pick<ValidatingAdmissionPolicy, 'spec'>) {
    const params = spec.paramKind !== undefined;
    const composition = new Composition(admissionEnvironment({ params, authorizer: true }));
    // What does not compile is not declared, and fails whoever reads it.
    for (const { name, expression } of spec.variables ?? []) composition.declare(name, expression);
    const { environment } = composition;
    const validations = spec.validations ?? [];
    this.#composition = composition;
    this.#ignoresFailures = spec.failurePolicy === 'Ignore';
    this.#conditions = compileConditions(environment, spec.matchConditions ?? []);
    this.#validations = validations.map((given) => ({
      given,
      compiled: compileExpression(environment, given.expression, [boolType]),
    }));
    this.#messages = new Map(
      validations.flatMap(({ messageExpression }, index) =>
        messageExpression ? [[index, compileExpression(environment, messageExpression, [stringType])]] : [],
      ),
    );
    this.#annotations = (spec.auditAnnotations ?? []).map(({ key, valueExpression: expression }) => ({
      key,
      expression,
      compiled: compileExpression(environment, expression, [stringType, nullType]),
    }));
  }

  async judge(input: ExpressionInput): Promise<Judgement> {
    const composition = this.#composition;
    const matching = await matchConditions(this.#conditions, input, composition);
    if ('fault' in matching) return this.#failure(matching.fault);
    if (!matching.matches) return silent;
    const evaluated = await evaluateAll(
      this.#validations.map(({ compiled }) => compiled),
      input,
      { budget: policyBudget, composition },
    );
    if (!evaluated.ok) return this.#failure(evaluated.fault);
    const denials: Denial[] = [];
    let { left } = evaluated;
    for (const [index, result] of evaluated.results.entries()) {
      if ('fault' in result) {
        denials.push(...this.#failure(result.fault, index).denials);
        continue;
      }
      if (result.value === true) continue;
      const { given } = this.#validations[index]!;
      const made = await this.#message(index, input, left);
      left = made.left;
      denials.push(
        made.fault === undefined
          ? { message: made.message || ownMessage(given), reason: reasonOf(given), index, failed: false }
          : { message: `failed messageExpression: ${made.fault}`, reason: 'Invalid', index, failed: true },
      );
    }
    return { ...(await this.#annotate(input)), denials };
  }

  #failure(message: string, index = 0): Judgement {
    if (this.#ignoresFailures) return silent;
    return { ...silent, denials: [{ message, reason: 'Invalid', index, failed: true }] };
  }

  /** What a messageExpression makes; nothing where it makes nothing that can be shown. */
  async #message(
    index: number,
    input: ExpressionInput,
    budget: number,
  ): Promise<{ message: string; left: number; fault?: string }> {
    const compiled = this.#messages.get(index);
    if (!compiled) return { message: '', left: budget };
    // It may not ask the authorizer: it is about what has been decided.
    const { authorizer: _withheld, ...asked } = input;
    const evaluated = await evaluateAll([compiled], asked, { budget, composition: this.#composition });
    if (!evaluated.ok) return { message: '', left: 0, fault: evaluated.fault };
    const [result] = evaluated.results;
    const text = result && 'value' in result && typeof result.value === 'string' ? result.value.trim() : '';
    const shown = text.includes('\n') || Buffer.byteLength(text) > messageBytesMax ? '' : text;
    return { message: shown, left: evaluated.left };
  }

  async #annotate(input: ExpressionInput): Promise<Omit<Judgement, 'denials'>> {
    const annotations: Judgement['annotations'][number][] = [];
    const annotationFaults: string[] = [];
    const evaluated = await evaluateAll(
      this.#annotations.map(({ compiled }) => compiled),
      input,
      { budget: policyBudget, composition: this.#composition },
    );
    if (!evaluated.ok)
      return { annotations, annotationFaults: this.#ignoresFailures ? [] : [evaluated.fault] };
    for (const [index, result] of evaluated.results.entries()) {
      const { key } = this.#annotations[index]!;
      if ('fault' in result) {
        if (!this.#ignoresFailures) annotationFaults.push(result.fault);
      } else if (typeof result.value === 'string' && result.value.trim() !== '') {
        annotations.push({ key, value: result.value.trim() });
      }
    }
    return { annotations, annotationFaults };
  }
}

function ownMessage({ message = '', expression }: Validation): string {
  return message.trim() || `failed expression: ${expression.trim()}`;
}

function reasonOf({ reason }: Validation): StatusReason {
  return (reason ?? 'Invalid') as StatusReason;
}
