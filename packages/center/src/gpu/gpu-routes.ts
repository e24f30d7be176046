import { paths } from '#contract/index.ts';
import { gpuView } from '#gpu/gpu-view.ts';
import { jsonResponse, type Route } from '#http/route.ts';
import type { MetricsService } from '#metrics/metrics-service.ts';
import { SeenCluster, type SeenClusterOptions } from '#overview/seen-cluster.ts';

const waitMs = 10_000;

export interface GpuRouteOptions extends SeenClusterOptions {
  readonly metrics: Pick<MetricsService, 'gpus'>;
}

export function gpuRoute(options: GpuRouteOptions): Route {
  return {
    method: 'GET',
    pattern: paths.gpu(':cluster'),
    handle: async ({ caller, params }) => {
      const seen = new SeenCluster(caller, params['cluster'] ?? '', options);
      const [nodes, pods] = await Promise.all([seen.items('nodes', waitMs), seen.items('pods', waitMs)]);
      const sampler = options.metrics.gpus(seen.cache);
      return jsonResponse(gpuView({ nodes, pods, cache: seen.cache, sampler }));
    },
  };
}
