import { expect, test } from 'vitest';
import { guardRemoval, guardScript } from '#fabric/guard.ts';
import type { Tunnel } from '#fabric/plan.ts';

const tunnel = { device: 'skerry-vxlan' } as Tunnel;
const poolRanges = ['10.12.1.0/24', '10.12.2.0/24'];
const plan = (tunnels: readonly Tunnel[]) => ({ tunnels, routes: [], podMtu: undefined, poolRanges });

test('packets of the pool are taken from its machines, and from nobody else', () => {
  const script = guardScript(plan([tunnel]), ['192.168.0.11', '192.168.0.12']);
  const accept = script.indexOf('udp dport 8472 ip saddr { 192.168.0.11, 192.168.0.12 } accept');
  expect(accept).toBeGreaterThan(0);
  expect(script.indexOf('udp dport 8472 drop')).toBeGreaterThan(accept);
  expect(guardScript(plan([tunnel]), [])).not.toContain('accept');
});

test('the far end of the way to other pools is for this machine alone', () => {
  const script = guardScript(plan([tunnel]), []);
  expect(script).toContain('iifname != "lo" udp dport { 8473, 8474 } drop');
  expect(script).toContain('oifname "lo" udp dport { 8473, 8474 } meta skuid != 0 drop');
});

test('without a tunnel there is nothing to guard, and nothing stays', () => {
  expect(guardScript(plan([]), ['192.168.0.11'])).toBe(guardRemoval());
  expect(guardScript(plan([tunnel]), []).startsWith(guardRemoval())).toBe(true);
});

test("of what WireGuard carries only pods' packets pass, in both directions", () => {
  const script = guardScript(plan([tunnel]), []);
  expect(script).toContain(
    'iifname "skerry-wg*" meta nfproto ipv4 ip daddr != { 10.12.1.0/24, 10.12.2.0/24 } drop',
  );
  expect(script).toContain(
    'oifname "skerry-wg*" meta nfproto ipv4 ip saddr != { 10.12.1.0/24, 10.12.2.0/24 } drop',
  );
  expect(script).toContain('iifname "skerry-wg*" meta nfproto ipv6 drop');
});
