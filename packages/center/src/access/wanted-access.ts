/**
 * What has to stand in one cluster so that people may do what they were granted, and nobody anything else. Pure: from grants,
 * users and nodes to roles and bindings.
 */
import type { Node, PolicyRule } from '@skerry/api';
import { clusterGroup, clusterUser } from '#access/subject.ts';
import { managementCluster } from '#access/cluster-access.ts';
import {
  isReadyRole,
  managementClusterRoles,
  nodeVerbs,
  readyClusterRoles,
  roleName,
  type WantedRole,
} from '#access/ready-roles.ts';
import type { Grant, User } from '#people/kinds.ts';

export const poolLabel = 'apps.openyurt.io/nodepool';
/** On nodes: whose join token they came by. Set when a node registers, by what its certificate says. */
export const ownerLabel = 'skerry.io/owner';

/** Kept on everything that the center makes here, and only ever looked for by it. */
export const managedLabel = 'center.skerry.io/managed';
export const grantLabel = 'center.skerry.io/grant';

export interface WantedBinding {
  readonly name: string;
  /** A RoleBinding of this namespace; a ClusterRoleBinding without. */
  readonly namespace?: string;
  readonly role: string;
  readonly subject: { readonly kind: 'User' | 'Group'; readonly name: string };
  readonly grant?: string;
}

export interface WantedAccess {
  readonly roles: readonly WantedRole[];
  readonly bindings: readonly WantedBinding[];
  /** By name of the grant: why it could not be applied whole. */
  readonly faults: ReadonlyMap<string, string>;
}

export interface AccessFacts {
  readonly cluster: string;
  readonly users: readonly User[];
  readonly grants: readonly Grant[];
  /** Asked for only where a grant is limited to nodes. */
  readonly nodes: readonly Node[];
  readonly namespaces: ReadonlySet<string>;
  /** User of the cluster as which the center speaks for people. */
  readonly impersonator: string;
}

export function isForCluster({ spec }: Grant, cluster: string): boolean {
  return spec.cluster === '*' || spec.cluster === cluster;
}

/** A role over the center itself: a ready one, everywhere and without limits. */
function isForCenter(grant: Grant): boolean {
  return isReadyRole(grant.spec.role) && !grant.spec.namespaces && !isNodeGrant(grant);
}

export function isNodeGrant({ spec }: Grant): boolean {
  return (spec.pools?.length ?? 0) + (spec.owners?.length ?? 0) > 0;
}

export function isWithin(
  { metadata }: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } },
  { pools = [], owners = [] }: { readonly pools?: readonly string[]; readonly owners?: readonly string[] },
): boolean {
  const { [poolLabel]: pool, [ownerLabel]: owner } = metadata?.labels ?? {};
  return (pool !== undefined && pools.includes(pool)) || (owner !== undefined && owners.includes(owner));
}

export function wantedAccess(facts: AccessFacts): WantedAccess {
  const isManagement = facts.cluster === managementCluster;
  const roles: WantedRole[] = [...(isManagement ? managementClusterRoles : readyClusterRoles)];
  const bindings: WantedBinding[] = [];
  const faults = new Map<string, string>();
  const active = new Set(
    facts.users.filter(({ spec }) => !spec.disabled).map(({ metadata }) => metadata?.name),
  );
  for (const grant of facts.grants) {
    const { subject } = grant.spec;
    if (!isForCluster(grant, facts.cluster)) continue;
    if (subject.kind === 'User' && !active.has(subject.name)) continue;
    if (isManagement && !isForCenter(grant)) continue;
    applyGrant(grant, facts, { roles, bindings, faults });
  }
  const impersonated = impersonatorRules(facts);
  if (impersonated.length > 0) {
    roles.push({ name: impersonatorRole, rules: impersonated });
    const subject = { kind: 'User', name: facts.impersonator } as const;
    bindings.push({ name: impersonatorRole, role: impersonatorRole, subject });
  }
  return { roles, bindings, faults };
}

function applyGrant(
  grant: Grant,
  { nodes, namespaces: known }: AccessFacts,
  {
    roles,
    bindings,
    faults,
  }: { roles: WantedRole[]; bindings: WantedBinding[]; faults: Map<string, string> },
): void {
  const { spec } = grant;
  const id = grant.metadata?.name ?? '';
  const { kind, name } = spec.subject;
  const subject = { kind, name: kind === 'User' ? clusterUser(name) : clusterGroup(name) };
  const base = { name: `skerry:grant:${id}`, subject, grant: id };
  if (isNodeGrant(grant)) {
    const names = nodes.filter((node) => isWithin(node, spec)).map(({ metadata }) => metadata.name ?? '');
    // Without names a rule would be about all nodes.
    if (names.length > 0) {
      const role = `${base.name}:nodes`;
      const rules = [
        {
          apiGroups: [''],
          resources: ['nodes', 'nodes/status'],
          resourceNames: names.sort(),
          verbs: nodeVerbs(spec.role),
        },
      ];
      roles.push({ name: role, rules, labels: { [grantLabel]: id } });
      bindings.push({ ...base, name: role, role });
    }
  } else if (!spec.namespaces) {
    bindings.push({ ...base, role: roleName(spec.role) });
  }
  const missing: string[] = [];
  for (const namespace of spec.namespaces ?? []) {
    if (known.has(namespace)) bindings.push({ ...base, namespace, role: roleName(spec.role) });
    else missing.push(namespace);
  }
  if (missing.length > 0) faults.set(id, `there is no namespace ${missing.join(', ')}`);
}

export const impersonatorRole = 'skerry:people';

/** Only people and groups that there are, so that who takes the center's credential is nobody else than one of them. */
function impersonatorRules({ users, grants }: AccessFacts): PolicyRule[] {
  const active = users.filter(({ spec }) => !spec.disabled);
  const groups = new Set([
    ...active.flatMap(({ spec, status }) => (spec.oidc ? status?.groups : spec.groups) ?? []),
    ...grants.filter(({ spec }) => spec.subject.kind === 'Group').map(({ spec }) => spec.subject.name),
  ]);
  const impersonate = (resource: string, names: readonly string[]): PolicyRule[] =>
    // An empty list of names would be everybody.
    names.length === 0
      ? []
      : [{ apiGroups: [''], resources: [resource], verbs: ['impersonate'], resourceNames: names.toSorted() }];
  return [
    ...impersonate(
      'users',
      active.map(({ metadata }) => clusterUser(metadata?.name ?? '')),
    ),
    ...impersonate('groups', [...groups].map(clusterGroup)),
  ];
}
