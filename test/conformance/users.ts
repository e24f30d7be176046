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
  /** Bound to ClusterRole `edit`, everywhere. */
  bob: { token: 'bob-token', name: 'bob', uid: 'u-bob', groups: ['dev'] },
  /** Bound to ClusterRole `view`, everywhere. */
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

/** What binds bob and carol; a server's test clients create them before anything else. */
export const bindings = (['edit', 'view'] as const).map((role) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: `conformance-${role}` },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [
    { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: role === 'edit' ? 'bob' : 'carol' },
  ],
}));
