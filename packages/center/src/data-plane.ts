/**
 * The data plane behind the console: copies of clusters, views of them, and what is worked out of both. Handed over as routes
 * for the console's server; who may see what is asked of the clusters, as the caller.
 */
import type { Clock, Logger } from '@skerry/base';
import type { ClusterAccess, ClusterConnections } from '#access/cluster-access.ts';
import { ClusterCaches } from '#cache/cluster-caches.ts';
import { notFoundCluster } from '#cache/not-found-cluster.ts';
import type { Route, SocketRoute } from '#http/route.ts';
import { liveRoute } from '#live/live-routes.ts';
import { logDownloadRoute, logSocketRoute } from '#logs/log-routes.ts';
import { Rights } from '#rights/rights.ts';
import { execRoute } from '#terminal/exec-routes.ts';
import { viewRoutes } from '#views/view-routes.ts';
import { ViewService } from '#views/view-service.ts';

export interface DataPlaneOptions {
  readonly access: ClusterAccess;
  readonly connections: ClusterConnections;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export interface DataPlane {
  readonly routes: readonly Route[];
  readonly sockets: readonly SocketRoute[];
  close(): void;
}

export function createDataPlane({ access, connections, clock, log, random }: DataPlaneOptions): DataPlane {
  const caches = new ClusterCaches({
    reader: (cluster) => {
      const connection = connections.get(cluster);
      if (!connection) throw notFoundCluster(cluster);
      return { client: access.own(cluster), transport: connection.reader };
    },
    clock,
    log,
    random,
  });
  const unfollow = connections.onChange(() => {
    for (const { cluster } of caches.held) if (!connections.get(cluster)) caches.forget(cluster);
  });
  const rights = new Rights({ access, cacheOf: (cluster) => caches.of(cluster), clock });
  const views = new ViewService({ access, caches, rights, clock, log, random });
  return {
    routes: [...viewRoutes(views), logDownloadRoute({ access, clock })],
    sockets: [
      liveRoute({ views, clock, log }),
      logSocketRoute({ access, clock }),
      execRoute({ access, clock }),
    ],
    close() {
      unfollow();
      views.close();
      caches.close();
    },
  };
}
