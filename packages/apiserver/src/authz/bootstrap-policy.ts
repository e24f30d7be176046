/**
 * Brings the default roles and bindings into being, and at later starts gives them back what was taken away:
 * missing rules and subjects are added, additions of others stay, and an object annotated
 * `rbac.authorization.kubernetes.io/autoupdate: "false"` is left alone.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#auto-reconciliation
 */
import { type AnyObject, type PolicyRule, type Subject, isApiError } from '@skerry/api';
import { type Logger, describeError } from '@skerry/base';
import {
  type DefaultObject,
  defaultClusterRoleBindings,
  defaultClusterRoles,
  defaultRoleBindings,
  defaultRoles,
} from '#authz/policy/default-policy.ts';
import { rbacGroup } from '#authz/rbac.ts';
import { uncoveredRules } from '#authz/rule.ts';
import type { ObjectRef, ServerAccess } from '#security.ts';

export async function bootstrapPolicy(access: ServerAccess, log: Logger): Promise<void> {
  const objects = [
    ...defaultClusterRoles,
    ...defaultClusterRoleBindings,
    ...defaultRoles,
    ...defaultRoleBindings,
  ];
  await Promise.all(objects.map((each) => reconcile(access, each, log)));
}

/** Creates an object unless one of its name is there; says whether it did. */
export async function createIfAbsent(
  { read, write }: Pick<ServerAccess, 'read' | 'write'>,
  ref: ObjectRef,
  object: AnyObject,
): Promise<boolean> {
  if (read.get(ref, object.metadata?.name ?? '', object.metadata?.namespace)) return false;
  try {
    await write.create(ref, structuredClone(object));
    return true;
  } catch (error) {
    if (isApiError(error, 'AlreadyExists')) return false;
    throw error;
  }
}

async function reconcile(access: ServerAccess, wanted: DefaultObject, log: Logger): Promise<void> {
  const ref = { group: rbacGroup, resource: wanted.resource };
  if (await createIfAbsent(access, ref, wanted.object)) return;
  const { name = '', namespace } = wanted.object.metadata ?? {};
  const existing = access.read.get(ref, name, namespace);
  if (!existing) return;
  const annotations = existing.metadata?.annotations;
  if (annotations?.['rbac.authorization.kubernetes.io/autoupdate'] === 'false') return;
  const merged = mergedPolicy(existing, wanted.object);
  if (!merged) return;
  try {
    await access.write.update(ref, merged);
    log.info('default policy restored', { resource: wanted.resource, name, namespace });
  } catch (error) {
    log.warn('default policy not restored', {
      resource: wanted.resource,
      name,
      namespace,
      error: describeError(error),
    });
  }
}

/** `existing` with the rules, subjects and labels of `wanted` that it lacks; undefined when it lacks none. */
export function mergedPolicy(existing: AnyObject, wanted: AnyObject): AnyObject | undefined {
  // Another roleRef is a decision of the cluster's owner; a binding's role can't be changed in place.
  if (JSON.stringify(nameOfRole(existing)) !== JSON.stringify(nameOfRole(wanted))) return undefined;
  const rules = (existing['rules'] ?? []) as PolicyRule[];
  // Rules of an aggregated role are computed; what matters is that it still aggregates.
  const missingRules = wanted['aggregationRule']
    ? []
    : uncoveredRules(rules, (wanted['rules'] ?? []) as PolicyRule[]);
  const subjects = (existing['subjects'] ?? []) as Subject[];
  const missingSubjects = ((wanted['subjects'] ?? []) as Subject[]).filter(
    (one) => !subjects.some((other) => sameSubject(one, other)),
  );
  const labels = existing.metadata?.labels ?? {};
  const missingLabels = Object.entries(wanted.metadata?.labels ?? {}).filter(
    ([key, value]) => labels[key] !== value,
  );
  const aggregates = existing['aggregationRule'] !== undefined || wanted['aggregationRule'] === undefined;
  if (!missingRules.length && !missingSubjects.length && !missingLabels.length && aggregates)
    return undefined;
  const merged = structuredClone(existing);
  if (missingRules.length > 0) merged['rules'] = [...rules, ...missingRules];
  if (missingSubjects.length > 0) merged['subjects'] = [...subjects, ...missingSubjects];
  if (!aggregates) merged['aggregationRule'] = structuredClone(wanted['aggregationRule']);
  merged.metadata = { ...merged.metadata, labels: { ...labels, ...Object.fromEntries(missingLabels) } };
  return merged;
}

function nameOfRole(object: AnyObject): unknown[] {
  const ref = object['roleRef'] as { kind?: string; name?: string } | undefined;
  return [ref?.kind, ref?.name];
}

function sameSubject(one: Subject, other: Subject): boolean {
  return (
    one.kind === other.kind && one.name === other.name && (one.namespace ?? '') === (other.namespace ?? '')
  );
}
