import { expect, test } from 'vitest';
import { podRules, podRulesRemoval, type HostPort } from '#network/pod-rules.ts';

const web: HostPort = { protocol: 'tcp', hostPort: 8080, podAddress: '10.1.0.5', podPort: 80 };
const rules = (hostPorts: readonly HostPort[], podCidrs = ['10.1.0.0/24']) =>
  podRules({ podCidrs, unmasqueraded: [], bridge: 'cni0', hostPorts });

test('pods leave the node under its address, but not among themselves', () => {
  expect(rules([])).toContain('ip saddr { 10.1.0.0/24 } ip daddr != { 10.1.0.0/24, 224.0.0.0/4 } masquerade');
});

test('pods of other nodes see the address of the pod, not that of its node', () => {
  const text = podRules({
    podCidrs: ['10.1.0.0/24'],
    unmasqueraded: ['10.1.0.0/16', 'fd00::/48'],
    bridge: 'cni0',
    hostPorts: [],
  });
  const exempt = text.indexOf('ip daddr { 10.1.0.0/16 } return');
  expect(exempt).toBeGreaterThan(0);
  expect(text.indexOf('ip saddr { 10.1.0.0/24 } ip daddr !=')).toBeGreaterThan(exempt);
});

test.each<[HostPort, string]>([
  [web, 'tcp dport 8080 dnat to 10.1.0.5:80'],
  [{ ...web, protocol: 'udp' }, 'udp dport 8080 dnat to 10.1.0.5:80'],
  [{ ...web, hostAddress: '192.168.0.1' }, 'ip daddr 192.168.0.1 tcp dport 8080 dnat to 10.1.0.5:80'],
])('%o becomes %s', (port, expected) => {
  expect(rules([port])).toContain(`    ${expected}\n`);
});

test('each family of addresses has a table of its own', () => {
  const six: HostPort = { ...web, podAddress: 'fd00::5' };
  const text = rules([web, six], ['10.1.0.0/24', 'fd00::/64']);
  expect(text.match(/^table ip6? /gm)).toEqual(['table ip ', 'table ip6 ']);
  expect(text).toContain('tcp dport 8080 dnat to [fd00::5]:80');
  expect(rules([six])).not.toContain('fd00');
});

test('what was there before is replaced in the same step', () => {
  expect(rules([]).startsWith(podRulesRemoval().split('\n').slice(0, 2).join('\n'))).toBe(true);
});
