import { expect, test } from 'vitest';
import { guardRemoval, guardScript } from '#fabric/guard.ts';
import type { Tunnel } from '#fabric/plan.ts';

const tunnel = { device: 'skerry-vxlan' } as Tunnel;
const plan = (tunnels: readonly Tunnel[]) => ({ tunnels, routes: [], podMtu: undefined });

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
