/** Which requests a policy or a binding is about. */
import {
  labelSelectorFrom,
  type ApiError,
  type MatchResources,
  type NamedRuleWithOperations,
} from '@skerry/api';
import { asRequested, equivalents, requestedResource, type ShownAs } from '#admission/request-view.ts';
import { ruleMatches } from '#admission/resource-rules.ts';
import { attempt, namespaceMatches, objectMatches } from '#admission/selector-match.ts';
import type { KindTable } from '#registry/kind-table.ts';
import type { AdmissionContext, ObjectReader } from '#security.ts';

export interface MatchParts {
  readonly read: ObjectReader;
  readonly kinds: KindTable;
}

/** What the request is shown as; undefined when it is not meant. Throws an ApiError where that can't be said. */
export function policyMatch(
  { read, kinds }: MatchParts,
  resources: MatchResources,
  ctx: AdmissionContext,
): ShownAs | undefined {
  const namespaced: boolean | ApiError = attempt(() =>
    namespaceMatches(read, labelSelectorFrom(resources.namespaceSelector ?? {}), ctx),
  );
  if (namespaced === false) return undefined;
  if (!objectMatches(labelSelectorFrom(resources.objectSelector ?? {}), ctx)) return undefined;
  const fuzzy = resources.matchPolicy === 'Equivalent';
  if (rulesMatch(kinds, resources.excludeResourceRules ?? [], ctx, fuzzy)) return undefined;
  const { resourceRules = [] } = resources;
  const shown = resourceRules.length === 0 ? asRequested(ctx) : rulesMatch(kinds, resourceRules, ctx, fuzzy);
  if (shown && namespaced !== true) throw namespaced;
  return shown;
}

function rulesMatch(
  kinds: KindTable,
  rules: readonly NamedRuleWithOperations[],
  ctx: AdmissionContext,
  fuzzy: boolean,
): ShownAs | undefined {
  const asked = requestedResource(ctx);
  const named = ({ resourceNames }: NamedRuleWithOperations) =>
    !resourceNames?.length || resourceNames.includes(ctx.name);
  if (rules.some((rule) => ruleMatches(rule, asked) && named(rule))) return asRequested(ctx);
  if (!fuzzy) return undefined;
  const others = equivalents(kinds, ctx);
  for (const rule of rules.filter(named)) {
    const found = others.find(({ resource }) => ruleMatches(rule, { ...asked, ...resource }));
    if (found) return found;
  }
  return undefined;
}
