import { MetricRegistry } from '@skerry/base';
import type { BytesByPurpose, LinkStats } from '@skerry/link';
import { linkPurposes } from '@skerry/link';
import { expect, test } from 'vitest';
import { measureLinks, measureOwnLink } from './link-metrics.ts';

function bytes(watch: number): BytesByPurpose {
  const of = (sentBytes: number) => ({ sentBytes, receivedBytes: 2 * sentBytes });
  return Object.fromEntries(
    linkPurposes.map((purpose) => [purpose, of(purpose === 'watch' ? watch : 0)]),
  ) as BytesByPurpose;
}

function node(name: string, state: LinkStats['state'], watch: number): LinkStats {
  const today = { sentBytes: 0, receivedBytes: 0 };
  return { node: name, state, sinceMs: 0, reconnects: 2, countingSinceMs: 0, purposes: bytes(watch), today };
}

test('the center shows the sum of all links, those of nodes that are gone included', () => {
  const metrics = new MetricRegistry();
  let looks = 0;
  const roundTrips = measureLinks(metrics, () => ({
    statistics() {
      looks++;
      return { nodes: [node('a', 'linked', 10), node('b', 'cut', 5)], forgotten: bytes(100) };
    },
  }));
  roundTrips.observe(0.02);
  const lines = metrics.render().split('\n');
  expect(lines).toContain('skerry_link_bytes_total{purpose="watch",direction="sent"} 115');
  expect(lines).toContain('skerry_link_bytes_total{purpose="watch",direction="received"} 230');
  expect(lines).toContain('skerry_links{state="linked"} 1');
  expect(lines).toContain('skerry_links{state="drill"} 0');
  expect(lines).toContain('skerry_link_reconnects_total 4');
  expect(lines).toContain('skerry_link_round_trip_seconds_count 1');
  expect(looks).toBe(1);
});

test('a machine shows its own link, and since when only while there is one', () => {
  const show = (state: Parameters<typeof measureOwnLink>[1]['state']) => {
    const metrics = new MetricRegistry();
    const today = { sentBytes: 0, receivedBytes: 0 };
    const traffic = () => ({ purposes: bytes(7), today, reconnects: 1, countingSinceMs: 0 });
    measureOwnLink(metrics, { state, traffic });
    return metrics.render().split('\n');
  };
  const linked = show(() => ({ phase: 'linked', sinceMs: 5_000 }));
  expect(linked).toContain('skerry_link_bytes_total{purpose="watch",direction="sent"} 7');
  expect(linked).toContain('skerry_link_up 1');
  expect(linked).toContain('skerry_link_connected_since_seconds 5');
  const cut = show(() => ({ phase: 'drill', untilMs: 1 }));
  expect(cut).toContain('skerry_link_up 0');
  expect(cut.join('\n')).not.toContain('since_seconds 5');
});
