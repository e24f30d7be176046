/** Numbers of EndpointSlices under the names of stock clusters, for those of Services and for mirrored ones. */
import type { EndpointSlice, Service } from '@skerry/api';
import type { Informer } from '@skerry/client';
import { endpointsPerSliceMax, type SlicePlan } from '#core/endpoint-slice/slice-plan.ts';
import type { Metrics } from '#runtime/metrics.ts';
import { exponential } from '#runtime/numbers.ts';

/** Those that a family without buckets of its own has. */
const commonBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface Followed {
  readonly slices: Informer<EndpointSlice>;
  readonly isOwn: (slice: EndpointSlice) => boolean;
  readonly services?: Informer<Service>;
}

function sliceNumbers(metrics: Metrics, controller: string) {
  let followed: Followed | undefined;
  const named = (name: string, help: string) => ({ name: `${controller}_${name}`, help });
  const own = () => (followed ? followed.slices.list().filter(followed.isOwn) : []);
  const countOf = ({ endpoints }: EndpointSlice) => endpoints?.length ?? 0;
  const gauge = (name: string, help: string, sample: () => number) =>
    metrics.sampled({ ...named(name, help), type: 'gauge' }, () => [[[], sample()]]);
  gauge('num_endpoint_slices', 'Number of EndpointSlices', () => own().length);
  gauge('endpoints_desired', 'Number of endpoints desired', () =>
    own().reduce((sum, slice) => sum + countOf(slice), 0),
  );
  gauge(
    'desired_endpoint_slices',
    'Number of EndpointSlices that would exist with perfect endpoint allocation',
    () => {
      const filled = [...Map.groupBy(own(), placeOf).values()];
      return filled.reduce((sum, slices) => {
        const endpoints = slices.reduce((all, slice) => all + countOf(slice), 0);
        return sum + Math.max(1, Math.ceil(endpoints / endpointsPerSliceMax));
      }, 0);
    },
  );
  const changes = metrics.counter({
    ...named('changes', 'Number of EndpointSlice changes'),
    labels: ['operation'],
  });
  const perSync = (name: string, help: string) =>
    metrics.histogram({ ...named(name, help), buckets: exponential(2, 2, 15) }).with();
  const added = perSync('endpoints_added_per_sync', 'Number of endpoints added on each sync');
  const removed = perSync('endpoints_removed_per_sync', 'Number of endpoints removed on each sync');
  return {
    follow: (copies: Followed) => void (followed = copies),
    followed: () => followed,
    changed: (operation: 'create' | 'update' | 'delete') => changes.with(operation).add(),
    planned(plan: SlicePlan) {
      added.observe(plan.added);
      removed.observe(plan.removed);
    },
  };
}

export function mirrorNumbers(metrics: Metrics) {
  const controller = 'endpoint_slice_mirroring_controller';
  const seconds = metrics
    .histogram({
      name: `${controller}_endpoints_sync_duration`,
      help: 'Duration of syncEndpoints() in seconds',
      buckets: exponential(0.001, 2, 15),
    })
    .with();
  return { ...sliceNumbers(metrics, controller), synced: (took: number) => seconds.observe(took) };
}

export function serviceSliceNumbers(metrics: Metrics) {
  const controller = 'endpoint_slice_controller';
  const common = sliceNumbers(metrics, controller);
  const syncs = metrics.counter({
    name: `${controller}_syncs`,
    help: 'Number of EndpointSlice syncs',
    labels: ['result'],
  });
  const changedPerSync = metrics.histogram({
    name: `${controller}_endpointslices_changed_per_sync`,
    help: 'Number of EndpointSlices changed on each Service sync',
    labels: ['topology', 'traffic_distribution'],
    buckets: commonBuckets,
  });
  metrics.sampled(
    {
      name: `${controller}_services_count_by_traffic_distribution`,
      help: 'Number of Services using some specific trafficDistribution',
      type: 'gauge',
      labels: ['traffic_distribution'],
    },
    () => {
      const services = common.followed()?.services?.list() ?? [];
      const asking = services.filter(({ spec }) => spec?.trafficDistribution);
      const byAnswer = Map.groupBy(asking, ({ spec }) => spec?.trafficDistribution ?? '');
      return [...byAnswer].map(([distribution, of]) => [[distribution], of.length] as const);
    },
  );
  return {
    ...common,
    synced: (result: 'success' | 'error') => syncs.with(result).add(),
    writtenFor({ spec }: Service, { isAuto, slices }: { isAuto: boolean; slices: number }) {
      changedPerSync.with(isAuto ? 'Auto' : 'Disabled', spec?.trafficDistribution ?? '').observe(slices);
    },
  };
}

/** Slices of one Service, family and set of ports fill up before another is made. */
function placeOf({ metadata, addressType, ports }: EndpointSlice): string {
  const service = metadata.labels?.['kubernetes.io/service-name'];
  return JSON.stringify([metadata.namespace, service, addressType, ports]);
}
