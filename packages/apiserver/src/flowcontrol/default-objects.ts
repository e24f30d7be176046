import {
  type FlowSchema,
  mandatoryFlowSpecs,
  mandatoryLevelSpecs,
  type PriorityLevelConfiguration,
} from '@skerry/api';

/**
 * FlowSchemas and priority levels that every cluster has: two that must be as they are, so that there is always a place for
 * a request to go, and those that are suggested, which their owner may change.
 * https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#defaults
 */
type Rule = NonNullable<NonNullable<FlowSchema['spec']>['rules']>[number];
type Subject = NonNullable<Rule['subjects']>[number];
type LevelSpec = NonNullable<PriorityLevelConfiguration['spec']>;

export const autoUpdate = 'apf.kubernetes.io/autoupdate-spec';
const apiVersion = 'flowcontrol.apiserver.k8s.io/v1';

export const mandatoryLevels: readonly PriorityLevelConfiguration[] = Object.entries(mandatoryLevelSpecs).map(
  ([name, spec]) => level(name, spec),
);

export const suggestedLevels: readonly PriorityLevelConfiguration[] = [
  level('system', queued({ shares: 30, lendable: 33, queues: 64, hand: 6 })),
  level('node-high', queued({ shares: 40, lendable: 25, queues: 64, hand: 6 })),
  level('leader-election', queued({ shares: 10, lendable: 0, queues: 16, hand: 4 })),
  level('workload-high', queued({ shares: 40, lendable: 50, queues: 128, hand: 6 })),
  level('workload-low', queued({ shares: 100, lendable: 90, queues: 128, hand: 6 })),
  level('global-default', queued({ shares: 20, lendable: 50, queues: 128, hand: 6 })),
];

const everyone = [group('system:unauthenticated'), group('system:authenticated')];
const nodes = [group('system:nodes')];
const systemAccounts: Subject = {
  kind: 'ServiceAccount',
  serviceAccount: { namespace: 'kube-system', name: '*' },
};

export const mandatorySchemas: readonly FlowSchema[] = Object.entries(mandatoryFlowSpecs).map(
  ([name, spec]) => ({ ...named('FlowSchema', name), spec }),
);

export const suggestedSchemas: readonly FlowSchema[] = [
  schema('system-nodes', { level: 'system', precedence: 500, by: 'ByUser' }, anything(nodes)),
  schema(
    'system-node-high',
    { level: 'node-high', precedence: 400, by: 'ByUser' },
    {
      subjects: nodes,
      resourceRules: [
        resources({ groups: [''], of: ['nodes', 'nodes/status'], clusterScope: true }),
        resources({ groups: ['coordination.k8s.io'], of: ['leases'] }),
      ],
    },
  ),
  schema(
    'probes',
    { level: 'exempt', precedence: 2 },
    {
      subjects: everyone,
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
    },
  ),
  schema(
    'system-leader-election',
    { level: 'leader-election', precedence: 100, by: 'ByUser' },
    {
      subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler'), systemAccounts],
      resourceRules: [
        resources({
          verbs: ['get', 'create', 'update'],
          groups: ['coordination.k8s.io'],
          of: ['leases'],
        }),
      ],
    },
  ),
  schema(
    'kube-controller-manager',
    { level: 'workload-high', precedence: 800, by: 'ByNamespace' },
    anything([user('system:kube-controller-manager')]),
  ),
  schema(
    'kube-scheduler',
    { level: 'workload-high', precedence: 800, by: 'ByNamespace' },
    anything([user('system:kube-scheduler')]),
  ),
  schema(
    'kube-system-service-accounts',
    { level: 'workload-high', precedence: 900, by: 'ByNamespace' },
    anything([systemAccounts]),
  ),
  schema(
    'service-accounts',
    { level: 'workload-low', precedence: 9000, by: 'ByUser' },
    anything([group('system:serviceaccounts')]),
  ),
  schema('global-default', { level: 'global-default', precedence: 9900, by: 'ByUser' }, anything(everyone)),
];

function level(name: string, spec: LevelSpec): PriorityLevelConfiguration {
  return { ...named('PriorityLevelConfiguration', name), spec };
}

function named(kind: string, name: string) {
  return { apiVersion, kind, metadata: { name, annotations: { [autoUpdate]: 'true' } } };
}

function queued(of: { shares: number; lendable: number; queues: number; hand: number }): LevelSpec {
  const queuing = { queues: of.queues, handSize: of.hand, queueLengthLimit: 50 };
  return {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: of.shares,
      lendablePercent: of.lendable,
      limitResponse: { type: 'Queue', queuing },
    },
  };
}

function schema(
  name: string,
  of: { level: string; precedence: number; by?: 'ByUser' | 'ByNamespace' },
  rule: Rule,
): FlowSchema {
  return {
    ...named('FlowSchema', name),
    spec: {
      priorityLevelConfiguration: { name: of.level },
      matchingPrecedence: of.precedence,
      ...(of.by ? { distinguisherMethod: { type: of.by } } : {}),
      rules: [rule],
    },
  };
}

function user(name: string): Subject {
  return { kind: 'User', user: { name } };
}

function group(name: string): Subject {
  return { kind: 'Group', group: { name } };
}

function resources(of: {
  verbs?: string[];
  groups: string[];
  of: string[];
  clusterScope?: boolean;
}): NonNullable<Rule['resourceRules']>[number] {
  return {
    verbs: of.verbs ?? ['*'],
    apiGroups: of.groups,
    resources: of.of,
    ...(of.clusterScope ? { clusterScope: true } : {}),
    namespaces: ['*'],
  };
}

function anything(subjects: Subject[]): Rule {
  return {
    subjects,
    resourceRules: [resources({ groups: ['*'], of: ['*'], clusterScope: true })],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  };
}
