import { describe, expect, test } from 'vitest';
import { linkTable } from '#link/link-top.ts';
import { linkRows, type NodeLink } from '#link/node-links.ts';

function link(name: string, watch: number, status: Partial<NodeLink['status']> = {}): NodeLink {
  return {
    apiVersion: 'link.skerry.io/v1alpha1',
    kind: 'NodeLink',
    metadata: { name, labels: { 'apps.openyurt.io/nodepool': 'shop' } },
    status: {
      state: 'Linked',
      since: '2026-01-01T00:00:00Z',
      roundTripMs: 12.3,
      reconnects: 2,
      countingSince: '2026-01-01T00:00:00Z',
      purposes: { watch: { sentBytes: watch, receivedBytes: 10 } },
      today: { sentBytes: 1_234_000, receivedBytes: 50 },
      ...status,
    },
  };
}

describe('rows of links', () => {
  test('are what went over each between two looks, the busiest first', () => {
    const rows = linkRows([link('a', 0), link('b', 1000)], [link('a', 400), link('b', 3000)], 2);
    expect(rows.map(({ node, downBytesPerSecond }) => [node, downBytesPerSecond])).toEqual([
      ['b', 1000],
      ['a', 200],
    ]);
    expect(rows[0]).toMatchObject({
      pool: 'shop',
      purposes: { watch: { upBytesPerSecond: 0, downBytesPerSecond: 1000 } },
      today: { upBytes: 50, downBytes: 1_234_000 },
    });
  });

  test('begin anew with a center that does, and with a node that was not there', () => {
    const anew = link('a', 100, { countingSince: '2026-01-02T00:00:00Z' });
    expect(linkRows([link('a', 9000)], [anew], 1)[0]?.downBytesPerSecond).toBe(100);
    expect(linkRows([], [link('a', 100)], 1)[0]?.downBytesPerSecond).toBe(0);
  });

  test('are shown under the names of purposes', () => {
    const [heading, row] = linkTable(linkRows([link('a', 0)], [link('a', 400)], 2)).split('\n');
    expect(heading).toMatch(
      /^NODE +POOL +STATE +RTT +UP\/s +DOWN\/s +HEARTBEAT +WATCH .*OTHER +TODAY +RECONNECTS$/,
    );
    expect(row).toMatch(/^a +shop +Linked +12ms +0B +200B +- +0B\/200B .* 50B\/1\.2M +2$/);
  });
});
