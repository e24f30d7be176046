import { paths } from '#contract/index.ts';
import { gpuView } from '#gpu/gpu-view.ts';
import { jsonResponse, type Route } from '#http/route.ts';
import { SeenCluster, type SeenClusterOptions } from '#overview/seen-cluster.ts';

const waitMs = 10_000;

export function gpuRoute(options: SeenClusterOptions): Route {
  return {
    method: 'GET',
    pattern: paths.gpu(':cluster'),
    handle: async ({ caller, params }) => {
      const seen = new SeenCluster(caller, params['cluster'] ?? '', options);
      const [nodes, pods] = await Promise.all([seen.items('nodes', waitMs), seen.items('pods', waitMs)]);
      return jsonResponse(gpuView({ nodes, pods, cache: seen.cache }));
    },
  };
}
