/**
 * A MutatingAdmissionPolicy, compiled: what it makes of an object for one set of params.
 * https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/
 */
import {
  applyJsonPatch,
  isApiError,
  mergeUnowned,
  type AnyObject,
  type MutatingAdmissionPolicy,
  type Mutation,
  type Schema,
  type SchemaSet,
} from '@skerry/api';
import { Composition, Fault, List, toJson, type Value } from '@skerry/cel';
import { compileExpression, type CompiledExpression } from '#admission/expressions/compiled-expression.ts';
import { admissionEnvironment } from '#admission/expressions/environment.ts';
import { evaluateAll, policyBudget, type ExpressionInput } from '#admission/expressions/evaluation.ts';
import {
  compileConditions,
  matchConditions,
  type Matching,
} from '#admission/expressions/match-conditions.ts';
import {
  jsonPatchesType,
  misplacedInitializer,
  objectType,
  withInitializers,
} from '#admission/policy/object-initializers.ts';

/** Why a policy makes nothing of a request. */
export class MutationFault extends Error {
  override readonly name = 'MutationFault';
}

/** Where the object's fields are described. */
export interface Described {
  readonly schemas: SchemaSet;
  readonly schema: Schema;
}

export class CompiledMutatingPolicy {
  readonly #composition: Composition;
  readonly #conditions: readonly CompiledExpression[];
  readonly mutations: readonly CompiledMutation[];

  constructor({ spec = {} }: Pick<MutatingAdmissionPolicy, 'spec'>) {
    const params = spec.paramKind !== undefined;
    const base = withInitializers(admissionEnvironment({ params, authorizer: true }));
    const composition = new Composition(base);
    // What does not compile is not declared, and fails whoever reads it.
    for (const { name, expression } of spec.variables ?? []) composition.declare(name, expression);
    this.#composition = composition;
    this.#conditions = compileConditions(composition.environment, spec.matchConditions ?? []);
    this.mutations = (spec.mutations ?? []).map((mutation) => new CompiledMutation(mutation, composition));
  }

  matches(input: ExpressionInput): Promise<Matching> {
    return matchConditions(this.#conditions, input, this.#composition);
  }
}

export class CompiledMutation {
  readonly #composition: Composition;
  readonly #patches: boolean;
  readonly #compiled: CompiledExpression;

  constructor({ patchType, jsonPatch, applyConfiguration }: Mutation, composition: Composition) {
    this.#composition = composition;
    this.#patches = patchType === 'JSONPatch';
    const expression = (this.#patches ? jsonPatch?.expression : applyConfiguration?.expression) ?? '';
    this.#compiled = compileExpression(composition.environment, expression, [
      this.#patches ? jsonPatchesType : objectType,
    ]);
  }

  /** The object as the mutation leaves it. Rejects with a MutationFault. */
  async apply(object: AnyObject, input: ExpressionInput, described: Described): Promise<AnyObject> {
    if ('fault' in this.#compiled) throw new MutationFault(this.#compiled.fault);
    const evaluated = await evaluateAll([this.#compiled], input, {
      budget: policyBudget,
      composition: this.#composition,
    });
    if (!evaluated.ok) throw new MutationFault(evaluated.fault);
    const [result] = evaluated.results;
    if (!result || 'fault' in result)
      throw new MutationFault(result ? result.fault : 'nothing was evaluated');
    return this.#patches ? patched(object, result.value) : merged(object, result.value, described);
  }
}

function patched(object: AnyObject, value: Value): AnyObject {
  if (!(value instanceof List))
    throw new MutationFault('type mismatch: JSONPatchType.expression should evaluate to array');
  const operations: unknown[] = [];
  for (let index = 0; index < value.length; index++) {
    const operation = value.at(index);
    if (operation instanceof Fault) throw new MutationFault(operation.message);
    operations.push(jsonOf(operation));
  }
  try {
    return applyJsonPatch(object, operations);
  } catch (error) {
    if (!isApiError(error)) throw error;
    const why = error.cause instanceof Error ? error.cause.message : error.message;
    // A test that fails says that there is nothing to do.
    if (why.endsWith('test failed')) return object;
    throw new MutationFault(`JSON Patch: ${why}`, { cause: error });
  }
}

function merged(object: AnyObject, value: Value, { schemas, schema }: Described): AnyObject {
  const misplaced = misplacedInitializer(value);
  if (misplaced) throw new MutationFault(`type mismatch: ${misplaced}`);
  const config = { ...(jsonOf(value) as AnyObject), apiVersion: object.apiVersion, kind: object.kind };
  const result = mergeUnowned(schemas, schema, object, config);
  if ('fault' in result) throw new MutationFault(`error applying patch: ${result.fault}`);
  return result.value as AnyObject;
}

function jsonOf(value: Value): unknown {
  const json = toJson(value);
  if (json instanceof Fault) throw new MutationFault(json.message);
  return json;
}
