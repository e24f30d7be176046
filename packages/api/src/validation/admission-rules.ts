import type { FieldError } from '#status.ts';
import type { MatchResources, NamedRuleWithOperations, RuleWithOperations } from '#types.generated.ts';
import { duplicateValue, invalidValue, invalidValues, notSupported, required } from '#validation/faults.ts';
import { validateLabelSelector } from '#validation/label-selector.ts';
import { pathSegmentFaults } from '#validation/names.ts';

export const matchPolicies = ['Equivalent', 'Exact'];
const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const scopes = ['*', 'Cluster', 'Namespaced'];

/** One rule of a webhook or a policy: which requests it is about. */
export function validateRule(rule: RuleWithOperations, at: string): FieldError[] {
  const faults: FieldError[] = [];
  const { operations: wanted = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  if (wanted.length === 0) faults.push(required(`${at}.operations`));
  faults.push(...loneWildcard(`${at}.operations`, wanted, 'operations'));
  for (const [index, operation] of wanted.entries())
    if (!operations.includes(operation))
      faults.push(notSupported(`${at}.operations[${index}]`, operation, operations));
  if (apiGroups.length === 0) faults.push(required(`${at}.apiGroups`));
  faults.push(...loneWildcard(`${at}.apiGroups`, apiGroups, 'API groups'));
  if (apiVersions.length === 0) faults.push(required(`${at}.apiVersions`));
  faults.push(...loneWildcard(`${at}.apiVersions`, apiVersions, 'API versions'));
  for (const [index, version] of apiVersions.entries())
    if (version === '') faults.push(required(`${at}.apiVersions[${index}]`));
  faults.push(...resourceFaults(resources, `${at}.resources`));
  if (scope !== undefined && !scopes.includes(scope)) faults.push(notSupported(`${at}.scope`, scope, scopes));
  return faults;
}

function loneWildcard(path: string, values: readonly string[], what: string): FieldError[] {
  if (values.length <= 1 || !values.includes('*')) return [];
  return [invalidValue(path, values, `if '*' is present, must not specify other ${what}`)];
}

function resourceFaults(resources: readonly string[], at: string): FieldError[] {
  if (resources.length === 0) return [required(at)];
  const faults: FieldError[] = [];
  const wholeResources = new Set<string>();
  const wholeSubresources = new Set<string>();
  let plain = false;
  for (const [index, text] of resources.entries()) {
    if (text === '') {
      faults.push(required(`${at}[${index}]`));
      continue;
    }
    const slash = text.indexOf('/');
    if (slash < 0) {
      plain = text !== '*';
      continue;
    }
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)];
    if (wholeResources.has(resource))
      faults.push(
        invalidValue(`${at}[${index}]`, text, `if '${resource}/*' is present, must not specify ${text}`),
      );
    if (wholeSubresources.has(subresource))
      faults.push(
        invalidValue(`${at}[${index}]`, text, `if '*/${subresource}' is present, must not specify ${text}`),
      );
    if (subresource === '*') wholeResources.add(resource);
    if (resource === '*') wholeSubresources.add(subresource);
  }
  if (resources.length > 1 && resources.includes('*/*'))
    faults.push(invalidValue(at, resources, "if '*/*' is present, must not specify other resources"));
  if (resources.includes('*') && plain)
    faults.push(
      invalidValue(at, resources, "if '*' is present, must not specify other resources without subresources"),
    );
  return faults;
}

/** What a policy, or a binding of one, is about. */
export function validateMatchResources(match: MatchResources | undefined, at: string): FieldError[] {
  if (!match) return [];
  const faults: FieldError[] = [];
  const { matchPolicy, namespaceSelector, objectSelector } = match;
  if (matchPolicy === undefined) faults.push(required(`${at}.matchPolicy`));
  else if (!matchPolicies.includes(matchPolicy))
    faults.push(notSupported(`${at}.matchPolicy`, matchPolicy, matchPolicies));
  faults.push(...validateLabelSelector(namespaceSelector, `${at}.namespaceSelector`));
  faults.push(...validateLabelSelector(objectSelector, `${at}.objectSelector`));
  for (const field of ['resourceRules', 'excludeResourceRules'] as const)
    for (const [index, rule] of (match[field] ?? []).entries())
      faults.push(...namedRuleFaults(rule, `${at}.${field}[${index}]`));
  return faults;
}

function namedRuleFaults(rule: NamedRuleWithOperations, at: string): FieldError[] {
  const names = rule.resourceNames ?? [];
  const faults = names.flatMap((name, index) => [
    ...invalidValues(`${at}.resourceNames[${index}]`, name, pathSegmentFaults(name)),
    ...(names.indexOf(name) < index ? [duplicateValue(`${at}.resourceNames[${index}]`, name)] : []),
  ]);
  return [...faults, ...validateRule(rule, at)];
}
