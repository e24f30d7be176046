/**
 * The data plane behind the console: copies of clusters, views of them, and what is worked out of both. Handed over as routes
 * for the console's server; who may see what is asked of the clusters, as the caller.
 */
import type { Clock, Logger } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import type { ClusterAccess, ClusterConnections } from '#access/cluster-access.ts';
import { ClusterCaches } from '#cache/cluster-caches.ts';
import { notFoundCluster } from '#cache/not-found-cluster.ts';
import { gpuRoute } from '#gpu/gpu-routes.ts';
import type { Route, SocketRoute } from '#http/route.ts';
import { liveRoute } from '#live/live-routes.ts';
import { logDownloadRoute, logSocketRoute } from '#logs/log-routes.ts';
import { metricsRoute } from '#metrics/metrics-routes.ts';
import { MetricsService } from '#metrics/metrics-service.ts';
import { ClusterDirectory } from '#overview/cluster-directory.ts';
import { overviewRoutes } from '#overview/overview-routes.ts';
import { OverviewService } from '#overview/overview-service.ts';
import { placementRoute } from '#placement/placement-routes.ts';
import { Rights } from '#rights/rights.ts';
import { searchRoute } from '#search/search-routes.ts';
import { SearchService } from '#search/search-service.ts';
import { execRoute } from '#terminal/exec-routes.ts';
import { viewRoutes } from '#views/view-routes.ts';
import { ViewService } from '#views/view-service.ts';

export interface DataPlaneOptions {
  readonly management: { readonly client: ApiClient };
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

export function createDataPlane({
  management,
  access,
  connections,
  clock,
  log,
  random,
}: DataPlaneOptions): DataPlane {
  const caches = new ClusterCaches({
    reader: (cluster) => {
      const connection = connections.get(cluster);
      if (!connection) throw notFoundCluster(cluster);
      return { client: access.own(cluster), transport: connection.reader };
    },
    clock,
    log: quieter(log),
    random,
  });
  const unfollow = connections.onChange(() => {
    for (const cache of caches.held) {
      const connection = connections.get(cache.cluster);
      if (!connection || !cache.isReadBy(connection.reader)) caches.forget(cache.cluster);
    }
  });
  const rights = new Rights({ access, cacheOf: (cluster) => caches.of(cluster), clock });
  const parts = { access, caches, rights };
  const directory = new ClusterDirectory({ client: management.client, clock, log, random });
  const metrics = new MetricsService({ ...parts, clock, log });
  const overviews = new OverviewService({ ...parts, directory, usage: metrics, clock });
  const views = new ViewService({ ...parts, clock, log, random });
  return {
    routes: [
      ...viewRoutes(views),
      ...overviewRoutes(overviews),
      gpuRoute({ ...parts, metrics }),
      placementRoute(parts),
      searchRoute(new SearchService(parts)),
      metricsRoute(metrics),
      logDownloadRoute({ access, clock }),
    ],
    sockets: [
      liveRoute({ views, clock, log }),
      logSocketRoute({ access, clock }),
      execRoute({ access, clock }),
    ],
    close() {
      unfollow();
      views.close();
      metrics.close();
      directory.close();
      caches.close();
    },
  };
}

/** Whoever looks at a copy is told when it can't be kept true; the log need not be, every half minute. */
function quieter(log: Logger): Logger {
  return {
    debug: (message, fields) => log.debug(message, fields),
    info: (message, fields) => log.info(message, fields),
    warn: (message, fields) => log.debug(message, fields),
    error: (message, fields) => log.error(message, fields),
    with: (fields) => quieter(log.with(fields)),
  };
}
