/**
 * Which names a definition has. Names are given to who asks first, within a group; of names that conflict those already
 * given stay, and the rest wait.
 */
import { approvalOf, type CustomResourceDefinition, isProtectedGroup } from '@skerry/api';
import type { Definition, DefinitionCondition, DefinitionNames } from '#crd/definition.ts';

/** Names that others of the group have. */
export interface UsedNames {
  /** Plural, singular and short names. */
  readonly resources: ReadonlySet<string>;
  /** Kinds and kinds of lists. */
  readonly kinds: ReadonlySet<string>;
}

export interface NameStatus {
  readonly names: DefinitionNames;
  readonly condition: DefinitionCondition;
}

export function nameStatus({ spec, status }: Definition, used: UsedNames): NameStatus {
  const wanted = spec.names;
  const given: DefinitionNames = { plural: '', kind: '', ...status?.acceptedNames };
  const names: DefinitionNames = { ...given };
  let conflict: { readonly reason: string; readonly message: string } | undefined;
  const take = (
    field: 'plural' | 'singular' | 'kind' | 'listKind',
    taken: ReadonlySet<string>,
    reason: string,
  ): void => {
    const name = wanted[field] ?? '';
    if (name === (given[field] ?? '') || !taken.has(name)) names[field] = name;
    else conflict = { reason, message: inUse(name) };
  };
  take('plural', used.resources, 'PluralConflict');
  take('singular', used.resources, 'SingularConflict');
  const own = new Set(given.shortNames);
  const taken = (wanted.shortNames ?? []).filter((name) => !own.has(name) && used.resources.has(name));
  if (taken.length === 0) setList(names, 'shortNames', wanted.shortNames);
  else {
    const told = taken.map(inUse);
    const message = told.length === 1 ? told[0]! : `[${told.join(', ')}]`;
    conflict = { reason: 'ShortNamesConflict', message };
  }
  take('kind', used.kinds, 'KindConflict');
  take('listKind', used.kinds, 'ListKindConflict');
  setList(names, 'categories', wanted.categories);
  return {
    names,
    condition: conflict
      ? { type: 'NamesAccepted', status: 'False', ...conflict }
      : { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
  };
}

function setList(
  names: DefinitionNames,
  field: 'shortNames' | 'categories',
  list: string[] | undefined,
): void {
  if (list) names[field] = list;
  else delete names[field];
}

function inUse(name: string): string {
  return `${JSON.stringify(name)} is already in use`;
}

/** Of groups that the Kubernetes community owns: whether it approved. */
export function approvalCondition(definition: Definition): DefinitionCondition | undefined {
  if (!isProtectedGroup(definition.spec.group)) return undefined;
  const { state, reason } = approvalOf(definition as unknown as CustomResourceDefinition);
  const words = {
    missing: ['False', 'MissingAnnotation'],
    invalid: ['False', 'InvalidAnnotation'],
    approved: ['True', 'ApprovedAnnotation'],
    bypassed: ['False', 'UnapprovedAnnotation'],
  } as const;
  const [status, word] = words[state];
  return { type: 'KubernetesAPIApprovalPolicyConformant', status, reason: word, message: reason };
}
