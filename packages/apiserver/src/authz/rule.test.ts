import type { PolicyRule } from '@skerry/api';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeRules, ruleAllows, uncoveredRules } from '#authz/rule.ts';
import type { AuthorizationAttributes } from '#security.ts';

const some = (...values: string[]) => fc.subarray(values, { minLength: 1 });
const verbs = some('get', 'list', 'delete', '*');
const resourceRule: fc.Arbitrary<PolicyRule> = fc.record(
  {
    verbs,
    apiGroups: some('', 'apps', '*'),
    resources: some('pods', 'pods/log', 'deployments', 'deployments/scale', '*/scale', '*'),
    resourceNames: some('a', 'b'),
  },
  { requiredKeys: ['verbs', 'apiGroups', 'resources'] },
);
const pathRule: fc.Arbitrary<PolicyRule> = fc.record({
  verbs,
  nonResourceURLs: some('/healthz', '/api', '/api/*', '/*', '*'),
});
const rules = fc.array(fc.oneof(resourceRule, pathRule), { maxLength: 4 });
const user = { name: 'u', groups: [] };
const request: fc.Arbitrary<AuthorizationAttributes> = fc.oneof(
  fc.record({
    user: fc.constant(user),
    verb: fc.constantFrom('get', 'list', 'delete', 'escalate'),
    group: fc.constantFrom('', 'apps', 'batch'),
    resource: fc.constantFrom('pods', 'deployments', 'jobs'),
    subresource: fc.constantFrom('', 'log', 'scale', 'status'),
    name: fc.constantFrom('', 'a', 'b', 'c'),
  }),
  fc.record({
    user: fc.constant(user),
    verb: fc.constantFrom('get', 'list', 'delete'),
    path: fc.constantFrom('/healthz', '/api', '/api/v1', '/apis', '/'),
  }),
);

describe('rules that are covered by those one holds', () => {
  test('allow nothing that the held ones do not allow', () => {
    fc.assert(
      fc.property(rules, rules, request, (held, wanted, attributes) => {
        fc.pre(uncoveredRules(held, wanted).length === 0);
        const allows = (list: PolicyRule[]) => list.some((rule) => ruleAllows(rule, attributes));
        if (allows(wanted)) expect(allows(held)).toBe(true);
      }),
      { numRuns: 2_000, maxSkipsPerRun: 1_000 },
    );
  });

  test('are always covered by themselves, and by everything', () => {
    const everything = [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ];
    fc.assert(
      fc.property(rules, (list) => {
        expect(uncoveredRules(list, list)).toEqual([]);
        expect(uncoveredRules(everything, list)).toEqual([]);
      }),
    );
  });
});

test('missing rights are told with their verbs together', () => {
  const wanted = [
    { verbs: ['get', 'list'], apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['d'] },
  ];
  expect(describeRules(uncoveredRules([], [...wanted, { verbs: ['get'], nonResourceURLs: ['/x'] }]))).toEqual(
    [
      '{APIGroups:["apps"], Resources:["deployments"], ResourceNames:["d"], Verbs:["get" "list"]}',
      '{NonResourceURLs:["/x"], Verbs:["get"]}',
    ],
  );
});
