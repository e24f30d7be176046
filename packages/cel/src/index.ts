/**
 * The Common Expression Language as the servers of Kubernetes speak it: rules of custom resources, conditions of webhooks
 * and of admission policies. Pure: no I/O, no clock.
 *
 *     const environment = new Environment({ variables: { object: dynType, request: requestType } });
 *     const compiled = environment.compile('object.spec.replicas < 5', { expected: [boolType] });
 *     if (!compiled.ok) throw invalid(compiled.issues);
 *     const result = compiled.program.evaluate({ object: fromJson(object) }, { costLimit: 1_000_000 });
 *     if ('fault' in result) … else result.value === true
 *
 * Variables of admission policies compose, lazily and typed:
 *
 *     const composition = new Composition(environment);
 *     composition.declare('replicas', 'object.spec.replicas');
 *     const { program } = composition.environment.compile('variables.replicas < 5');
 *     const variables = composition.bind(bindings, { costLimit });
 *     program.evaluate({ ...bindings, variables });        // variables.spent: what they cost beside the expression
 *
 * Where `authorizer` may be asked, bind it to an `AuthorizerValue` and evaluate with `evaluateWithAccess`: the one
 * evaluation that waits. Variables: `request` and the like are structs (`structType`), `object`, `oldObject`, `params` are
 * dyn, values of JSON come from `fromJson` or, typed by a schema, from `declaredOf(…).toValue`.
 *
 * Promises: compiling and evaluating never throw for what an expression or a value says, take time bounded by the text and
 * the cost limit, and never recurse deeper than the parser allows. Costs are those of Kubernetes, so budgets mean the same.
 *
 * Why our own, where a library exists: @bufbuild/cel 0.6 has no optionals, no loops of two variables, no checker against
 * declared types, no estimate of costs, and none of the libraries of Kubernetes; its parser alone knows no optional syntax
 * and words its errors in its own way.
 */
export { Environment, type Compiled, type CompileOptions, type EnvironmentOptions } from '#environment.ts';
export { BoundVariables, Composition } from '#composition.ts';
export { perCallLimit, type Bindings, type Evaluation, type Program } from '#evaluate/program.ts';
export { type CostRange } from '#cost/estimate.ts';
export { Declared } from '#types/declared.ts';
export { declaredOf, type SchemaTypeOptions } from '#types/from-schema.ts';
export { escapeName } from '#types/escape.ts';
export {
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listOf,
  mapOf,
  nullType,
  optionalOf,
  sameType,
  stringType,
  structType,
  timestampType,
  type Type,
  uintType,
} from '#types/type.ts';
export {
  AccessAnswers,
  type AccessAnswer,
  type AccessQuestion,
  authorizerType,
  AuthorizerValue,
  evaluateWithAccess,
  resourceCheckType,
  type ResourceQuestion,
} from '#libraries/authorizer.ts';
export { kubernetesLibraries } from '#libraries/kubernetes.ts';
export { quantityType } from '#libraries/quantities.ts';
export { jsonPatchLibrary } from '#libraries/json-patch.ts';
export { fromJson } from '#values/json.ts';
export { toJson } from '#values/to-json.ts';
export { Optional } from '#values/optional.ts';
export { Fault, List, Mapping, Opaque, type Outcome, type Value } from '#values/value.ts';
export { bindMacro, kubernetesMacros } from '#syntax/macros.ts';
