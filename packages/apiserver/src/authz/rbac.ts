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
  /** Says by which binding. */
  readonly reason: string;
}

/** One user's rules: for the cluster, and per namespace beyond those. */
interface UserRules {
  readonly cluster: readonly GrantedRules[];
  readonly byNamespace: ReadonlyMap<string, readonly GrantedRules[]>;
}

/** The rules that one binding gives. */
interface GrantedRules {
  readonly rules: readonly PolicyRule[];
  readonly reason: string;
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

  /** By which binding the user may, in the words of upstream; undefined when by none. */
  allows(attributes: AuthorizationAttributes): string | undefined {
    const { cluster, byNamespace } = this.#rulesOf(attributes.user);
    const grants = ({ rules }: GrantedRules) => rules.some((rule) => ruleAllows(rule, attributes));
    const found = cluster.find(grants);
    if (found) return found.reason;
    if (!attributes.namespace || attributes.path !== undefined) return undefined;
    return byNamespace.get(attributes.namespace)?.find(grants)?.reason;
  }

  /** All rules that hold for the user in the namespace; in the whole cluster when it is empty. */
  rulesFor(user: UserInfo, namespace: string): readonly PolicyRule[] {
    const { cluster, byNamespace } = this.#rulesOf(user);
    return [...cluster, ...(byNamespace.get(namespace) ?? [])].flatMap(({ rules }) => rules);
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
    const cluster: GrantedRules[] = [];
    const byNamespace = new Map<string, GrantedRules[]>();
    for (const subject of [`User/${user.name}`, ...user.groups.map((group) => `Group/${group}`)]) {
      for (const { namespace, roleRef, reason } of grants.get(subject) ?? []) {
        const granted = { rules: this.rulesOfRole(roleRef, namespace) ?? [], reason };
        if (namespace === '') {
          cluster.push(granted);
          continue;
        }
        const local = byNamespace.get(namespace);
        if (local) local.push(granted);
        else byNamespace.set(namespace, [granted]);
      }
    }
    if (this.#users.size >= usersMax) this.#users.clear();
    const gathered = { cluster, byNamespace };
    this.#users.set(key, gathered);
    return gathered;
  }

  #indexGrants(): Map<string, Grant[]> {
    const grants = new Map<string, Grant[]>();
    const add = (
      subjects: readonly Subject[] | undefined,
      { binding, ...place }: Omit<Grant, 'reason'> & { readonly binding: string },
    ) => {
      for (const subject of subjects ?? []) {
        const { kind, name } = place.roleRef;
        const reason = `RBAC: allowed by ${binding} of ${kind} ${JSON.stringify(name)} to ${describeSubject(subject, place.namespace)}`;
        const grant = { ...place, reason };
        const key = subjectKey(subject, grant.namespace);
        const entry = grants.get(key);
        if (entry) entry.push(grant);
        else grants.set(key, [grant]);
      }
    };
    const cluster = { group: rbacGroup, resource: 'clusterrolebindings' };
    for (const { subjects, roleRef, metadata } of this.#read.list<ClusterRoleBinding>(cluster)) {
      const binding = `ClusterRoleBinding ${JSON.stringify(metadata.name)}`;
      if (roleRef.kind === 'ClusterRole') add(subjects, { namespace: '', roleRef, binding });
    }
    const local = { group: rbacGroup, resource: 'rolebindings' };
    for (const { subjects, roleRef, metadata } of this.#read.list<RoleBinding>(local)) {
      const { name = '', namespace = '' } = metadata;
      const binding = `RoleBinding ${JSON.stringify(`${name}/${namespace}`)}`;
      if (namespace) add(subjects, { namespace, roleRef, binding });
    }
    return grants;
  }
}

function describeSubject({ kind, name, namespace }: Subject, bindingNamespace: string): string {
  if (kind !== 'ServiceAccount') return `${kind} ${JSON.stringify(name)}`;
  return `${kind} ${JSON.stringify(`${name}/${namespace || bindingNamespace}`)}`;
}

function subjectKey({ kind, name, namespace }: Subject, bindingNamespace: string): string {
  if (kind !== 'ServiceAccount') return `${kind}/${name}`;
  return `User/system:serviceaccount:${namespace || bindingNamespace}:${name}`;
}
