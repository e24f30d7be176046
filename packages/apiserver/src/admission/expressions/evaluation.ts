/**
 * Expressions evaluated for one request, one after the other, within a budget for all of them. An expression that fails has
 * a fault; one that the budget doesn't suffice for ends them all.
 */
import {
  AccessAnswers,
  type AccessAnswer,
  type AccessQuestion,
  AuthorizerValue,
  type Bindings,
  type Composition,
  evaluateWithAccess,
  fromJson,
  perCallLimit,
  type Value,
} from '@skerry/cel';
import type { AnyObject } from '@skerry/api';
import type { CompiledExpression } from '#admission/expressions/compiled-expression.ts';
import { asRequested, namespaceOf, type ShownAs } from '#admission/request-view.ts';
import type { AdmissionContext, Authorizer } from '#security.ts';

/** What all expressions of a policy, or of a webhook's conditions, may cost for one request. */
export const policyBudget = 10_000_000;
export const matchConditionBudget = 2_500_000;

/** A request as expressions see it. */
export interface ExpressionInput {
  readonly ctx: AdmissionContext;
  readonly shown: ShownAs;
  readonly name: string;
  readonly object: AnyObject | undefined;
  readonly oldObject: AnyObject | undefined;
  readonly namespace: AnyObject | undefined;
  readonly params?: AnyObject;
  /** Unset for expressions that may not ask. */
  readonly authorizer?: Authorizer;
}

export type Result = { readonly value: Value } | { readonly fault: string };

export type Results =
  | { readonly ok: true; readonly results: readonly Result[]; readonly left: number }
  | { readonly ok: false; readonly fault: string };

export async function evaluateAll(
  expressions: readonly CompiledExpression[],
  input: ExpressionInput,
  { budget, composition }: { readonly budget: number; readonly composition?: Composition },
): Promise<Results> {
  const answers = new AccessAnswers();
  const bindings = bindingsOf(input, answers);
  const variables = composition?.bind(bindings, { costLimit: budget });
  const whole = variables ? { ...bindings, variables } : bindings;
  const results: Result[] = [];
  let left = budget;
  let spent = 0;
  for (const compiled of expressions) {
    if ('fault' in compiled) {
      results.push({ fault: `compilation error: ${compiled.fault}` });
      continue;
    }
    const evaluation = await evaluateWithAccess(compiled.program, whole, {
      answers,
      authorize: (question) => authorized(input, question),
      costLimit: perCallLimit,
    });
    left -= evaluation.cost + (variables?.spent ?? 0) - spent;
    spent = variables?.spent ?? 0;
    if (left < 0) return { ok: false, fault: outOfBudget };
    results.push(
      'fault' in evaluation
        ? { fault: `expression '${compiled.expression}' resulted in error: ${evaluation.fault}` }
        : { value: evaluation.value },
    );
  }
  return { ok: true, results, left };
}

export const outOfBudget =
  'validation failed due to running out of cost budget, no further validation rules will be run';

function bindingsOf(input: ExpressionInput, answers: AccessAnswers): Bindings {
  const { ctx, shown, object, oldObject, namespace, params, authorizer } = input;
  const asking = authorizer && new AuthorizerValue(answers);
  const { group, resource } = shown.resource;
  return {
    object: fromJson(object ?? null),
    oldObject: fromJson(oldObject ?? null),
    params: fromJson(params ?? null),
    namespaceObject: () => fromJson(namespace ? exposed(namespace) : null),
    request: () => fromJson(requestOf(input)),
    ...(asking
      ? {
          authorizer: asking,
          'authorizer.requestResource': asking.resourceCheck({
            group,
            resource,
            subresource: ctx.subresource,
            namespace: ctx.namespace,
            name: ctx.name,
          }),
        }
      : {}),
  };
}

function requestOf({ ctx, shown, name }: ExpressionInput): object {
  const requested = asRequested(ctx);
  const { user, subresource, operation, dryRun, options } = ctx;
  const namespace = namespaceOf({ ...ctx, name });
  return {
    kind: shown.kind,
    resource: shown.resource,
    requestKind: requested.kind,
    requestResource: requested.resource,
    ...(subresource === '' ? {} : { subResource: subresource, requestSubResource: subresource }),
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid ? { uid: user.uid } : {}),
      groups: user.groups,
      ...(user.extra ? { extra: user.extra } : {}),
    },
    dryRun,
    options: operation === 'CONNECT' ? null : options,
  };
}

const exposedMetadata = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'finalizers',
] as const;

/** A Namespace without what is none of an expression's business. */
function exposed({ metadata = {}, spec, status }: AnyObject): object {
  const kept = exposedMetadata.filter((field) => metadata[field] !== undefined);
  return { metadata: Object.fromEntries(kept.map((field) => [field, metadata[field]])), spec, status };
}

async function authorized(
  { authorizer, ctx }: ExpressionInput,
  { verb, path, resource, serviceAccount }: AccessQuestion,
): Promise<AccessAnswer> {
  if (!authorizer) return { allowed: false, reason: '', error: 'no authorizer' };
  const user = serviceAccount ? serviceAccountUser(serviceAccount) : ctx.user;
  try {
    return await authorizer.authorize(
      path === undefined ? { user, verb, ...resource } : { user, verb, path },
    );
  } catch (error) {
    return { allowed: false, reason: '', error: error instanceof Error ? error.message : String(error) };
  }
}

function serviceAccountUser({ namespace, name }: { readonly namespace: string; readonly name: string }) {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}
