/** The menu: of the fleet, and of a cluster when one is open. Links, so that each opens in a tab of its own when asked to. */
import { links } from '@skerry/center/contract';
import { managementRights, useRights, type Right } from '#api/rights.ts';
import type { MessageId } from '#i18n/index.ts';
import { useT } from '#i18n/index.ts';
import { kindOf } from '#kinds/built-in.ts';
import { Link } from './link.tsx';
import styles from './sidebar.module.css';

export interface MenuItem {
  readonly to: string;
  readonly title: MessageId;
  /** Without it, the item is not offered. */
  readonly needs?: Right;
}

export interface MenuSection {
  readonly title?: MessageId;
  readonly items: readonly MenuItem[];
}

export const fleetMenu: readonly MenuSection[] = [
  {
    items: [
      { to: '/', title: 'nav.home' },
      { to: links.clusters, title: 'nav.clusters' },
    ],
  },
  {
    title: 'nav.people',
    items: [
      { to: '/users', title: 'nav.users', needs: 'list users.center.skerry.io' },
      { to: '/grants', title: 'nav.grants', needs: 'list grants.center.skerry.io' },
      { to: '/owners', title: 'nav.owners', needs: 'list owners.center.skerry.io' },
      { to: '/providers', title: 'nav.providers', needs: 'list identityproviders.center.skerry.io' },
      { to: '/audit', title: 'nav.audit' },
    ],
  },
  {
    items: [
      { to: '/tasks', title: 'nav.tasks' },
      { to: '/settings', title: 'nav.settings' },
    ],
  },
];

export function clusterMenu(cluster: string): readonly MenuSection[] {
  const kind = (resource: string): MenuItem => ({
    to: links.list(cluster, resource),
    title: `kind.${resource}` as MessageId,
    ...(kindOf(resource).isNamespaced ? {} : { needs: `list ${resource}` as const }),
  });
  return [
    { items: [{ to: links.clusters, title: 'nav.clusters' }] },
    { items: [{ to: links.cluster(cluster), title: 'nav.overview' }] },
    {
      title: 'nav.nodes',
      items: [
        {
          to: links.pools(cluster),
          title: 'kind.nodepools.apps.openyurt.io',
          needs: 'list nodepools.apps.openyurt.io',
        },
        { to: links.nodes(cluster), title: 'kind.nodes', needs: 'list nodes' },
        { to: links.gpu(cluster), title: 'nav.gpu' },
      ],
    },
    {
      title: 'nav.workloads',
      items: [
        kind('deployments.apps'),
        kind('statefulsets.apps'),
        kind('daemonsets.apps'),
        kind('jobs.batch'),
        kind('cronjobs.batch'),
        kind('pods'),
        { to: `${links.cluster(cluster)}/custom-resources`, title: 'nav.customResources' },
      ],
    },
    {
      title: 'nav.network',
      items: [
        kind('services'),
        kind('ingresses.networking.k8s.io'),
        kind('networkpolicies.networking.k8s.io'),
      ],
    },
    { title: 'nav.config', items: [kind('configmaps'), kind('secrets'), kind('resourcequotas')] },
    {
      title: 'nav.storage',
      items: [
        kind('persistentvolumeclaims'),
        kind('persistentvolumes'),
        kind('storageclasses.storage.k8s.io'),
      ],
    },
    {
      title: 'nav.operations',
      items: [
        { to: links.components(cluster), title: 'nav.components', needs: 'list nodes' },
        { to: `${links.cluster(cluster)}/events`, title: 'kind.events' },
        kind('namespaces'),
      ],
    },
    {
      title: 'nav.access',
      items: [
        kind('serviceaccounts'),
        kind('roles.rbac.authorization.k8s.io'),
        kind('rolebindings.rbac.authorization.k8s.io'),
        kind('clusterroles.rbac.authorization.k8s.io'),
        kind('clusterrolebindings.rbac.authorization.k8s.io'),
      ],
    },
  ];
}

/** The menu of a cluster, or of the fleet, as far as the caller may go. */
export function useMenu(cluster: string | undefined): readonly MenuSection[] {
  const may = useRights(cluster ?? managementRights);
  return (cluster ? clusterMenu(cluster) : fleetMenu)
    .map((section) => ({
      ...section,
      items: section.items.filter(({ needs }) => needs === undefined || may(needs)),
    }))
    .filter(({ items }) => items.length > 0);
}

interface SidebarProps {
  readonly cluster: string | undefined;
  readonly path: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function Sidebar({ cluster, path, isOpen, onClose }: SidebarProps) {
  const t = useT();
  const sections = useMenu(cluster);
  const current = currentItem(sections, path);
  return (
    <nav
      className={`${styles['sidebar'] ?? ''} ${isOpen ? (styles['open'] ?? '') : ''}`}
      aria-label={t('shell.menu')}
    >
      {sections.map((section, index) => (
        <div key={section.title ?? index} className={styles['section']}>
          {section.title ? <p className={styles['title']}>{t(section.title)}</p> : null}
          <ul>
            {section.items.map((item) => (
              <li key={item.to}>
                <Link
                  to={item.to}
                  keepScope={Boolean(cluster)}
                  className={styles['item']}
                  aria-current={item.to === current ? 'page' : undefined}
                  onClick={onClose}
                >
                  {t(item.title)}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

/** @returns the item whose address is the longest start of the path */
function currentItem(sections: readonly MenuSection[], path: string): string | undefined {
  return sections
    .flatMap((section) => section.items.map((item) => item.to))
    .filter((to) => path === to || (!isRoot(to) && path.startsWith(`${to}/`)))
    .sort((one, other) => other.length - one.length)[0];
}

/** Of the fleet or of a cluster: everything stands below it. */
function isRoot(to: string): boolean {
  return to === '/' || /^\/c\/[^/]+$/.test(to);
}
