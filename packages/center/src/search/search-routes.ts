import { badRequest } from '@skerry/api';
import { paths } from '#contract/index.ts';
import { jsonResponse, type Route } from '#http/route.ts';
import type { SearchService } from '#search/search-service.ts';

export function searchRoute(search: SearchService): Route {
  return {
    method: 'GET',
    pattern: paths.search,
    handle: async ({ caller, query }) => {
      const limit = query.get('limit');
      if (limit !== null && !/^\d{1,3}$/.test(limit)) throw badRequest('limit: not a count');
      const cluster = query.get('cluster') || undefined;
      return jsonResponse(
        await search.search(caller, {
          q: query.get('q') ?? '',
          ...(limit === null ? {} : { limit: Number(limit) }),
          ...(cluster === undefined ? {} : { cluster }),
        }),
      );
    },
  };
}
