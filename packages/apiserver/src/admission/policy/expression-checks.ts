/**
 * Expressions of policies and webhooks are compiled when they are written, and what doesn't compile is refused with the words
 * of the compiler. Only what a write brings is looked at: what is stored was good when it came.
 */
import {
  equalJson,
  type AnyObject,
  type FieldError,
  type MatchCondition,
  type MutatingAdmissionPolicy,
  type MutatingWebhookConfiguration,
  type ValidatingAdmissionPolicy,
} from '@skerry/api';
import { boolType, Composition, nullType, stringType, type Environment, type Type } from '@skerry/cel';
import { compileExpression } from '#admission/expressions/compiled-expression.ts';
import { admissionEnvironment } from '#admission/expressions/environment.ts';
import { jsonPatchesType, objectType, withInitializers } from '#admission/policy/object-initializers.ts';
import type { KindHooks } from '#registry/registry.ts';

type Check = (object: AnyObject) => FieldError[];

/** By `group/resource`. */
export function expressionHooks(): Map<string, KindHooks> {
  const checks: [string, Check][] = [
    ['validatingadmissionpolicies', validatingFaults],
    ['mutatingadmissionpolicies', mutatingFaults],
    ['validatingwebhookconfigurations', webhookFaults],
    ['mutatingwebhookconfigurations', webhookFaults],
  ];
  return new Map(
    checks.map(([resource, check]) => [`admissionregistration.k8s.io/${resource}`, hooksOf(check)]),
  );
}

function hooksOf(check: Check): KindHooks {
  return {
    faults(object, own, old) {
      const same =
        old && equalJson(object['spec'], old['spec']) && equalJson(object['webhooks'], old['webhooks']);
      return same ? own : inOrder([...own, ...check(object)]);
    },
  };
}

/** Parts that hold expressions, and what follows those, in the order that stock servers look at them; the fields of each. */
const sections = [
  'matchConditions',
  'admissionReviewVersions',
  'variables',
  'validations',
  'mutations',
  'auditAnnotations',
  'reinvocationPolicy',
];
const fields = new Map<string, readonly string[]>([
  ['matchConditions', ['expression', 'name']],
  ['variables', ['name', 'expression']],
  ['validations', ['expression', 'messageExpression', 'message', 'reason']],
  ['mutations', []],
  ['auditAnnotations', ['key', 'valueExpression']],
]);

/** As stock servers list them, which find faults of expressions along with all others. */
function inOrder(faults: readonly FieldError[]): FieldError[] {
  return faults
    .map((fault) => ({ fault, place: placeOf(fault.path) }))
    .toSorted((a, b) => {
      const index = a.place.findIndex((step, at) => step !== b.place[at]);
      return index < 0 ? 0 : a.place[index]! - b.place[index]!;
    })
    .map(({ fault }) => fault);
}

function placeOf(path: string): number[] {
  const [, webhook = '-1', section = '', item = '-1', field = ''] =
    /^(?:webhooks\[(\d+)\]|spec)\.(\w+)(?:\[(\d+)\])?(?:\.(\w+))?/.exec(path) ?? [];
  const order = fields.get(section);
  const within = order ? [Number(item), order.indexOf(field)] : [0, 0];
  return [Number(webhook), sections.indexOf(section), ...within];
}

function validatingFaults(object: AnyObject): FieldError[] {
  const { spec = {} } = object as unknown as ValidatingAdmissionPolicy;
  const params = spec.paramKind !== undefined;
  const asking = admissionEnvironment({ params, authorizer: true });
  const composition = new Composition(asking);
  // About what was decided, and so without the authorizer; but with all variables, which may have asked it.
  const told = admissionEnvironment({ params, authorizer: false });
  const telling = new Composition(told);
  // Where there are no variables, nothing is called so.
  const composed = (spec.variables?.length ?? 0) > 0;
  const faults = conditionFaults(asking, spec.matchConditions, 'spec.matchConditions');
  for (const [index, { name, expression }] of (spec.variables ?? []).entries()) {
    faults.push(
      ...expressionFaults(composition.environment, expression, `spec.variables[${index}].expression`),
    );
    if (composition.declare(name, expression).ok) telling.declare(name, expression);
  }
  const conditions = composed ? composition.environment : asking;
  const messages = composed ? telling.environment : told;
  for (const [index, { expression, messageExpression }] of (spec.validations ?? []).entries()) {
    const at = `spec.validations[${index}]`;
    faults.push(
      ...expressionFaults(conditions, expression, `${at}.expression`, [boolType]),
      ...expressionFaults(messages, messageExpression, `${at}.messageExpression`, [stringType]),
    );
  }
  for (const [index, { valueExpression }] of (spec.auditAnnotations ?? []).entries()) {
    const at = `spec.auditAnnotations[${index}].valueExpression`;
    faults.push(...expressionFaults(conditions, valueExpression, at, [stringType, nullType]));
  }
  return faults;
}

function mutatingFaults(object: AnyObject): FieldError[] {
  const { spec = {} } = object as unknown as MutatingAdmissionPolicy;
  const asking = admissionEnvironment({ params: spec.paramKind !== undefined, authorizer: true });
  const composition = new Composition(withInitializers(asking));
  const faults = conditionFaults(asking, spec.matchConditions, 'spec.matchConditions');
  for (const [index, { name, expression }] of (spec.variables ?? []).entries()) {
    faults.push(
      ...expressionFaults(composition.environment, expression, `spec.variables[${index}].expression`),
    );
    composition.declare(name, expression);
  }
  for (const [index, { applyConfiguration, jsonPatch }] of (spec.mutations ?? []).entries()) {
    const at = `spec.mutations[${index}]`;
    const { environment } = composition;
    faults.push(
      ...expressionFaults(environment, jsonPatch?.expression, `${at}.jsonPatch.expression`, [
        jsonPatchesType,
      ]),
      ...expressionFaults(
        environment,
        applyConfiguration?.expression,
        `${at}.applyConfiguration.expression`,
        [objectType],
      ),
    );
  }
  return faults;
}

function webhookFaults(object: AnyObject): FieldError[] {
  const { webhooks = [] } = object as unknown as MutatingWebhookConfiguration;
  const environment = admissionEnvironment({ params: false, authorizer: true });
  return webhooks.flatMap(({ matchConditions }, index) =>
    conditionFaults(environment, matchConditions, `webhooks[${index}].matchConditions`),
  );
}

function conditionFaults(
  environment: Environment,
  conditions: readonly MatchCondition[] | undefined,
  at: string,
): FieldError[] {
  return (conditions ?? []).flatMap(({ expression }, index) =>
    expressionFaults(environment, expression?.trim(), `${at}[${index}].expression`, [boolType]),
  );
}

/** An expression that is missing is somebody else's fault to find. */
function expressionFaults(
  environment: Environment,
  expression: string | undefined,
  path: string,
  expected: readonly Type[] = [],
): FieldError[] {
  if (!expression?.trim()) return [];
  const compiled = compileExpression(environment, expression, expected);
  if (!('fault' in compiled)) return [];
  const message = `Invalid value: ${JSON.stringify(expression)}: ${compiled.fault}`;
  return [{ reason: 'FieldValueInvalid', path, message }];
}
