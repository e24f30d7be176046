/**
 * Nobody gives what they don't have. A role may be written only by someone who holds all its rules already (or the verb
 * `escalate` on roles), a binding only by someone who holds the bound role's rules (or the verb `bind` on that role).
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 */
import { type PolicyRule, type RoleRef, forbidden, notFound } from '@skerry/api';
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
    if (user.groups.includes('system:masters')) return;
    if (kind.kind === 'Role' || kind.kind === 'ClusterRole') await this.#checkRole(ctx);
    else await this.#checkBinding(ctx);
  }

  async #checkRole({ kind, object, oldObject, user, namespace, name }: AdmissionContext): Promise<void> {
    const fields = (of: typeof object) => JSON.stringify([of?.['rules'] ?? [], of?.['aggregationRule']]);
    if (oldObject && fields(oldObject) === fields(object)) return;
    if (await this.#may(user, 'escalate', kind.resource, namespace, name)) return;
    // Whoever labels a role decides what an aggregated one grants: only a holder of everything may make one.
    const wanted = object?.['aggregationRule'] ? everything : ((object?.['rules'] ?? []) as PolicyRule[]);
    this.#require({ group: rbacGroup, resource: kind.resource }, name, user, namespace, wanted);
  }

  async #checkBinding({ kind, object, oldObject, user, namespace, name }: AdmissionContext): Promise<void> {
    const fields = (of: typeof object) => JSON.stringify([of?.['roleRef'], of?.['subjects'] ?? []]);
    if (oldObject && fields(oldObject) === fields(object)) return;
    const roleRef = object?.['roleRef'] as RoleRef;
    const resource = roleRef.kind === 'Role' ? 'roles' : 'clusterroles';
    if (await this.#may(user, 'bind', resource, namespace, roleRef.name)) return;
    const rules = this.#rbac.rulesOfRole(roleRef, namespace);
    if (!rules) throw notFound({ group: rbacGroup, resource }, roleRef.name);
    this.#require({ group: rbacGroup, resource: kind.resource }, name, user, namespace, rules);
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
