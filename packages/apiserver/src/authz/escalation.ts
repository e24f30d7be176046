/**
 * Nobody gives what they don't have. A role may be written only by someone who holds all its rules already (or the verb
 * `escalate` on roles), a binding only by someone who holds the bound role's rules (or the verb `bind` on that role).
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 */
import {
  type AnyObject,
  type ClusterRole,
  type PolicyRule,
  type RoleRef,
  forbidden,
  notFound,
  sameJson,
} from '@skerry/api';
import { rbacGroup, type RoleBasedAccess } from '#authz/rbac.ts';
import { describeRules, uncoveredRules } from '#authz/rule.ts';
import type { AdmissionContext, Authorizer, UserInfo } from '#security.ts';

const everything: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

export class EscalationCheck {
  readonly #rbac: RoleBasedAccess;
  readonly #authorizer: Authorizer;

  constructor({ rbac, authorizer }: { rbac: RoleBasedAccess; authorizer: Authorizer }) {
    this.#rbac = rbac;
    this.#authorizer = authorizer;
  }

  /** Throws a 403 for a role or binding that would give its writer more than they hold. */
  async check(ctx: AdmissionContext): Promise<void> {
    const { kind, object, user, subresource, operation } = ctx;
    if (kind.group !== rbacGroup || subresource !== '' || !object) return;
    if (operation !== 'CREATE' && operation !== 'UPDATE') return;
    if (user.groups.includes('system:masters') || changesOwnershipAlone(ctx)) return;
    if (kind.kind === 'Role' || kind.kind === 'ClusterRole') await this.#checkRole(ctx);
    else await this.#checkBinding(ctx);
  }

  async #checkRole(ctx: AdmissionContext): Promise<void> {
    const { kind, object, oldObject, user, namespace, name } = ctx;
    // A right that names roles is none for roles that aren't there yet.
    const existing = ctx.operation === 'CREATE' ? '' : name;
    if (await this.#may(user, 'escalate', kind.resource, namespace, existing)) return;
    const target = { group: rbacGroup, resource: kind.resource };
    this.#require(target, name, user, namespace, (object?.['rules'] ?? []) as PolicyRule[]);
    if (!isAggregated(object) && !isAggregated(oldObject)) return;
    // Whoever labels a role decides what an aggregated one grants: only a holder of everything may have to do with one.
    if (uncoveredRules(this.#rbac.rulesFor(user, namespace), everything).length > 0)
      throw forbidden(target, name, 'must have cluster-admin privileges to use the aggregationRule');
  }

  async #checkBinding({ kind, object, user, namespace, name }: AdmissionContext): Promise<void> {
    const roleRef = object?.['roleRef'] as RoleRef;
    const resource = roleRef.kind === 'Role' ? 'roles' : 'clusterroles';
    if (await this.#may(user, 'bind', resource, namespace, roleRef.name)) return;
    const rules = this.#rbac.rulesOfRole(roleRef, namespace);
    const target = { group: rbacGroup, resource: kind.resource };
    if (!rules) throw notFound(target, roleRef.name);
    this.#require(target, name, user, namespace, rules);
  }

  #require(
    target: { group: string; resource: string },
    name: string,
    user: UserInfo,
    namespace: string,
    wanted: readonly PolicyRule[],
  ): void {
    const missing = uncoveredRules(this.#rbac.rulesFor(user, namespace), wanted);
    if (missing.length === 0) return;
    const groups = user.groups.map((group) => JSON.stringify(group)).join(' ');
    throw forbidden(
      target,
      name,
      `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n` +
        describeRules(missing).join('\n'),
    );
  }

  async #may(user: UserInfo, verb: string, resource: string, namespace: string, name: string) {
    const decision = await this.#authorizer.authorize({
      user,
      verb,
      group: rbacGroup,
      version: 'v1',
      resource,
      namespace,
      name,
    });
    return decision.allowed;
  }
}

function isAggregated(role: AnyObject | undefined): boolean {
  const { aggregationRule } = (role ?? {}) as unknown as Partial<ClusterRole>;
  return (aggregationRule?.clusterRoleSelectors ?? []).length > 0;
}

/**
 * Whether a change is one that the collecting of garbage makes. No other is free, not even one of labels: they make a role
 * a part of others.
 */
function changesOwnershipAlone({ object, oldObject }: AdmissionContext): boolean {
  if (!object || !oldObject) return false;
  const { ownerReferences, finalizers, managedFields } = oldObject.metadata ?? {};
  const metadata = { ...object.metadata, ownerReferences, finalizers, managedFields };
  return sameJson({ ...object, metadata }, oldObject);
}
