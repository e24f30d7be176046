import type { FieldError } from '#status.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from '#types.generated.ts';
import { checkReasons, invalidValue, notSupported, required, sameJson } from '#validation/faults.ts';
import { checkLabelSelector } from '#validation/label-selector.ts';
import { dnsSubdomainFaults, pathSegmentFaults } from '#validation/names.ts';

const rbacGroup = 'rbac.authorization.k8s.io';

function checkRule(faults: FieldError[], rule: PolicyRule, at: string, namespaced: boolean): void {
  const { verbs, nonResourceURLs: urls = [] } = rule;
  if (verbs.length === 0) faults.push(required(`${at}.verbs`, 'verbs must contain at least one value'));
  if (urls.length > 0) {
    if (namespaced)
      faults.push(
        invalidValue(`${at}.nonResourceURLs`, urls, 'namespaced rules cannot apply to non-resource URLs'),
      );
    if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length)
      faults.push(
        invalidValue(
          `${at}.nonResourceURLs`,
          urls,
          'rules cannot apply to both regular resources and non-resource URLs',
        ),
      );
    return;
  }
  if (!rule.apiGroups?.length)
    faults.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
  if (!rule.resources?.length)
    faults.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
}

function checkRules(
  faults: FieldError[],
  rules: readonly PolicyRule[] | undefined,
  namespaced: boolean,
): void {
  for (const [index, rule] of (rules ?? []).entries()) checkRule(faults, rule, `rules[${index}]`, namespaced);
}

export function validateRole({ rules }: Role): FieldError[] {
  const faults: FieldError[] = [];
  checkRules(faults, rules, true);
  return faults;
}

export function validateClusterRole({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const faults: FieldError[] = [];
  checkRules(faults, rules, false);
  if (aggregationRule) {
    const path = 'aggregationRule.clusterRoleSelectors';
    const selectors = aggregationRule.clusterRoleSelectors ?? [];
    if (selectors.length === 0)
      faults.push(required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
    for (const [index, selector] of selectors.entries()) {
      const at = `${path}[${index}]`;
      const before = faults.length;
      checkLabelSelector(faults, selector, at);
      if (faults.length > before) faults.push(invalidValue(at, null, 'invalid label selector.'));
    }
  }
  return faults;
}

type Binding = RoleBinding | ClusterRoleBinding;

function validateBinding({ roleRef, subjects }: Binding, kinds: readonly string[]): FieldError[] {
  const faults: FieldError[] = [];
  const namespaced = kinds.includes('Role');
  const { apiGroup = '', kind, name } = roleRef ?? {};
  if (apiGroup !== rbacGroup) faults.push(notSupported('roleRef.apiGroup', apiGroup, [rbacGroup]));
  if (!kinds.includes(kind)) faults.push(notSupported('roleRef.kind', kind, kinds));
  if (name) checkReasons(faults, 'roleRef.name', name, pathSegmentFaults(name));
  for (const [index, subject] of (subjects ?? []).entries())
    checkSubject(faults, subject, `subjects[${index}]`, namespaced);
  if (!name) faults.push(required('roleRef.name'));
  return faults;
}

function checkSubject(faults: FieldError[], subject: Subject, at: string, namespaced: boolean): void {
  const { kind, name, apiGroup = '', namespace } = subject;
  if (!name) faults.push(required(`${at}.name`));
  switch (kind) {
    case 'ServiceAccount':
      if (name) checkReasons(faults, `${at}.name`, name, dnsSubdomainFaults(name));
      if (apiGroup) faults.push(notSupported(`${at}.apiGroup`, apiGroup, ['']));
      if (!namespaced && !namespace) faults.push(required(`${at}.namespace`));
      break;
    case 'User':
    case 'Group':
      if (apiGroup !== rbacGroup) faults.push(notSupported(`${at}.apiGroup`, apiGroup, [rbacGroup]));
      break;
    default:
      faults.push(notSupported(`${at}.kind`, kind, ['ServiceAccount', 'User', 'Group']));
  }
}

export function validateRoleBinding(binding: RoleBinding): FieldError[] {
  return validateBinding(binding, ['Role', 'ClusterRole']);
}

export function validateClusterRoleBinding(binding: ClusterRoleBinding): FieldError[] {
  return validateBinding(binding, ['ClusterRole']);
}

/** What a binding refers to stays, since those who may bind one role may not bind another. */
export function roleRefFaults(next: Binding, old: Binding): FieldError[] {
  if (sameJson(next.roleRef, old.roleRef)) return [];
  const { apiGroup = '', kind, name } = next.roleRef ?? {};
  return [invalidValue('roleRef', { APIGroup: apiGroup, Kind: kind, Name: name }, 'cannot change roleRef')];
}
