import { paths } from '#contract/index.ts';
import { jsonResponse, type Route } from '#http/route.ts';
import { viewQueryFrom } from '#views/view-query.ts';
import type { ViewService } from '#views/view-service.ts';

export function viewRoutes(views: ViewService): Route[] {
  return [
    {
      method: 'GET',
      pattern: paths.view(':cluster', ':resource'),
      handle: async ({ caller, params, query }) => {
        const { cluster = '', resource = '' } = params;
        return jsonResponse(await views.page(caller, { cluster, resource, query: viewQueryFrom(query) }));
      },
    },
  ];
}
