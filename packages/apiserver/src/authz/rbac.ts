/**
 * Role-based access control over the objects in the watch caches.
 *
 * Promises: a decision reflects every role and binding the caches hold when it is asked. The naive way, walking all
 * bindings at every request, costs milliseconds at a few thousand bindings; here bindings are indexed by subject and the
 * rules of each user are gathered once, and both are thrown away whole when any role or binding changes.
 * Aggregated ClusterRoles are filled in by `RoleAggregation`; this file reads `rules` alone.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 */
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from '@skerry/api';
import { ruleAllows } from '#authz/rule.ts';
import type { AuthorizationAttributes, ObjectReader, UserInfo } from '#security.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

/** Users whose gathered rules are kept; all are forgotten when it is full. */
const usersMax = 10_000;

interface Grant {
  /** Empty for the whole cluster. */
  readonly namespace: string;
  readonly roleRef: RoleRef;
}

/** One user's rules: for the cluster, and per namespace beyond those. */
interface UserRules {
  readonly cluster: readonly PolicyRule[];
  readonly byNamespace: ReadonlyMap<string, readonly PolicyRule[]>;
}

export class RoleBasedAccess {
  readonly #read: ObjectReader;
  #grants: Map<string, Grant[]> | undefined;
  #users = new Map<string, UserRules>();

  constructor(read: ObjectReader) {
    this.#read = read;
    for (const resource of ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings']) {
      read.onChange({ group: rbacGroup, resource }, () => {
        this.#grants = undefined;
        this.#users.clear();
      });
    }
  }

  allows(attributes: AuthorizationAttributes): boolean {
    const rules = this.#rulesOf(attributes.user);
    if (rules.cluster.some((rule) => ruleAllows(rule, attributes))) return true;
    if (!attributes.namespace || attributes.path !== undefined) return false;
    const local = rules.byNamespace.get(attributes.namespace);
    return local?.some((rule) => ruleAllows(rule, attributes)) ?? false;
  }

  /** All rules that hold for the user in the namespace; in the whole cluster when it is empty. */
  rulesFor(user: UserInfo, namespace: string): readonly PolicyRule[] {
    const rules = this.#rulesOf(user);
    return [...rules.cluster, ...(rules.byNamespace.get(namespace) ?? [])];
  }

  /** The rules behind a role reference; undefined when there is no such role. */
  rulesOfRole({ kind, name }: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    const role =
      kind === 'Role'
        ? this.#read.get<Role>({ group: rbacGroup, resource: 'roles' }, name, namespace)
        : this.#read.get<ClusterRole>({ group: rbacGroup, resource: 'clusterroles' }, name);
    return role && (role.rules ?? []);
  }

  #rulesOf(user: UserInfo): UserRules {
    const key = JSON.stringify([user.name, user.groups]);
    const known = this.#users.get(key);
    if (known) return known;
    const grants = (this.#grants ??= this.#indexGrants());
    const cluster: PolicyRule[] = [];
    const byNamespace = new Map<string, PolicyRule[]>();
    for (const subject of [`User/${user.name}`, ...user.groups.map((group) => `Group/${group}`)]) {
      for (const { namespace, roleRef } of grants.get(subject) ?? []) {
        const rules = this.rulesOfRole(roleRef, namespace) ?? [];
        if (namespace === '') {
          cluster.push(...rules);
          continue;
        }
        const local = byNamespace.get(namespace);
        if (local) local.push(...rules);
        else byNamespace.set(namespace, [...rules]);
      }
    }
    if (this.#users.size >= usersMax) this.#users.clear();
    const gathered = { cluster, byNamespace };
    this.#users.set(key, gathered);
    return gathered;
  }

  #indexGrants(): Map<string, Grant[]> {
    const grants = new Map<string, Grant[]>();
    const add = (subjects: readonly Subject[] | undefined, grant: Grant) => {
      for (const subject of subjects ?? []) {
        const key = subjectKey(subject, grant.namespace);
        const entry = grants.get(key);
        if (entry) entry.push(grant);
        else grants.set(key, [grant]);
      }
    };
    const cluster = { group: rbacGroup, resource: 'clusterrolebindings' };
    for (const { subjects, roleRef } of this.#read.list<ClusterRoleBinding>(cluster)) {
      if (roleRef.kind === 'ClusterRole') add(subjects, { namespace: '', roleRef });
    }
    const local = { group: rbacGroup, resource: 'rolebindings' };
    for (const { subjects, roleRef, metadata } of this.#read.list<RoleBinding>(local)) {
      if (metadata.namespace) add(subjects, { namespace: metadata.namespace, roleRef });
    }
    return grants;
  }
}

function subjectKey({ kind, name, namespace }: Subject, bindingNamespace: string): string {
  if (kind !== 'ServiceAccount') return `${kind}/${name}`;
  return `User/system:serviceaccount:${namespace || bindingNamespace}:${name}`;
}
