/**
 * MutatingAdmissionPolicy: every policy that is bound to the request changes the object, one after the other, and each of
 * its mutations sees what those before it made. Policies whose reinvocation is IfNeeded are applied once more when
 * something changed the object after them.
 */
import {
  forbidden,
  isApiError,
  type AnyObject,
  type ApiError,
  type MutatingAdmissionPolicy,
  type MutatingAdmissionPolicyBinding,
} from '@skerry/api';
import type { ExpressionInput } from '#admission/expressions/evaluation.ts';
import type { AdmissionPlugin } from '#admission/plugin.ts';
import {
  CompiledMutatingPolicy,
  MutationFault,
  type CompiledMutation,
} from '#admission/policy/mutating-policy.ts';
import { policyMatch } from '#admission/policy/policy-match.ts';
import { ConfigurationFault, paramKindOf, paramsOf } from '#admission/policy/policy-params.ts';
import { PolicySource, type Hook } from '#admission/policy/policy-source.ts';
import type { PolicyParts } from '#admission/policy/validating-policies.ts';
import type { InvocationBook, Reinvocation } from '#admission/reinvocation.ts';
import { isExempt } from '#admission/resource-rules.ts';
import {
  becomes,
  inJson,
  ownKindServed,
  shownObject,
  unfilled,
  type ShownAs,
} from '#admission/request-view.ts';
import { policyNamespace } from '#admission/selector-match.ts';
import { internal } from '#admission/webhook/webhook-errors.ts';
import { conform, plainReason } from '#registry/conform.ts';
import { convertBetween } from '#registry/conversion.ts';
import type { Served } from '#registry/kind-table.ts';
import { fillDefaults, schemaOf } from '#registry/rules.ts';
import type { AdmissionContext } from '#security.ts';

type PolicyHook = Hook<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, CompiledMutatingPolicy>;

/** One policy to be applied with one set of params. */
interface Invocation {
  readonly hook: PolicyHook;
  readonly binding: string;
  readonly shown: ShownAs;
  readonly params: AnyObject | undefined;
}

interface Refusal {
  readonly policy: string;
  readonly binding: string | undefined;
  readonly message: string;
  /** Not for its configuration, but for what it did. */
  readonly applied: boolean;
}

const name = 'MutatingAdmissionPolicy';

export function mutatingPolicies(parts: PolicyParts): AdmissionPlugin {
  const source = new PolicySource<
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    CompiledMutatingPolicy
  >(parts.read, 'mutating', (policy) => new CompiledMutatingPolicy(policy));
  return {
    name,
    async mutate(ctx, reinvocation) {
      if (isExempt(ctx.kind) || source.hooks.length === 0) return;
      const refusals: Refusal[] = [];
      const invocations: Invocation[] = [];
      for (const hook of source.hooks) invocations.push(...(await invocationsOf(parts, ctx, hook, refusals)));
      if (invocations.length > 0) await new Application(parts, ctx, refusals).run(invocations, reinvocation);
      if (refusals.length > 0) throw refused(ctx, refusals);
    },
  };
}

async function invocationsOf(
  parts: PolicyParts,
  ctx: AdmissionContext,
  hook: PolicyHook,
  refusals: Refusal[],
): Promise<Invocation[]> {
  const { policy, bindings } = hook;
  const { matchConstraints = {}, paramKind, failurePolicy } = policy.spec ?? {};
  const misconfigured = (error: unknown, binding?: string): void => {
    if (!(error instanceof ConfigurationFault || isApiError(error))) throw error;
    if (failurePolicy === 'Ignore') return;
    const message = `failed to configure ${binding === undefined ? 'policy' : 'binding'}: ${error.message}`;
    refusals.push({ policy: nameOf(policy), binding, message, applied: false });
  };
  let shown: ShownAs | undefined;
  let served: Served | undefined;
  try {
    shown = policyMatch(parts, matchConstraints, ctx);
    if (!shown) return [];
    if (paramKind) served = paramKindOf(parts.kinds, paramKind);
  } catch (error) {
    misconfigured(error);
    return [];
  }
  const invocations: Invocation[] = [];
  for (const { metadata, spec } of bindings) {
    const binding = metadata.name ?? '';
    try {
      if (spec?.matchResources && !policyMatch(parts, spec.matchResources, ctx)) continue;
      for (const params of await paramsOf(served, spec?.paramRef, ctx.namespace)) {
        invocations.push({ hook, binding, shown, params });
      }
    } catch (error) {
      misconfigured(error, binding);
    }
  }
  return invocations;
}

class Application {
  readonly #parts: PolicyParts;
  readonly #ctx: AdmissionContext;
  readonly #refusals: Refusal[];

  constructor(parts: PolicyParts, ctx: AdmissionContext, refusals: Refusal[]) {
    this.#parts = parts;
    this.#ctx = ctx;
    this.#refusals = refusals;
  }

  async run(invocations: readonly Invocation[], reinvocation: Reinvocation): Promise<void> {
    const book = reinvocation.bookOf(name);
    const { round } = reinvocation;
    if (round === 1 && book.isChangedSince(this.#ctx.object)) book.changed();
    for (const invocation of invocations) {
      const id = keyOf(invocation);
      if (!(await this.#isConcerned(invocation))) continue;
      if (round === 1 && !book.isCalledAgain(id)) continue;
      await this.#invoke(invocation, book, reinvocation);
      if (invocation.hook.policy.spec?.reinvocationPolicy === 'IfNeeded') book.invoked(id);
    }
    book.leave(this.#ctx.object);
  }

  async #isConcerned(invocation: Invocation): Promise<boolean> {
    const matching = await invocation.hook.compiled.matches(await this.#input(invocation));
    if ('matches' in matching) return matching.matches;
    this.#refuse(invocation, matching.fault);
    return false;
  }

  async #invoke(invocation: Invocation, book: InvocationBook, reinvocation: Reinvocation): Promise<void> {
    for (const mutation of invocation.hook.compiled.mutations) {
      if (!this.#ctx.object) return;
      try {
        await this.#apply(invocation, mutation);
        book.changed();
        reinvocation.want();
      } catch (error) {
        if (!(error instanceof MutationFault)) throw error;
        this.#refuse(invocation, error.message);
      }
    }
  }

  async #apply(invocation: Invocation, mutation: CompiledMutation): Promise<void> {
    const { shown } = invocation;
    const ctx = this.#ctx;
    const kept = unfilled(ctx);
    const input = await this.#input(invocation);
    if (!input.object || !ctx.object) return;
    const served = shown.converts?.to ?? ownKindServed(this.#parts.kinds, ctx);
    const described = { schemas: served?.schemas ?? { schemas: {} }, schema: served ? schemaOf(served) : {} };
    const next = await mutation.apply(input.object, input, described);
    const whole = served ? settled(served, next) : next;
    const back = shown.converts ? await convertBetween(shown.converts.to, shown.converts.from, whole) : whole;
    kept.restore(back);
    becomes(ctx.object, back);
  }

  async #input({ shown, params }: Invocation): Promise<ExpressionInput> {
    const ctx = this.#ctx;
    return {
      ctx,
      shown,
      name: ctx.nameGenerated ? '' : ctx.name,
      object: inJson(await shownObject(shown, unfilled(ctx).object)),
      oldObject: await shownObject(shown, ctx.oldObject),
      namespace: policyNamespace(this.#parts.read, ctx) as AnyObject | undefined,
      authorizer: this.#parts.authorizer(),
      ...(params ? { params } : {}),
    };
  }

  #refuse({ hook: { policy }, binding }: Invocation, message: string): void {
    this.#parts.metrics.checked({ policy: nameOf(policy), binding, action: 'deny', failed: true });
    if (policy.spec?.failurePolicy === 'Ignore') return;
    this.#refusals.push({ policy: nameOf(policy), binding, message, applied: true });
  }
}

/** Decoded and with its defaults, as if a client had sent it. */
function settled(served: Served, next: AnyObject): AnyObject {
  try {
    const whole = conform(served, next, { validation: served.custom ? 'Ignore' : 'Strict', warnings: [] });
    fillDefaults(served, whole);
    return whole;
  } catch (error) {
    if (!isApiError(error)) throw error;
    throw internal(plainReason(error.message), error);
  }
}

function keyOf({ hook, binding, params }: Invocation): string {
  const { namespace = '', name: param = '' } = params?.metadata ?? {};
  return JSON.stringify([nameOf(hook.policy), binding, namespace, param]);
}

function nameOf({ metadata }: MutatingAdmissionPolicy): string {
  return metadata.name ?? '';
}

function refused(ctx: AdmissionContext, refusals: readonly Refusal[]): ApiError {
  const error = forbidden({ group: ctx.kind.group, resource: ctx.resource }, ctx.name, '');
  const texts = refusals.map(({ policy, binding, message }) =>
    binding === undefined
      ? `policy ${JSON.stringify(policy)} denied request: ${message}`
      : `policy '${policy}' with binding '${binding}' denied request: ${message}`,
  );
  error.status.message = texts[0]!;
  if (refusals[0]!.applied) error.status.reason = 'Invalid';
  error.status.details = { ...error.status.details, causes: texts.map((message) => ({ message })) };
  return error;
}
