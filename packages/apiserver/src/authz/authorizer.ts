/**
 * May this user do this? In order: members of `system:masters` may do all; the node authorizer answers for nodes; RBAC
 * answers for everyone. The first yes counts; without one the answer is no, with the reasons of those who said why.
 */
import { nodeNameOf, type NodeAccess } from '#authz/node-access.ts';
import type { RoleBasedAccess } from '#authz/rbac.ts';
import type { Authorizer, NonResourceRule, ResourceRule } from '#security.ts';

export function createAuthorizer(parts: {
  readonly rbac: RoleBasedAccess;
  readonly nodes: NodeAccess;
}): Authorizer {
  const { rbac, nodes } = parts;
  return {
    authorize(attributes) {
      if (attributes.user.groups.includes('system:masters')) {
        return Promise.resolve({ allowed: true, reason: '' });
      }
      const node = nodeNameOf(attributes.user);
      const verdict = node === undefined ? undefined : nodes.decide(node, attributes);
      if (verdict?.allowed) return Promise.resolve({ allowed: true, reason: '' });
      const granted = rbac.allows(attributes);
      if (granted !== undefined) return Promise.resolve({ allowed: true, reason: granted });
      return Promise.resolve({ allowed: false, reason: verdict?.reason ?? '' });
    },
    rulesFor(user, namespace) {
      const resourceRules: ResourceRule[] = [];
      const nonResourceRules: NonResourceRule[] = [];
      for (const rule of rbac.rulesFor(user, namespace)) {
        const { verbs, apiGroups = [], resources = [], resourceNames, nonResourceURLs } = rule;
        if (nonResourceURLs?.length) nonResourceRules.push({ verbs, nonResourceURLs });
        if (resources.length > 0) {
          resourceRules.push({ verbs, apiGroups, resources, ...(resourceNames ? { resourceNames } : {}) });
        }
      }
      const incomplete = nodeNameOf(user) !== undefined;
      return Promise.resolve({ resourceRules, nonResourceRules, incomplete });
    },
  };
}
