/** Which screen an address shows. Every screen is a chunk of its own; home is the one that the first visit loads. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
  type AnyRoute,
} from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { part } from '#ui/part.tsx';
import { Failure, Loading } from '#ui/states.tsx';
import { parseSearch, stringifySearch, type Search } from './search.ts';
import { Shell } from './shell.tsx';

type Screen = () => Promise<ComponentType>;

/** Address → screen. `$cluster` and the like are read with `useParams`. */
const screens: Readonly<Record<string, Screen>> = {
  '/': async () => (await import('#screens/home/home.tsx')).Home,
  '/clusters': async () => (await import('#screens/clusters/clusters.tsx')).Clusters,
  '/clusters/new': async () => (await import('#screens/clusters/create-cluster.tsx')).CreateCluster,
  '/clusters/import': async () => (await import('#screens/clusters/import-cluster.tsx')).ImportCluster,
  '/tasks': async () => (await import('#screens/tasks/tasks.tsx')).Tasks,
  '/tasks/$task': async () => (await import('#screens/tasks/task-page.tsx')).TaskPage,
  '/users': async () => (await import('#screens/people/users.tsx')).Users,
  '/grants': async () => (await import('#screens/people/grants.tsx')).Grants,
  '/owners': async () => (await import('#screens/people/owners.tsx')).Owners,
  '/providers': async () => (await import('#screens/people/providers.tsx')).Providers,
  '/audit': async () => (await import('#screens/audit/audit.tsx')).Audit,
  '/settings': async () => (await import('#screens/settings/settings.tsx')).Settings,
  '/c/$cluster': async () => (await import('#screens/overview/overview.tsx')).OverviewScreen,
  '/c/$cluster/pools': async () => (await import('#screens/pools/pools.tsx')).Pools,
  '/c/$cluster/pools/new': async () => (await import('#screens/pools/create-pool.tsx')).CreatePool,
  '/c/$cluster/pools/$pool': async () => (await import('#screens/pools/pool.tsx')).PoolScreen,
  '/c/$cluster/pools/$pool/edit': async () => (await import('#screens/pools/edit-pool.tsx')).EditPool,
  '/c/$cluster/pools/$pool/add': async () => (await import('#screens/pools/add-nodes.tsx')).AddNodes,
  '/c/$cluster/nodes': async () => (await import('#screens/nodes/nodes.tsx')).Nodes,
  '/c/$cluster/nodes/$node': async () => (await import('#screens/nodes/node.tsx')).NodeScreen,
  '/c/$cluster/gpu': async () => (await import('#screens/gpu/gpu.tsx')).Gpu,
  '/c/$cluster/components': async () => (await import('#screens/components/components.tsx')).Components,
  '/c/$cluster/events': async () => (await import('#screens/events/events.tsx')).Events,
  '/c/$cluster/resources/$resource': async () =>
    (await import('#screens/resources/resource-list.tsx')).ResourceList,
  '/c/$cluster/resources/$resource/$namespace/$name': async () =>
    (await import('#screens/resources/resource-detail.tsx')).ResourceDetail,
  '/c/$cluster/create': async () => (await import('#screens/wizard/create-workload.tsx')).CreateWorkload,
  '/c/$cluster/resources/$resource/$namespace/$name/edit': async () =>
    (await import('#screens/wizard/edit-workload.tsx')).EditWorkload,
  '/c/$cluster/custom-resources': async () =>
    (await import('#screens/custom-resources/custom-resources.tsx')).CustomResources,
  '/c/$cluster/custom-resources/$definition': async () =>
    (await import('#screens/custom-resources/definition-detail.tsx')).DefinitionDetail,
  '/c/$cluster/yaml': async () => (await import('#screens/yaml/create-from-yaml.tsx')).CreateFromYaml,
  '/c/$cluster/resources/$resource/$namespace/$name/yaml': async () =>
    (await import('#screens/yaml/edit-yaml.tsx')).EditYaml,
};

const root = createRootRoute({
  component: Shell,
  validateSearch: (search): Search => search as Search,
  notFoundComponent: () => <Failure error={{ code: 404 }} />,
  errorComponent: ({ error, reset }) => <Failure error={error} onRetry={reset} />,
});

const routes: AnyRoute[] = Object.entries(screens).map(([path, load]) =>
  createRoute({
    getParentRoute: () => root,
    path,
    component: part(load),
    pendingComponent: () => <Loading />,
  }),
);

const router = createRouter({
  routeTree: root.addChildren(routes),
  parseSearch,
  stringifySearch,
  // A screen that breaks leaves the menu beside it.
  defaultErrorComponent: ({ error, reset }) => <Failure error={error} onRetry={reset} />,
  defaultPreload: false,
  scrollRestoration: true,
});

export function Console() {
  return <RouterProvider router={router} />;
}
