import type { AuditLevel, AuditStage } from '#audit/audit-event.ts';
import type { RequestInfo } from '#request-info.ts';
import type { UserInfo } from '#security.ts';

export interface AuditRule {
  readonly level: AuditLevel;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly AuditResources[];
  /** '' is that of cluster-scoped resources. */
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

export interface AuditResources {
  /** '' for core, `*` for any. */
  readonly group: string;
  /** Empty: all of the group. */
  readonly resources: readonly string[];
  /** Empty: any. */
  readonly resourceNames: readonly string[];
}

export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omitStages: ReadonlySet<AuditStage>;
  readonly omitManagedFields: boolean;
}

/**
 * What of which request is written: by the first rule that fits, and nothing where none does.
 * https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#audit-policy
 */
export class AuditPolicy {
  readonly #rules: readonly { readonly rule: AuditRule; readonly decision: AuditDecision }[];
  readonly #otherwise: AuditDecision;

  constructor(policy: {
    readonly rules: readonly AuditRule[];
    readonly omitStages?: readonly AuditStage[];
    readonly omitManagedFields?: boolean;
  }) {
    const { rules, omitStages = [], omitManagedFields = false } = policy;
    this.#rules = rules.map((rule) => ({
      rule,
      decision: {
        level: rule.level,
        omitStages: new Set([...omitStages, ...(rule.omitStages ?? [])]),
        omitManagedFields: rule.omitManagedFields ?? omitManagedFields,
      },
    }));
    this.#otherwise = { level: 'None', omitStages: new Set(omitStages), omitManagedFields };
  }

  /** `user` is who asks, not as whom. */
  decide(info: RequestInfo, user: UserInfo | undefined): AuditDecision {
    return this.#rules.find(({ rule }) => fits(rule, info, user))?.decision ?? this.#otherwise;
  }
}

/**
 * For who names a log and no policy: who did what to which object, and how it ended. Never a body, so that no secret
 * stands in it; without health checks, Events and the heartbeats of nodes, which are most requests and tell nothing.
 */
export const defaultAuditPolicy = new AuditPolicy({
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', nonResourceURLs: ['/healthz*', '/livez*', '/readyz*', '/version'] },
    {
      level: 'None',
      resources: ['', 'events.k8s.io'].map((group) => ({ group, resources: ['events'], resourceNames: [] })),
    },
    { level: 'None', namespaces: ['kube-node-lease'] },
    { level: 'Metadata' },
  ],
});

function fits(rule: AuditRule, info: RequestInfo, user: UserInfo | undefined): boolean {
  const { users, userGroups, verbs, namespaces, resources, nonResourceURLs } = rule;
  if (users?.length && !(user && users.includes(user.name))) return false;
  if (userGroups?.length && !user?.groups.some((group) => userGroups.includes(group))) return false;
  if (verbs?.length && !verbs.includes(info.verb)) return false;
  if (namespaces?.length || resources?.length) {
    if (info.type !== 'resource') return false;
    if (namespaces?.length && !namespaces.includes(info.namespace)) return false;
    return !resources?.length || resources.some((each) => fitsResource(each, info));
  }
  if (nonResourceURLs?.length) {
    return info.type === 'path' && nonResourceURLs.some((pattern) => fitsPath(pattern, info.path));
  }
  return true;
}

function fitsResource(
  { group, resources, resourceNames }: AuditResources,
  info: Extract<RequestInfo, { type: 'resource' }>,
): boolean {
  if (group !== '*' && group !== info.group) return false;
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && !resourceNames.includes(info.name)) return false;
  const { resource, subresource } = info;
  const whole = subresource ? `${resource}/${subresource}` : resource;
  return resources.some(
    (each) =>
      each === '*' ||
      each === whole ||
      (subresource !== '' && each === `*/${subresource}`) ||
      each === `${resource}/*`,
  );
}

function fitsPath(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true;
  return pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1));
}
