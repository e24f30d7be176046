/** The matchConditions of webhooks, compiled once for each webhook as it is configured. */
import { admissionEnvironment } from '#admission/expressions/environment.ts';
import type { CompiledExpression } from '#admission/expressions/compiled-expression.ts';
import { compileConditions, matchConditions } from '#admission/expressions/match-conditions.ts';
import { shownObject } from '#admission/request-view.ts';
import type { MatchConditions } from '#admission/webhook/invocation.ts';
import type { Webhook } from '#admission/webhook/webhook-source.ts';
import type { Authorizer } from '#security.ts';

export function webhookConditions(authorizer: () => Authorizer): MatchConditions {
  const compiled = new WeakMap<Webhook, CompiledExpression[]>();
  return async (webhook, ctx, shown) => {
    let conditions = compiled.get(webhook);
    if (!conditions) {
      const environment = admissionEnvironment({ params: false, authorizer: true });
      compiled.set(webhook, (conditions = compileConditions(environment, webhook.matchConditions)));
    }
    const matching = await matchConditions(conditions, {
      ctx,
      shown,
      name: ctx.name,
      object: await shownObject(shown, ctx.object),
      oldObject: await shownObject(shown, ctx.oldObject),
      namespace: undefined,
      authorizer: authorizer(),
    });
    if ('matches' in matching) return matching.matches;
    if (webhook.ignoresFailures) return false;
    throw new Error(matching.fault);
  };
}
