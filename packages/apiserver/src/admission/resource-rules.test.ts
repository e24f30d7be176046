import { expect, test } from 'vitest';
import { isExempt, ruleMatches } from '#admission/resource-rules.ts';

const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] };
const asked = {
  group: 'apps',
  version: 'v1',
  resource: 'deployments',
  subresource: '',
  namespace: 'default',
  operation: 'CREATE',
};

test.each([
  [{}, {}, true],
  [{ apiGroups: ['*'] }, {}, true],
  [{ apiGroups: ['', 'batch'] }, {}, false],
  [{ apiVersions: ['v2'] }, {}, false],
  [{ apiVersions: ['*'] }, {}, true],
  [{ operations: ['*'] }, { operation: 'CONNECT' }, true],
  [{ operations: ['UPDATE'] }, {}, false],
  [{ resources: ['*'] }, {}, true],
  [{ resources: ['*'] }, { subresource: 'status' }, false],
  [{ resources: ['*/*'] }, { subresource: 'status' }, true],
  [{ resources: ['*/*'] }, {}, true],
  [{ resources: ['*/scale'] }, { subresource: 'scale' }, true],
  [{ resources: ['*/scale'] }, { subresource: 'status' }, false],
  [{ resources: ['deployments/*'] }, { subresource: 'status' }, true],
  [{ resources: ['deployments/*'] }, {}, true],
  [{ resources: ['deployments/status'] }, {}, false],
  [{ scope: '*' }, { namespace: '' }, true],
  [{ scope: 'Namespaced' }, {}, true],
  [{ scope: 'Namespaced' }, { namespace: '' }, false],
  [{ scope: 'Cluster' }, {}, false],
  [{ scope: 'Cluster' }, { namespace: '' }, true],
  [
    { scope: 'Cluster', apiGroups: [''], resources: ['namespaces'] },
    { group: '', resource: 'namespaces', namespace: 'default' },
    true,
  ],
])('a rule with %j sees a request with %j: %s', (ruleFields, askedFields, expected) => {
  expect(ruleMatches({ ...rule, ...ruleFields }, { ...asked, ...askedFields })).toBe(expected);
});

test('configuration of admission is exempt, and nothing else', () => {
  const group = 'admissionregistration.k8s.io';
  expect(isExempt({ group, kind: 'ValidatingAdmissionPolicy' })).toBe(true);
  expect(isExempt({ group, kind: 'MutatingWebhookConfiguration' })).toBe(true);
  expect(isExempt({ group: 'example.com', kind: 'MutatingWebhookConfiguration' })).toBe(false);
  expect(isExempt({ group: '', kind: 'Pod' })).toBe(false);
});
