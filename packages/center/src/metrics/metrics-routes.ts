import { badRequest } from '@skerry/api';
import { paths, type MetricsQuery } from '#contract/index.ts';
import { jsonResponse, type Route } from '#http/route.ts';
import type { MetricsService } from '#metrics/metrics-service.ts';

const metrics = ['cpu', 'memory', 'network', 'gpu'] as const;
const daySeconds = 86_400;

export function metricsRoute(service: MetricsService): Route {
  return {
    method: 'GET',
    pattern: paths.metrics(':cluster'),
    handle: async ({ caller, params, query }) =>
      jsonResponse(await service.series(caller, params['cluster'] ?? '', metricsQueryFrom(query))),
  };
}

/** @throws ApiError BadRequest */
function metricsQueryFrom(parameters: URLSearchParams): MetricsQuery {
  const metric = metrics.find((name) => name === parameters.get('metric'));
  if (!metric) throw badRequest(`metric: one of ${metrics.join(', ')}`);
  const seconds = parameters.get('seconds');
  if (seconds !== null && !/^[1-9]\d{0,8}$/.test(seconds)) throw badRequest('seconds: not a length of time');
  const named = (['namespace', 'pod', 'node', 'pool'] as const).flatMap((key) => {
    const value = parameters.get(key);
    return value ? [[key, value]] : [];
  });
  return {
    metric,
    ...(Object.fromEntries(named) as Pick<MetricsQuery, 'namespace' | 'pod' | 'node' | 'pool'>),
    ...(seconds === null ? {} : { seconds: Math.min(Number(seconds), daySeconds) }),
  };
}
