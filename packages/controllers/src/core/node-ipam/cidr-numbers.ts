/** Numbers of ranges that nodes are given parts of, under the names of stock clusters, their slips included. */
import type { CidrMeter, CidrRange } from '#core/node-ipam/cidr-range.ts';
import type { Metrics } from '#runtime/metrics.ts';

const labels = ['clusterCIDR'];

export function cidrNumbers(metrics: Metrics) {
  const ranges = new Map<string, CidrRange>();
  const tries = metrics.histogram({
    name: 'node_ipam_controller_cidrset_allocation_tries_per_request',
    help: 'Number of endpoints added on each Service sync',
    labels,
    buckets: [1, 5, 25, 125, 625],
  });
  const allocations = metrics.counter({
    name: 'node_ipam_controller_cidrset_cidrs_allocations_total',
    help: 'Counter measuring total number of CIDR allocations.',
    labels,
  });
  const releases = metrics.counter({
    name: 'node_ipam_controller_cidrset_cidrs_releases_total',
    help: 'Counter measuring total number of CIDR releases.',
    labels,
  });
  const sampled = (name: string, help: string, of: (range: CidrRange) => number) =>
    metrics.sampled({ name: `node_ipam_controller_${name}`, help, type: 'gauge', labels }, () =>
      [...ranges].map(([cidr, range]) => [[cidr], of(range)] as const),
    );
  sampled(
    'cidrset_usage_cidrs',
    'Gauge measuring percentage of allocated CIDRs.',
    ({ usedCount, count }) => usedCount / count,
  );
  sampled('cirdset_max_cidrs', 'Maximum number of CIDRs that can be allocated.', ({ count }) => count);
  return {
    of: (cidr: string): CidrMeter => ({
      allocated(tried) {
        tries.with(cidr).observe(tried);
        allocations.with(cidr).add();
      },
      occupied: () => allocations.with(cidr).add(),
      released: () => releases.with(cidr).add(),
    }),
    /** The one that is handed out of now. */
    follow: (cidr: string, range: CidrRange) => void ranges.set(cidr, range),
  };
}
