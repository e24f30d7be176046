import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding, Subject } from '#types.generated.ts';
import { pathSegmentFaults } from '#validation/names.ts';
import { validateRole, validateRoleBinding, validateRoleBindingUpdate } from '#validation/rbac.ts';
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

type Binding = RoleBinding | ClusterRoleBinding;

function bindingBehaviour(): KindBehaviour {
  return behaviour<Binding>({
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
      validate: validateRoleBinding,
      validateUpdate: validateRoleBindingUpdate,
    },
  });
}

function roleBehaviour(): KindBehaviour {
  return behaviour<Role | ClusterRole>({
    nameRule: pathSegmentFaults,
    columns: [nameColumn, createdAtColumn],
    strategy: { validate: validateRole },
  });
}

export const roleKindBehaviour = roleBehaviour();
export const clusterRoleBehaviour = roleBehaviour();
export const roleBindingBehaviour = bindingBehaviour();
export const clusterRoleBindingBehaviour = bindingBehaviour();
