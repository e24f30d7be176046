/**
 * One RBAC rule and what it says about a request.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
 */
import type { PolicyRule } from '@skerry/api';
import type { AuthorizationAttributes } from '#security.ts';

export function ruleAllows(rule: PolicyRule, attributes: AuthorizationAttributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  if (attributes.path !== undefined) return pathMatches(rule.nonResourceURLs, attributes.path);
  return (
    has(rule.apiGroups, attributes.group ?? '') &&
    resourceMatches(rule.resources, attributes.resource ?? '', attributes.subresource ?? '') &&
    nameMatches(rule.resourceNames, attributes.name ?? '')
  );
}

/** `*`, `pods`, `pods/log`, and and with `*` before the slash that subresource of every resource. */
function resourceMatches(
  patterns: readonly string[] | undefined,
  resource: string,
  subresource: string,
): boolean {
  if (!patterns) return false;
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  return patterns.some(
    (pattern) =>
      pattern === '*' ||
      pattern === combined ||
      (subresource !== '' && pattern.startsWith('*/') && pattern.slice(2) === subresource),
  );
}

function nameMatches(names: readonly string[] | undefined, name: string): boolean {
  return !names || names.length === 0 || names.includes(name);
}

function pathMatches(patterns: readonly string[] | undefined, path: string): boolean {
  if (!patterns) return false;
  return patterns.some((pattern) =>
    pattern === '*' || pattern === path
      ? true
      : pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1).replace(/\*+$/, '')),
  );
}

function has(values: readonly string[] | undefined, value: string): boolean {
  return values !== undefined && (values.includes(value) || values.includes('*'));
}

/** The parts of `wanted` that none of `held` covers, as single-verb, single-resource rules. */
export function uncoveredRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(splitRule).filter((part) => !held.some((rule) => covers(rule, part)));
}

function covers(rule: PolicyRule, part: PolicyRule): boolean {
  const verb = part.verbs[0] ?? '';
  if (!has(rule.verbs, verb)) return false;
  const url = part.nonResourceURLs?.[0];
  if (url !== undefined) return pathMatches(rule.nonResourceURLs, url);
  const [resource = '', subresource = ''] = (part.resources?.[0] ?? '').split('/', 2);
  return (
    has(rule.apiGroups, part.apiGroups?.[0] ?? '') &&
    resourceMatches(rule.resources, resource, subresource) &&
    (!rule.resourceNames?.length ||
      (part.resourceNames?.[0] !== undefined && rule.resourceNames.includes(part.resourceNames[0])))
  );
}

function splitRule(rule: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = [];
  for (const verb of rule.verbs) {
    for (const url of rule.nonResourceURLs ?? []) parts.push({ verbs: [verb], nonResourceURLs: [url] });
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const one = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (!rule.resourceNames?.length) parts.push(one);
        for (const name of rule.resourceNames ?? []) parts.push({ ...one, resourceNames: [name] });
      }
    }
  }
  return parts;
}

/** Joins split rules again that differ in their verb alone, and writes them as stock servers do. */
export function describeRules(parts: readonly PolicyRule[]): string[] {
  const verbsOf = new Map<string, { rule: PolicyRule; verbs: string[] }>();
  for (const part of parts) {
    const key = JSON.stringify([part.apiGroups, part.resources, part.resourceNames, part.nonResourceURLs]);
    const entry = verbsOf.get(key);
    if (entry) entry.verbs.push(...part.verbs);
    else verbsOf.set(key, { rule: part, verbs: [...part.verbs] });
  }
  const list = (values: readonly string[]) => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
  return [...verbsOf.values()]
    .map(({ rule, verbs }) => {
      const fields = [
        ...(rule.apiGroups ? [`APIGroups:${list(rule.apiGroups)}`] : []),
        ...(rule.resources ? [`Resources:${list(rule.resources)}`] : []),
        ...(rule.resourceNames ? [`ResourceNames:${list(rule.resourceNames)}`] : []),
        ...(rule.nonResourceURLs ? [`NonResourceURLs:${list(rule.nonResourceURLs)}`] : []),
        `Verbs:${list(verbs)}`,
      ];
      return `{${fields.join(', ')}}`;
    })
    .sort();
}
