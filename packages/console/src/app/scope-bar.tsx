/** Where one is: cluster, region, pool and namespaces. It is the address that says so; this reads and writes it. */
import { links, paths, type Home, type Overview } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { Select } from 'antd';
import { request } from '#api/request.ts';
import { useNamespaces } from '#api/namespaces.ts';
import { useT } from '#i18n/index.ts';
import { useConnectionFreshness } from '#live/use-view.ts';
import { FreshnessMark } from '#ui/freshness-mark.tsx';
import { Link, useGo } from './link.tsx';
import { namespacesOf, useSearchState } from './search.ts';
import styles from './scope-bar.module.css';

export function ScopeBar({ cluster }: { readonly cluster: string }) {
  const t = useT();
  const go = useGo();
  const [search, change] = useSearchState();
  const home = useQuery({ queryKey: ['home'], queryFn: () => request<Home>(paths.home) });
  const overview = useOverview(cluster);
  const regions = overview.data?.regions ?? [];
  const pools = regions
    .filter((region) => !search.region || region.region === search.region)
    .flatMap((region) => region.pools.map((pool) => pool.pool))
    .filter(Boolean);
  const namespaces = useNamespaces(cluster);
  const freshness = useConnectionFreshness();
  return (
    <div className={styles['bar']} role="region" aria-label={t('scope.title')}>
      <ol className={styles['trail']}>
        <li>
          <Link to="/">{t('scope.fleet')}</Link>
        </li>
        <li>
          <Select
            variant="borderless"
            className={styles['cluster']}
            popupMatchSelectWidth={false}
            aria-label={t('scope.cluster')}
            value={cluster}
            options={(home.data?.clusters ?? [{ name: cluster }]).map(({ name }) => ({
              value: name,
              label: name,
            }))}
            onChange={(name) => go(links.cluster(name))}
          />
        </li>
        <li>
          <Select
            variant="borderless"
            className={styles['place']}
            popupMatchSelectWidth={false}
            aria-label={t('scope.region')}
            value={search.region ?? ''}
            options={[
              { value: '', label: t('scope.allRegions') },
              ...withCurrent(regions.map((region) => region.region).filter(Boolean), search.region).map(
                asOption,
              ),
            ]}
            onChange={(region) => change({ region: region || undefined, pool: undefined, offset: undefined })}
          />
        </li>
        <li>
          <Select
            variant="borderless"
            className={styles['place']}
            popupMatchSelectWidth={false}
            aria-label={t('scope.pool')}
            value={search.pool ?? ''}
            options={[
              { value: '', label: t('scope.allPools') },
              ...withCurrent(pools, search.pool).map(asOption),
            ]}
            onChange={(pool) => change({ pool: pool || undefined, offset: undefined })}
          />
        </li>
      </ol>
      <Select
        className={styles['namespaces']}
        mode="tags"
        maxTagCount="responsive"
        allowClear
        aria-label={t('scope.namespace')}
        placeholder={t('scope.allNamespaces')}
        value={[...namespacesOf(search)]}
        options={namespaces.map(asOption)}
        onChange={(chosen: string[]) =>
          change({ namespace: chosen.join(',') || undefined, offset: undefined })
        }
      />
      <span className={styles['freshness']}>
        <FreshnessMark freshness={freshness} />
      </span>
    </div>
  );
}

export function useOverview(cluster: string) {
  return useQuery({
    queryKey: ['overview', cluster],
    queryFn: () => request<Overview>(paths.overview(cluster)),
    refetchInterval: 10_000,
  });
}

function withCurrent(names: readonly string[], current: string | undefined): readonly string[] {
  return current && !names.includes(current) ? [...names, current] : names;
}

function asOption(value: string): { value: string; label: string } {
  return { value, label: value };
}
