import { describe, expect, test } from 'vitest';
import { defaultAuditPolicy } from '#audit/policy.ts';
import { parseAuditPolicy } from '#audit/policy-file.ts';
import { requestInfo } from '#request-info.ts';

const head = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n';
const policyOf = (rules: string) => parseAuditPolicy(`${head}rules:\n${rules}`, 'policy.yaml');
const jane = { name: 'jane', groups: ['dev', 'system:authenticated'] };
const ask = (text: string) => {
  const [method = '', target = ''] = text.split(' ');
  const [path = '', query = ''] = target.split('?');
  return requestInfo(method, path, new URLSearchParams(query));
};

describe('a rule fits', () => {
  const fits: [rule: string, request: string, fits: boolean][] = [
    ['{}', 'GET /version', true],
    ['{ users: [jane] }', 'GET /version', true],
    ['{ users: [joe] }', 'GET /version', false],
    ['{ userGroups: [dev] }', 'GET /version', true],
    ['{ userGroups: [ops] }', 'GET /version', false],
    ['{ verbs: [watch] }', 'GET /api/v1/pods?watch=1', true],
    ['{ verbs: [list] }', 'GET /api/v1/pods?watch=1', false],
    ['{ namespaces: [a] }', 'GET /api/v1/namespaces/a/pods', true],
    ['{ namespaces: [a] }', 'GET /api/v1/namespaces/b/pods', false],
    ['{ namespaces: [""] }', 'GET /api/v1/nodes', true],
    ['{ namespaces: [""] }', 'GET /version', false],
    ['{ resources: [{ group: "" }] }', 'GET /api/v1/nodes', true],
    ['{ resources: [{ group: "" }] }', 'GET /apis/apps/v1/deployments', false],
    ['{ resources: [{ group: "*", resources: [deployments] }] }', 'GET /apis/apps/v1/deployments', true],
    ['{ resources: [{ group: "", resources: [pods] }] }', 'GET /api/v1/namespaces/a/pods/p/log', false],
    ['{ resources: [{ group: "", resources: [pods/log] }] }', 'GET /api/v1/namespaces/a/pods/p/log', true],
    ['{ resources: [{ group: "", resources: [pods/*] }] }', 'GET /api/v1/namespaces/a/pods/p/log', true],
    ['{ resources: [{ group: "", resources: [pods/*] }] }', 'GET /api/v1/namespaces/a/pods/p', true],
    ['{ resources: [{ group: "", resources: ["*/log"] }] }', 'GET /api/v1/namespaces/a/pods/p/log', true],
    ['{ resources: [{ group: "", resources: ["*/log"] }] }', 'GET /api/v1/namespaces/a/pods/p', false],
    [
      '{ resources: [{ group: "", resources: [pods], resourceNames: [p] }] }',
      'GET /api/v1/namespaces/a/pods/p',
      true,
    ],
    [
      '{ resources: [{ group: "", resources: [pods], resourceNames: [p] }] }',
      'GET /api/v1/namespaces/a/pods/q',
      false,
    ],
    ['{ nonResourceURLs: [/metrics] }', 'GET /metrics', true],
    ['{ nonResourceURLs: [/health*] }', 'GET /healthz/ping', true],
    ['{ nonResourceURLs: [/metrics] }', 'GET /version', false],
    ['{ nonResourceURLs: ["*"] }', 'GET /api/v1/nodes', false],
  ];
  test.each(fits)('%s, %s: %s', (rule, request, expected) => {
    const policy = policyOf(`- ${rule.replace('{', '{ level: Request,')}`.replace(', }', ' }'));
    expect(policy.decide(ask(request), jane).level).toBe(expected ? 'Request' : 'None');
  });
});

test('the first rule that fits decides, and none means nothing', () => {
  const policy = policyOf(
    '- { level: None, users: [jane] }\n- { level: Metadata, verbs: [get] }\n- { level: Request, verbs: [get] }\n',
  );
  const levelOf = (request: string, user = { name: 'joe', groups: [] as string[] }) =>
    policy.decide(ask(request), user).level;
  expect(levelOf('GET /version', jane)).toBe('None');
  expect(levelOf('GET /version')).toBe('Metadata');
  expect(levelOf('POST /api/v1/nodes')).toBe('None');
});

test('stages and managed fields are left out by rule and by policy', () => {
  const policy = parseAuditPolicy(
    `${head}omitStages: [RequestReceived]\nomitManagedFields: true\nrules:\n- { level: Request, verbs: [get], omitStages: [Panic], omitManagedFields: false }\n- level: Metadata\n`,
    'policy.yaml',
  );
  const get = policy.decide(ask('GET /api/v1/nodes/n'), jane);
  expect([[...get.omitStages], get.omitManagedFields]).toEqual([['RequestReceived', 'Panic'], false]);
  const post = policy.decide(ask('POST /api/v1/nodes'), jane);
  expect([[...post.omitStages], post.omitManagedFields]).toEqual([['RequestReceived'], true]);
});

describe('a policy is refused', () => {
  test.each([
    ['without rules', '', 'rules: Required value'],
    ['without a level', '- users: [a]', 'rules[0].level: Required value'],
    [
      'with an unknown level',
      '- level: Everything',
      'rules[0].level: Unsupported value: "Everything": supported values: "None", "Metadata", "Request", "RequestResponse"',
    ],
    ['with a misspelt field', '- { level: None, resource: [] }', 'rules[0].resource: unknown field'],
    ['with an unknown stage', '- { level: None, omitStages: [End] }', 'allowed stages are RequestReceived,'],
    [
      'with a path that is none',
      '- { level: None, nonResourceURLs: [health] }',
      "must begin with a '/' character",
    ],
    [
      'with a star in the middle',
      '- { level: None, nonResourceURLs: ["/a*b"] }',
      'must be the final character',
    ],
    [
      'with paths and resources in one rule',
      '- { level: None, nonResourceURLs: [/a], namespaces: [b] }',
      'rules cannot apply to both regular resources and non-resource URLs',
    ],
    [
      'with a group and its version',
      '- { level: None, resources: [{ group: apps/v1 }] }',
      'rules[0].resources[0].group: Invalid value: "apps/v1"',
    ],
    [
      'with names of nothing',
      '- { level: None, resources: [{ group: apps, resourceNames: [a] }] }',
      'using resourceNames requires at least one resource',
    ],
  ])('%s', (_what, rules, fault) => {
    expect(() => policyOf(rules)).toThrow(fault);
  });
});

test.each([
  ['GET /livez', 'None'],
  ['GET /healthz/ping', 'None'],
  ['POST /api/v1/namespaces/a/events', 'None'],
  ['PUT /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n', 'None'],
  ['POST /api/v1/namespaces/a/secrets', 'Metadata'],
  ['GET /metrics', 'Metadata'],
])('the default policy writes no body: %s is %s', (request, level) => {
  expect(defaultAuditPolicy.decide(ask(request), jane).level).toBe(level);
});
