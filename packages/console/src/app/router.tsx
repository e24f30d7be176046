/** Which screen an address shows. Every screen is a chunk of its own; home is the one that the first visit loads. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  RouterProvider,
  type AnyRoute,
} from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { Failure, Loading } from '#ui/states.tsx';
import { parseSearch, stringifySearch, type Search } from './search.ts';
import { Shell } from './shell.tsx';

type Screen = () => Promise<ComponentType>;

/** Address → screen. `$cluster` and the like are read with `useParams`. */
const screens: Readonly<Record<string, Screen>> = {
  '/': async () => (await import('#screens/home/home.tsx')).Home,
  '/c/$cluster/resources/$resource': async () =>
    (await import('#screens/resources/resource-list.tsx')).ResourceList,
  '/c/$cluster/resources/$resource/$namespace/$name': async () =>
    (await import('#screens/resources/resource-detail.tsx')).ResourceDetail,
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
    component: lazyRouteComponent(async () => ({ default: await load() })),
    pendingComponent: () => <Loading />,
  }),
);

const router = createRouter({
  routeTree: root.addChildren(routes),
  parseSearch,
  stringifySearch,
  defaultPreload: false,
  scrollRestoration: true,
});

export function Console() {
  return <RouterProvider router={router} />;
}
