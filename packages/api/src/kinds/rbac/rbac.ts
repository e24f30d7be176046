import type { FieldError } from '#status.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding, Subject } from '#types.generated.ts';
import { pathSegmentFaults } from '#validation/names.ts';
import {
  roleRefFaults,
  validateClusterRole,
  validateClusterRoleBinding,
  validateRole,
  validateRoleBinding,
} from '#validation/rbac.ts';
import { behaviour, type KindBehaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, createdAtColumn, nameColumn } from '#kinds/columns.ts';

const rbacGroup = 'rbac.authorization.k8s.io';

function subjectsText(subjects: readonly Subject[] | undefined, kind: string): string {
  return (subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (kind === 'ServiceAccount' && namespace ? `${namespace}/${name}` : name))
    .join(', ');
}

function setBindingDefaults(binding: Binding): void {
  if (binding.roleRef) binding.roleRef.apiGroup ||= rbacGroup;
  for (const subject of binding.subjects ?? [])
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup;
}

type Binding = RoleBinding & ClusterRoleBinding;

function bindingBehaviour(validate: (binding: Binding) => FieldError[]): KindBehaviour {
  return behaviour<Binding>({
    metaTold: 'twice',
    nameRule: pathSegmentFaults,
    columns: [
      nameColumn,
      column<Binding>('Role', ({ roleRef }) => `${roleRef?.kind ?? ''}/${roleRef?.name ?? ''}`),
      ageColumn,
      column<Binding>('Users', ({ subjects }) => subjectsText(subjects, 'User'), { wide: true }),
      column<Binding>('Groups', ({ subjects }) => subjectsText(subjects, 'Group'), { wide: true }),
      column<Binding>('ServiceAccounts', ({ subjects }) => subjectsText(subjects, 'ServiceAccount'), {
        wide: true,
      }),
    ],
    strategy: {
      setDefaults: setBindingDefaults,
      validate,
      validateUpdate: (next, old) => [...validate(next), ...roleRefFaults(next, old)],
    },
  });
}

function roleBehaviour(validate: (role: Role & ClusterRole) => FieldError[]): KindBehaviour {
  return behaviour<Role & ClusterRole>({
    metaTold: 'twice',
    nameRule: pathSegmentFaults,
    columns: [nameColumn, createdAtColumn],
    strategy: { validate },
  });
}

export const roleKindBehaviour = roleBehaviour(validateRole);
export const clusterRoleBehaviour = roleBehaviour(validateClusterRole);
export const roleBindingBehaviour = bindingBehaviour(validateRoleBinding);
export const clusterRoleBindingBehaviour = bindingBehaviour(validateClusterRoleBinding);
