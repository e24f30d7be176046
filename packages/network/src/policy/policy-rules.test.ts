import { expect, test } from 'vitest';
import type { PoolPolicy, PoolPolicyRule, PoolPolicySpec } from '@skerry/api';
import type { OwnPod } from '#policy/own-pod.ts';
import { policyContents, type Family, type PolicyContents } from '#policy/policy-rules.ts';

const web: OwnPod = {
  uid: 'web-uid',
  namespace: 'shop',
  labels: { app: 'web' },
  addresses: ['10.1.0.5', 'fd00::5'],
  ports: [{ name: 'main', protocol: 'TCP', number: 8080 }],
};
const db: OwnPod = {
  uid: 'db-uid',
  namespace: 'shop',
  labels: { app: 'db' },
  addresses: ['10.1.0.6'],
  ports: [{ name: 'main', protocol: 'TCP', number: 5432 }],
};

function policy(spec: Partial<PoolPolicySpec>, name = 'rules'): PoolPolicy {
  return {
    metadata: { name, namespace: 'shop' },
    spec: { policy: name, podSelector: { matchLabels: { app: 'web' } }, ...spec },
  };
}

const contents = (...policies: PoolPolicy[]) => policyContents(policies, [web, db]);

function chains(all: PolicyContents, owner: string, family: Family = 'ip'): [string, readonly string[]][] {
  return Object.entries(all.get(owner)?.[family].chains ?? {});
}

/** Rules of the one chain of the policy, with names of sets as `@set`. */
function rules(ingress: PoolPolicyRule[], family: Family = 'ip'): string[] {
  const [[, found] = ['', []]] = chains(contents(policy({ ingress })), 'policy shop/rules', family);
  return found.map((rule) => rule.replaceAll(/@policy-\S+/g, '@set'));
}

test('a pod that no policy selects has no chain, and one that is selected is closed', () => {
  const all = contents(policy({ ingress: [] }));
  expect([...all.keys()]).toEqual(['policy shop/rules', 'pod web-uid']);
  const [[name, chain] = ['', []], ...others] = chains(all, 'pod web-uid');
  expect(others).toEqual([]);
  expect(chain).toEqual([
    'ip saddr 10.1.0.5 accept',
    expect.stringMatching(/^jump policy-arriving-[0-9a-f]{16}$/),
    'drop',
  ]);
  expect(all.get('pod web-uid')?.ip.elements).toEqual({ 'arriving-pods': { '10.1.0.5': `jump ${name}` } });
  expect(Object.keys(all.get('pod web-uid')?.ip6.elements['arriving-pods'] ?? {})).toEqual(['fd00::5']);
});

test('what any policy allows is allowed, for each direction of which one speaks', () => {
  const all = contents(policy({ ingress: [] }, 'a'), policy({ ingress: [{}], egress: [] }, 'b'));
  const jumps = chains(all, 'pod web-uid').map(([, chain]) =>
    chain.filter((rule) => rule.startsWith('jump')),
  );
  expect(jumps.map(({ length }) => length)).toEqual([2, 1]);
});

test.each<[string, PoolPolicyRule, string[]]>([
  ['anyone', {}, ['accept']],
  ['a block', { peers: { blocks: [{ cidr: '10.0.0.0/8' }] } }, ['ip saddr 10.0.0.0/8 accept']],
  [
    'a block but for parts of it',
    { peers: { blocks: [{ cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.2.0.1/32'] }] } },
    ['ip saddr 10.0.0.0/8 ip saddr != { 10.1.0.0/16, 10.2.0.1/32 } accept'],
  ],
  ['a block of the other family', { peers: { blocks: [{ cidr: 'fd00::/8' }] } }, []],
  ['pods', { peers: { addresses: ['10.1.0.9'] } }, ['ip saddr @set accept']],
  ['no pod yet', { peers: { selectors: [{ podSelector: {} }] } }, ['ip saddr @set accept']],
  ['nobody', { peers: {} }, []],
  [
    'pods and a block, on ports',
    {
      peers: { addresses: ['10.1.0.9'], blocks: [{ cidr: '192.0.2.0/24' }] },
      ports: [
        { protocol: 'TCP', port: 443 },
        { protocol: 'TCP', port: 80 },
        { protocol: 'UDP', port: 53 },
      ],
    },
    [
      'ip saddr @set tcp dport { 80, 443 } accept',
      'ip saddr 192.0.2.0/24 tcp dport { 80, 443 } accept',
      'ip saddr @set udp dport { 53 } accept',
      'ip saddr 192.0.2.0/24 udp dport { 53 } accept',
    ],
  ],
  [
    'ranges of ports that overlap',
    {
      ports: [
        { protocol: 'TCP', port: 8000, endPort: 9000 },
        { protocol: 'TCP', port: 8500 },
        { protocol: 'TCP', port: 9001 },
      ],
    },
    ['tcp dport { 8000-9001 } accept'],
  ],
  ['a whole protocol', { ports: [{ protocol: 'SCTP' }] }, ['meta l4proto sctp accept']],
  [
    'a named port, by its number in the pod',
    { ports: [{ protocol: 'TCP', name: 'main' }] },
    ['ip daddr 10.1.0.5 tcp dport 8080 accept'],
  ],
  ['a name that the pod has no port of', { ports: [{ protocol: 'UDP', name: 'main' }] }, []],
])('%s', (_, rule, expected) => {
  expect(rules([rule])).toEqual(expected);
});

test('the other direction looks at the other side', () => {
  const all = contents(policy({ egress: [{ peers: { blocks: [{ cidr: '192.0.2.0/24' }] } }] }));
  expect(chains(all, 'policy shop/rules')[0]?.[1]).toEqual(['ip daddr 192.0.2.0/24 accept']);
});

test('pods of the machine are peers as soon as they are known here, wherever the selector looks', () => {
  const elements = (namespaces?: string[]) => {
    const selectors = [
      { ...(namespaces ? { namespaces } : {}), podSelector: { matchLabels: { app: 'db' } } },
    ];
    const all = contents(policy({ ingress: [{ peers: { addresses: ['10.2.0.1'], selectors } }] }));
    const [set = {}] = Object.values(all.get('policy shop/rules')?.ip.elements ?? {});
    return Object.keys(set);
  };
  expect(elements(['shop'])).toEqual(['10.2.0.1', '10.1.0.6']);
  expect(elements()).toEqual(['10.2.0.1', '10.1.0.6']);
  expect(elements(['tools'])).toEqual(['10.2.0.1']);
});

test('what is no address never becomes a word of a rule', () => {
  const hostile = '10.0.0.0/8 accept; flush ruleset #';
  const peers = {
    addresses: [hostile],
    blocks: [{ cidr: hostile }, { cidr: '10.0.0.0/8', except: [hostile] }],
  };
  const all = contents(policy({ ingress: [{ peers }] }));
  expect(JSON.stringify([...all.values()])).not.toContain('flush');
});
