/**
 * Views of the fixture cluster, made by the center's own code: lists, states and columns are those that people see of a real
 * cluster. Whoever is signed in may do everything.
 */
import { ApiError } from '@skerry/api';
import { silentLogger as log, systemClock as clock } from '@skerry/base';
import { createClient, createHttpTransport, type Transport } from '@skerry/client';
import type { ClusterAccess } from '../../../packages/center/src/access/cluster-access.ts';
import { ClusterCaches } from '../../../packages/center/src/cache/cluster-caches.ts';
import type { Route, SocketRoute } from '../../../packages/center/src/http/index.ts';
import { liveRoute } from '../../../packages/center/src/live/live-routes.ts';
import { Rights } from '../../../packages/center/src/rights/rights.ts';
import { viewRoutes } from '../../../packages/center/src/views/view-routes.ts';
import { ViewService } from '../../../packages/center/src/views/view-service.ts';

export interface FixtureViews {
  readonly routes: readonly Route[];
  readonly socket: SocketRoute;
  close(): void;
}

export function fixtureViews(server: string, isReachable: () => boolean): FixtureViews {
  const direct = createHttpTransport({ server, clock });
  const transport: Transport = {
    request: (request) => {
      if (isReachable()) return direct.request(request);
      throw new ApiError('ServiceUnavailable', 'the cluster does not answer');
    },
    close: () => direct.close(),
  };
  const client = createClient({ transport, userAgent: 'stand-in', clock });
  const access: ClusterAccess = {
    list: () => ['edge'],
    as: () => client,
    own: () => client,
    meter: () => undefined,
    transport: () => transport,
    dial: () => Promise.reject(new ApiError('NotFound', 'nothing is dialled here')),
    may: async () => true,
    nodeLimits: () => undefined,
  };
  const random = Math.random;
  const caches = new ClusterCaches({ reader: () => ({ client, transport }), clock, log, random });
  const rights = new Rights({ access, cacheOf: (cluster) => caches.of(cluster), clock });
  const views = new ViewService({ access, caches, rights, clock, log, random });
  return {
    routes: viewRoutes(views),
    socket: liveRoute({ views, clock, log }),
    close() {
      views.close();
      caches.close();
      transport.close();
    },
  };
}
