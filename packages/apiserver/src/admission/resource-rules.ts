/** The rules by which webhooks and policies say which requests they want to see. */
import type { RuleWithOperations } from '@skerry/api';

/** A resource of a request, or one that is equivalent to it. */
export interface RequestedResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** '' for cluster scope; of a Namespace its own name. */
  readonly namespace: string;
  readonly operation: string;
}

export function ruleMatches(rule: RuleWithOperations, asked: RequestedResource): boolean {
  return (
    scopeMatches(rule.scope, asked) &&
    listed(rule.operations, asked.operation) &&
    listed(rule.apiGroups, asked.group) &&
    listed(rule.apiVersions, asked.version) &&
    (rule.resources ?? []).some((resource) => resourceMatches(resource, asked))
  );
}

function listed(values: readonly string[] | undefined, wanted: string): boolean {
  return values?.some((value) => value === '*' || value === wanted) ?? false;
}

function scopeMatches(scope: string | undefined, { group, resource, namespace }: RequestedResource): boolean {
  if (scope === undefined || scope === '*') return true;
  const inNamespace = namespace !== '' && !(group === '' && resource === 'namespaces');
  return scope === (inNamespace ? 'Namespaced' : 'Cluster');
}

/** A resource, a resource and its subresource, or a star for either. */
function resourceMatches(rule: string, { resource, subresource }: RequestedResource): boolean {
  const slash = rule.indexOf('/');
  const main = slash < 0 ? rule : rule.slice(0, slash);
  const sub = slash < 0 ? '' : rule.slice(slash + 1);
  return (main === '*' || main === resource) && (sub === '*' || sub === subresource);
}

/** Configuration of admission itself is never subject to it: what locks everyone out could else not be taken back. */
export function isExempt({ group, kind }: { readonly group: string; readonly kind: string }): boolean {
  return group === 'admissionregistration.k8s.io' && exemptKinds.has(kind);
}

const exemptKinds = new Set([
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
]);
