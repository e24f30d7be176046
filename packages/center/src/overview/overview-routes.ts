import { paths } from '#contract/index.ts';
import { jsonResponse, type Route } from '#http/route.ts';
import type { OverviewService } from '#overview/overview-service.ts';

export function overviewRoutes(overviews: OverviewService): Route[] {
  return [
    {
      method: 'GET',
      pattern: paths.home,
      handle: async ({ caller }) => jsonResponse(await overviews.home(caller)),
    },
    {
      method: 'GET',
      pattern: paths.overview(':cluster'),
      handle: async ({ caller, params }) =>
        jsonResponse(await overviews.overview(caller, params['cluster'] ?? '')),
    },
  ];
}
