import type { FlowSchema } from '@skerry/api';
import { expect, test } from 'vitest';
import { mandatorySchemas, suggestedSchemas } from '#flowcontrol/default-objects.ts';
import { FlowIndex } from '#flowcontrol/flow-schema.ts';
import { requestInfo } from '#request-info.ts';

const byPrecedence = (a: FlowSchema, b: FlowSchema) =>
  (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0);
const defaults = new FlowIndex([...mandatorySchemas, ...suggestedSchemas].sort(byPrecedence));

const authenticated = 'system:authenticated';
const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n';
const account = (name: string) => ({
  name: `system:serviceaccount:${name}`,
  groups: ['system:serviceaccounts', authenticated],
});
const node = { name: 'system:node:n', groups: ['system:nodes', authenticated] };
const controllers = { name: 'system:kube-controller-manager', groups: [authenticated] };

test.each([
  [
    'an admin is exempt',
    { name: 'root', groups: ['system:masters', authenticated] },
    'GET /api/v1/pods',
    'exempt',
  ],
  ['a node renewing its lease', node, `PUT ${lease}`, 'system-node-high'],
  ['a node writing its status', node, 'PATCH /api/v1/nodes/n/status', 'system-node-high'],
  ['a node reading pods', node, 'GET /api/v1/pods', 'system-nodes'],
  [
    'controllers electing',
    controllers,
    'PUT /apis/coordination.k8s.io/v1/namespaces/a/leases/l',
    'system-leader-election',
  ],
  [
    'controllers deleting a lease',
    controllers,
    'DELETE /apis/coordination.k8s.io/v1/namespaces/a/leases/l',
    'kube-controller-manager',
  ],
  [
    'the scheduler',
    { name: 'system:kube-scheduler', groups: [authenticated] },
    'POST /api/v1/namespaces/a/pods/p/binding',
    'kube-scheduler',
  ],
  [
    'an account of kube-system',
    account('kube-system:dns'),
    'GET /api/v1/services',
    'kube-system-service-accounts',
  ],
  [
    'an account whose namespace begins alike',
    account('kube-system2:dns'),
    'GET /api/v1/services',
    'service-accounts',
  ],
  ['a person', { name: 'jane', groups: [authenticated] }, 'GET /api/v1/pods', 'global-default'],
  ['a probe', { name: 'system:anonymous', groups: ['system:unauthenticated'] }, 'GET /readyz/etcd', 'probes'],
  [
    'what only begins like a probe',
    { name: 'system:anonymous', groups: ['system:unauthenticated'] },
    'GET /readyzz',
    'global-default',
  ],
  ['someone of no group', { name: 'x', groups: [] }, 'GET /api/v1/pods', 'catch-all'],
])('%s', (_, user, line, expected) => {
  const [method = '', path = ''] = line.split(' ');
  expect(defaults.find(user, requestInfo(method, path, new URLSearchParams())).name).toBe(expected);
});

function schemaFor(name: string, rule: object): FlowSchema {
  const subjects = [{ kind: 'User', user: { name: 'jane' } }];
  return {
    metadata: { name },
    spec: {
      priorityLevelConfiguration: { name: 'l' },
      rules: [{ subjects, ...rule } as NonNullable<NonNullable<FlowSchema['spec']>['rules']>[number]],
    },
  };
}

const anything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };

test.each([
  ['cluster scope only where the rule says so', { ...anything, namespaces: ['*'] }, '/api/v1/nodes', false],
  ['cluster scope where the rule says so', { ...anything, clusterScope: true }, '/api/v1/nodes', true],
  ['a namespace that the rule names', { ...anything, namespaces: ['a'] }, '/api/v1/namespaces/a/pods', true],
  [
    'a namespace that it does not name',
    { ...anything, namespaces: ['a'] },
    '/api/v1/namespaces/b/pods',
    false,
  ],
  [
    'a subresource is named with its resource',
    { ...anything, resources: ['pods'], namespaces: ['*'] },
    '/api/v1/namespaces/a/pods/p/status',
    false,
  ],
  [
    'a resource with its subresource',
    { ...anything, resources: ['pods/status'], namespaces: ['*'] },
    '/api/v1/namespaces/a/pods/p/status',
    true,
  ],
  [
    'another group',
    { ...anything, apiGroups: ['apps'], namespaces: ['*'] },
    '/api/v1/namespaces/a/pods',
    false,
  ],
  ['another verb', { ...anything, verbs: ['get'], namespaces: ['*'] }, '/api/v1/namespaces/a/pods', false],
])('a rule matches %s', (_, rule, path, matches) => {
  const index = new FlowIndex([schemaFor('own', { resourceRules: [rule] }), ...mandatorySchemas]);
  const flow = index.find({ name: 'jane', groups: [] }, requestInfo('GET', path, new URLSearchParams()));
  expect(flow.name === 'own').toBe(matches);
});
