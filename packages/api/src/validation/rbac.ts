import type { FieldError } from '#status.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '#types.generated.ts';
import {
  forbiddenField,
  immutable,
  invalidValue,
  invalidValues,
  notSupported,
  required,
} from '#validation/faults.ts';
import { validateLabelSelector } from '#validation/label-selector.ts';
import { dnsSubdomainFaults, pathSegmentFaults } from '#validation/names.ts';

const rbacGroup = 'rbac.authorization.k8s.io';

export function validateRole(role: Role | ClusterRole): FieldError[] {
  const faults: FieldError[] = [];
  const namespaced = role.kind === 'Role';
  for (const [index, rule] of (role.rules ?? []).entries()) {
    const at = `rules[${index}]`;
    if (!rule.verbs?.length) faults.push(required(`${at}.verbs`, 'verbs must contain at least one value'));
    if (rule.nonResourceURLs?.length) {
      if (namespaced)
        faults.push(
          invalidValue(
            `${at}.nonResourceURLs`,
            rule.nonResourceURLs,
            'namespaced rules cannot apply to non-resource URLs',
          ),
        );
      if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length)
        faults.push(
          invalidValue(
            `${at}.nonResourceURLs`,
            rule.nonResourceURLs,
            'rules cannot apply to both regular resources and non-resource URLs',
          ),
        );
      continue;
    }
    if (!rule.apiGroups?.length)
      faults.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
    if (!rule.resources?.length)
      faults.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
  }
  const selectors = (role as ClusterRole).aggregationRule?.clusterRoleSelectors;
  for (const [index, selector] of (selectors ?? []).entries())
    faults.push(...validateLabelSelector(selector, `aggregationRule.clusterRoleSelectors[${index}]`));
  return faults;
}

export function validateRoleBinding(binding: RoleBinding | ClusterRoleBinding): FieldError[] {
  const { roleRef, subjects } = binding;
  const faults: FieldError[] = [];
  const kinds = binding.kind === 'ClusterRoleBinding' ? ['ClusterRole'] : ['Role', 'ClusterRole'];
  if (roleRef?.apiGroup !== rbacGroup)
    faults.push(notSupported('roleRef.apiGroup', roleRef?.apiGroup ?? '', [rbacGroup]));
  if (!kinds.includes(roleRef?.kind ?? ''))
    faults.push(notSupported('roleRef.kind', roleRef?.kind ?? '', kinds));
  if (!roleRef?.name) faults.push(required('roleRef.name'));
  else faults.push(...invalidValues('roleRef.name', roleRef.name, pathSegmentFaults(roleRef.name)));
  for (const [index, subject] of (subjects ?? []).entries()) {
    const at = `subjects[${index}]`;
    if (!subject.name) faults.push(required(`${at}.name`));
    switch (subject.kind) {
      case 'ServiceAccount':
        if (subject.name)
          faults.push(...invalidValues(`${at}.name`, subject.name, dnsSubdomainFaults(subject.name)));
        if (subject.apiGroup) faults.push(notSupported(`${at}.apiGroup`, subject.apiGroup, ['']));
        if (!subject.namespace) faults.push(required(`${at}.namespace`));
        break;
      case 'User':
      case 'Group':
        if (subject.apiGroup !== rbacGroup)
          faults.push(notSupported(`${at}.apiGroup`, subject.apiGroup ?? '', [rbacGroup]));
        if (subject.namespace)
          faults.push(forbiddenField(`${at}.namespace`, `${subject.kind}s are not namespaced`));
        break;
      default:
        faults.push(notSupported(`${at}.kind`, subject.kind, ['ServiceAccount', 'User', 'Group']));
    }
  }
  return faults;
}

export function validateRoleBindingUpdate(
  next: RoleBinding | ClusterRoleBinding,
  old: RoleBinding | ClusterRoleBinding,
): FieldError[] {
  const faults = immutable('roleRef', next.roleRef, old.roleRef);
  return faults.map((fault) => ({
    ...fault,
    message: fault.message.replace('field is immutable', 'cannot change roleRef'),
  }));
}
