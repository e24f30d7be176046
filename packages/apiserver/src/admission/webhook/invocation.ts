/** Whether a webhook is to see a request, and what it is shown it as. */
import { ApiError, forbidden, isApiError } from '@skerry/api';
import { asRequested, equivalents, requestedResource, type ShownAs } from '#admission/request-view.ts';
import { ruleMatches } from '#admission/resource-rules.ts';
import { attempt, namespaceMatches, objectMatches } from '#admission/selector-match.ts';
import type { Webhook } from '#admission/webhook/webhook-source.ts';
import type { KindTable } from '#registry/kind-table.ts';
import type { AdmissionContext, ObjectReader } from '#security.ts';

export interface Invocation {
  readonly webhook: Webhook;
  readonly shown: ShownAs;
}

/** Evaluates a webhook's matchConditions; rejects with why they can't be. */
export type MatchConditions = (webhook: Webhook, ctx: AdmissionContext, shown: ShownAs) => Promise<boolean>;

export interface InvocationParts {
  readonly read: ObjectReader;
  readonly kinds: KindTable;
  readonly conditions: MatchConditions;
  /** Told of requests that matchConditions took out. */
  excluded(webhook: Webhook, ctx: AdmissionContext): void;
}

/** Undefined: it is not called. Rejects with an ApiError where that can't be said. */
export async function invocationOf(
  parts: InvocationParts,
  webhook: Webhook,
  ctx: AdmissionContext,
): Promise<Invocation | undefined> {
  if (!objectMatches(webhook.objectSelector, ctx)) return undefined;
  // A namespace that isn't there is an error only for a webhook whose rules match.
  const inNamespace = attempt(() => namespaceMatches(parts.read, webhook.namespaceSelector, ctx));
  if (inNamespace === false) return undefined;
  const shown = shownAs(parts.kinds, webhook, ctx);
  if (!shown) return undefined;
  if (inNamespace instanceof ApiError) throw inNamespace;
  if (webhook.matchConditions.length > 0 && !(await conditionsMatch(parts, webhook, ctx, shown))) {
    parts.excluded(webhook, ctx);
    return undefined;
  }
  return { webhook, shown };
}

function shownAs(kinds: KindTable, webhook: Webhook, ctx: AdmissionContext): ShownAs | undefined {
  const asked = requestedResource(ctx);
  if (webhook.rules.some((rule) => ruleMatches(rule, asked))) return asRequested(ctx);
  if (!webhook.equivalent) return undefined;
  const others = equivalents(kinds, ctx);
  for (const rule of webhook.rules) {
    const found = others.find(({ resource }) => ruleMatches(rule, { ...asked, ...resource }));
    if (found) return found;
  }
  return undefined;
}

async function conditionsMatch(
  parts: InvocationParts,
  webhook: Webhook,
  ctx: AdmissionContext,
  shown: ShownAs,
): Promise<boolean> {
  try {
    return await parts.conditions(webhook, ctx, shown);
  } catch (error) {
    if (isApiError(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw forbidden({ group: ctx.kind.group, resource: ctx.resource }, ctx.name, why);
  }
}
