/** Who asks. Both servers know the same people by the same tokens, so that an answer never differs for want of a name. */
export interface ConformanceUser {
  readonly token: string;
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
}

export const users = {
  /** May do everything. */
  admin: { token: 'admin-token', name: 'admin', uid: 'u-admin', groups: ['system:masters'] },
  /** May do nothing but what everyone may. */
  alice: { token: 'alice-token', name: 'alice', uid: 'u-alice', groups: ['dev'] },
  /** May write what ClusterRole `edit` lets, everywhere. */
  bob: { token: 'bob-token', name: 'bob', uid: 'u-bob', groups: ['dev'] },
  /** May read what ClusterRole `view` lets, everywhere. */
  carol: { token: 'carol-token', name: 'carol', uid: 'u-carol', groups: ['dev'] },
  /** A machine. */
  node: {
    token: 'node-token',
    name: 'system:node:n1',
    uid: 'u-node',
    groups: ['system:nodes'],
  },
} as const satisfies Record<string, ConformanceUser>;

/** `anonymous` sends no credential, `stranger` a token that nobody has. */
export type UserName = keyof typeof users | 'anonymous' | 'stranger';

const bound = [
  ['bob', 'system:aggregate-to-edit'],
  ['bob', 'system:aggregate-to-view'],
  ['carol', 'system:aggregate-to-view'],
] as const;

/**
 * What binds bob and carol; a server's test clients create them before anything else. They are bound to the parts that
 * ClusterRoles `edit` and `view` are made of: it takes a controller to put them together.
 */
export const bindings = bound.map(([user, role]) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: `conformance-${user}-${role.replace('system:', '')}` },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
}));
