/** ValidatingAdmissionPolicy: every policy that is bound to the request judges it; the first denial is the answer. */
import {
  forbidden,
  isApiError,
  type AnyObject,
  type ApiError,
  type Namespace,
  type StatusReason,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '@skerry/api';
import type { ExpressionInput } from '#admission/expressions/evaluation.ts';
import type { AdmissionPlugin } from '#admission/plugin.ts';
import type { PolicyMetrics } from '#admission/policy/policy-metrics.ts';
import { policyMatch, type MatchParts } from '#admission/policy/policy-match.ts';
import { ConfigurationFault, paramKindOf, paramsOf } from '#admission/policy/policy-params.ts';
import { PolicySource, type Hook } from '#admission/policy/policy-source.ts';
import { CompiledValidatingPolicy, type Denial } from '#admission/policy/validating-policy.ts';
import { isExempt } from '#admission/resource-rules.ts';
import { shownObject, type ShownAs } from '#admission/request-view.ts';
import { policyNamespace } from '#admission/selector-match.ts';
import type { Served } from '#registry/kind-table.ts';
import type { AdmissionContext, Authorizer } from '#security.ts';

export interface PolicyParts extends MatchParts {
  readonly metrics: PolicyMetrics;
  authorizer(): Authorizer;
}

type PolicyHook = Hook<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, CompiledValidatingPolicy>;
type Refusal = Pick<Denial, 'message' | 'reason'> & { readonly policy: string; readonly binding?: string };

const annotationBytesMax = 10 * 1024;

export function validatingPolicies(parts: PolicyParts): AdmissionPlugin {
  const source = new PolicySource<
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    CompiledValidatingPolicy
  >(parts.read, 'validating', (policy) => new CompiledValidatingPolicy(policy));
  return {
    name: 'ValidatingAdmissionPolicy',
    async validate(ctx) {
      if (isExempt(ctx.kind)) return;
      const refusals: Refusal[] = [];
      for (const hook of source.hooks) refusals.push(...(await applied(parts, ctx, hook)));
      if (refusals.length > 0) throw refused(ctx, refusals[0]!);
    },
  };
}

async function applied(parts: PolicyParts, ctx: AdmissionContext, hook: PolicyHook): Promise<Refusal[]> {
  const { policy, bindings } = hook;
  const name = policy.metadata.name ?? '';
  const ignores = policy.spec?.failurePolicy === 'Ignore';
  const misconfigured = (error: unknown, binding?: string): Refusal[] => {
    if (!(error instanceof ConfigurationFault || isApiError(error))) throw error;
    if (ignores) return [];
    const message = `failed to configure ${binding === undefined ? 'policy' : 'binding'}: ${error.message}`;
    return [{ message, reason: 'Invalid', policy: name, ...(binding === undefined ? {} : { binding }) }];
  };
  let shown: ShownAs | undefined;
  let served: Served | undefined;
  try {
    shown = policyMatch(parts, policy.spec?.matchConstraints ?? {}, ctx);
    if (!shown) return [];
    if (policy.spec?.paramKind) served = paramKindOf(parts.kinds, policy.spec.paramKind);
  } catch (error) {
    return misconfigured(error);
  }
  const notes = new Map<string, Set<string>>();
  const refusals: Refusal[] = [];
  for (const binding of bindings) {
    try {
      const { matchResources, paramRef } = binding.spec ?? {};
      if (matchResources && !policyMatch(parts, matchResources, ctx)) continue;
      const params = await paramsOf(served, paramRef, ctx.namespace);
      const input = params.length > 0 ? await inputOf(parts, ctx, shown) : undefined;
      for (const param of input ? params : []) {
        refusals.push(
          ...(await judged(
            parts,
            { hook, binding, notes },
            { ...input!, ...(param ? { params: param } : {}) },
          )),
        );
      }
    } catch (error) {
      refusals.push(...misconfigured(error, binding.metadata.name ?? ''));
    }
  }
  for (const [key, values] of notes) ctx.auditAnnotations.add(`${name}/${key}`, [...values].join(', '));
  return refusals;
}

async function inputOf(parts: PolicyParts, ctx: AdmissionContext, shown: ShownAs): Promise<ExpressionInput> {
  const namespace: Namespace | undefined = policyNamespace(parts.read, ctx);
  return {
    ctx,
    shown,
    name: ctx.name,
    object: await shownObject(shown, ctx.object),
    oldObject: await shownObject(shown, ctx.oldObject),
    namespace: namespace as AnyObject | undefined,
    authorizer: parts.authorizer(),
  };
}

async function judged(
  { metrics }: PolicyParts,
  at: {
    readonly hook: PolicyHook;
    readonly binding: ValidatingAdmissionPolicyBinding;
    /** Audit annotations of all bindings, which may say several things under one key. */
    readonly notes: Map<string, Set<string>>;
  },
  input: ExpressionInput,
): Promise<Refusal[]> {
  const { ctx } = input;
  const policy = at.hook.policy.metadata.name ?? '';
  const binding = at.binding.metadata.name ?? '';
  const { denials, annotations, annotationFaults } = await at.hook.compiled.judge(input);
  for (const { key, value } of annotations) {
    const known = at.notes.get(key) ?? new Set();
    at.notes.set(key, known.add(value.slice(0, annotationBytesMax)));
  }
  const refusals: Refusal[] = [];
  for (const denial of denials) {
    const { message, reason } = denial;
    for (const action of at.binding.spec?.validationActions ?? []) {
      metrics.checked({ policy, binding, action: action.toLowerCase(), failed: denial.failed });
      if (action === 'Deny') refusals.push({ message, reason, policy, binding });
      if (action === 'Warn') {
        ctx.warnings.push(
          `Validation failed for ValidatingAdmissionPolicy '${policy}' with binding '${binding}': ${message}`,
        );
      }
      if (action === 'Audit') noteFailure(ctx, at, denial);
    }
  }
  const faults = annotationFaults.map((message) => ({
    message,
    reason: 'Invalid' as const,
    policy,
    binding,
  }));
  return [...refusals, ...faults];
}

function noteFailure(
  ctx: AdmissionContext,
  { hook, binding }: { readonly hook: PolicyHook; readonly binding: ValidatingAdmissionPolicyBinding },
  { message, index }: Denial,
): void {
  const failure = {
    message,
    policy: hook.policy.metadata.name,
    binding: binding.metadata.name,
    expressionIndex: index,
    validationActions: binding.spec?.validationActions,
  };
  ctx.auditAnnotations.add(
    'validation.policy.admission.k8s.io/validation_failure',
    JSON.stringify([failure]),
  );
}

const codes: Readonly<Partial<Record<StatusReason, number>>> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
};

function refused(ctx: AdmissionContext, { policy, binding, message, reason }: Refusal): ApiError {
  const by = binding === undefined ? `'${policy}'` : `'${policy}' with binding '${binding}'`;
  const text = `ValidatingAdmissionPolicy ${by} denied request: ${message}`;
  const error = forbidden({ group: ctx.kind.group, resource: ctx.resource }, ctx.name, text);
  error.status.reason = reason;
  error.status.code = codes[reason] ?? 422;
  error.status.details = { ...error.status.details, causes: [{ message: text }] };
  return error;
}
