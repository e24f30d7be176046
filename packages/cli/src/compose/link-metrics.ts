/** Numbers of links under `/metrics`: on the center the sum over all nodes, by purpose; on a machine those of its own link. */
import type { Histogram, MetricRegistry } from '@skerry/base';
import type { BytesByPurpose, LinkClient, LinkHub } from '@skerry/link';

const bytesHelp = 'Bytes on links to nodes at IP level, by what they were for.';
const roundTripBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Returns what takes the time of each answered ping. */
export function measureLinks(
  metrics: MetricRegistry,
  hub: () => Pick<LinkHub<unknown>, 'statistics'>,
): Histogram {
  // Thousands of nodes are looked at once for a page, which is made in one go.
  let looked: ReturnType<LinkHub<unknown>['statistics']> | undefined;
  const statistics = () => {
    if (!looked) queueMicrotask(() => (looked = undefined));
    return (looked ??= hub().statistics());
  };
  metrics.sampled(
    {
      name: 'skerry_link_bytes_total',
      help: bytesHelp,
      type: 'counter',
      labels: ['purpose', 'direction'],
    },
    () => {
      const { nodes, forgotten } = statistics();
      return bytesOf([forgotten, ...nodes.map(({ purposes }) => purposes)]);
    },
  );
  metrics.sampled(
    { name: 'skerry_links', help: 'Nodes by the state of their link.', type: 'gauge', labels: ['state'] },
    () => {
      const { nodes } = statistics();
      const count = (state: string) => nodes.filter((node) => node.state === state).length;
      return ['linked', 'cut', 'drill'].map((state) => [[state], count(state)] as const);
    },
  );
  metrics.sampled(
    {
      name: 'skerry_link_reconnects_total',
      help: 'Links of nodes after their first.',
      type: 'counter',
    },
    () => [[[], statistics().nodes.reduce((sum, { reconnects }) => sum + reconnects, 0)]],
  );
  return metrics
    .histogram({
      name: 'skerry_link_round_trip_seconds',
      help: 'Time from a ping on a link to its answer.',
      buckets: roundTripBuckets,
    })
    .with();
}

export function measureOwnLink(metrics: MetricRegistry, link: Pick<LinkClient, 'state' | 'traffic'>): void {
  metrics.sampled(
    {
      name: 'skerry_link_bytes_total',
      help: bytesHelp,
      type: 'counter',
      labels: ['purpose', 'direction'],
    },
    () => bytesOf([link.traffic().purposes]),
  );
  metrics.sampled(
    { name: 'skerry_link_up', help: '1 while the machine has its link.', type: 'gauge' },
    () => [[[], link.state().phase === 'linked' ? 1 : 0]],
  );
  metrics.sampled(
    {
      name: 'skerry_link_connected_since_seconds',
      help: 'When the link began, in seconds since 1970; absent while there is none.',
      type: 'gauge',
    },
    () => {
      const state = link.state();
      return state.phase === 'linked' ? [[[], state.sinceMs / 1000]] : [];
    },
  );
  metrics.sampled(
    { name: 'skerry_link_reconnects_total', help: 'Links after the first.', type: 'counter' },
    () => [[[], link.traffic().reconnects]],
  );
}

function* bytesOf(all: readonly BytesByPurpose[]): Generator<readonly [string[], number]> {
  for (const purpose of Object.keys(all[0] ?? {}) as (keyof BytesByPurpose)[]) {
    for (const [direction, field] of [
      ['sent', 'sentBytes'],
      ['received', 'receivedBytes'],
    ] as const) {
      yield [[purpose, direction], all.reduce((sum, each) => sum + each[purpose][field], 0)];
    }
  }
}
