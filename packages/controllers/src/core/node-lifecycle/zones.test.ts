import type { Node } from '@skerry/api';
import { FakeClock } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import { EvictionPace, zoneOf, zoneState } from '#core/node-lifecycle/zones.ts';

function node(region: string, ready: 'True' | 'Unknown'): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { labels: { 'topology.kubernetes.io/region': region } },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  };
}

function zone(region: string, { nodes, silent }: { nodes: number; silent: number }): Node[] {
  return Array.from({ length: nodes }, (_, index) => node(region, index < silent ? 'Unknown' : 'True'));
}

/** How many nodes of east are emptied within so many seconds, asked ten times a second. */
async function emptied(nodes: readonly Node[], seconds: number): Promise<number> {
  const clock = new FakeClock();
  const pace = new EvictionPace(clock);
  pace.observe(nodes);
  const east = zoneOf(node('east', 'True'));
  let count = 0;
  for (let tenth = 0; tenth < seconds * 10; tenth++) {
    if (pace.take(east)) count++;
    await clock.advance(100);
  }
  return count;
}

test.each([
  { nodes: 10, silent: 0, state: 'normal' },
  { nodes: 10, silent: 5, state: 'normal' },
  { nodes: 10, silent: 6, state: 'partial' },
  // Two machines are no outage.
  { nodes: 3, silent: 2, state: 'normal' },
  { nodes: 10, silent: 10, state: 'full' },
  { nodes: 1, silent: 1, state: 'full' },
])('a zone of $nodes nodes, $silent of them silent, is $state', ({ nodes, silent, state }) => {
  expect(zoneState(zone('east', { nodes, silent }))).toBe(state);
});

test.each([
  ['a healthy zone loses one at once, then one in ten seconds', { nodes: 10, silent: 2 }, 6],
  ['a small zone that is mostly silent loses none', { nodes: 50, silent: 40 }, 0],
  ['a large zone that is mostly silent loses one in a hundred seconds', { nodes: 60, silent: 40 }, 1],
  ['a zone that is silent beside one that is not loses them at the usual pace', { nodes: 10, silent: 10 }, 6],
])('%s', async (_what, east, expected) => {
  const west = zone('west', { nodes: 5, silent: 0 });
  expect(await emptied([...zone('east', east), ...west], 59)).toBe(expected);
});

test('where all zones are silent it is we who are cut off, and nothing is emptied', async () => {
  const nodes = [...zone('east', { nodes: 3, silent: 3 }), ...zone('west', { nodes: 2, silent: 2 })];
  expect(await emptied(nodes, 59)).toBe(0);
});
