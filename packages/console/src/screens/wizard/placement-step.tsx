/** Where the pods may go, with the answer of the cluster beside it: how many nodes fit, pool by pool, and why the others don't. */
import { paths, type Page, type PlacementAnswer } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { Alert, Select } from 'antd';
import { useDeferredValue } from 'react';
import { request } from '#api/request.ts';
import { useT } from '#i18n/index.ts';
import { Failure, Loading } from '#ui/states.tsx';
import { getAt, setAt, textIn } from '#workloads/object-path.ts';
import {
  isSimplePlacement,
  placementLabels,
  readPlacement,
  writePlacement,
  type PlacementKind,
} from '#workloads/placement-rules.ts';
import { templatePath } from '#workloads/workload.ts';
import type { StepProps } from './basics-step.tsx';
import { Field, NumberAt, PairsAt, SelectAt, SuggestAt, TextAt, within } from './fields.tsx';
import { Rows } from './rows.tsx';
import styles from './wizard.module.css';

const kinds: readonly PlacementKind[] = ['pools', 'regions', 'nodes'];
const affinities = ['podAffinity', 'podAntiAffinity'] as const;

export function PlacementStep({ cluster, form, object }: StepProps) {
  const t = useT();
  const path = [...templatePath(object), 'spec'];
  const spec = getAt(object, path) ?? {};
  const pod = within(form, path);
  const names = useNames(cluster);
  return (
    <div className={styles['beside']}>
      <div className={styles['stack']}>
        {isSimplePlacement(spec) ? (
          kinds.map((kind) => (
            <Field key={kind} label={t(`wizard.${kind}`)} hint={t(`wizard.${kind}.hint`)} isWide>
              {(id) => (
                <Select
                  id={id}
                  mode="tags"
                  value={[...readPlacement(spec, kind)]}
                  placeholder={t('wizard.anywhere')}
                  options={names[kind].map((value) => ({ value, label: value }))}
                  maxTagCount={20}
                  onChange={(values: string[]) => form.set(path, writePlacement(spec, kind, values))}
                />
              )}
            </Field>
          ))
        ) : (
          <Alert type="info" showIcon title={t('wizard.placement.complex')} />
        )}
        <PairsAt form={pod} path={['nodeSelector']} label={t('wizard.nodeSelector')} />
        <Rows
          form={pod}
          path={['tolerations']}
          label={t('wizard.tolerations')}
          initial={{ operator: 'Exists' }}
        >
          {(row) => (
            <>
              <TextAt form={row} path={['key']} label={t('field.key')} />
              <SelectAt
                form={row}
                path={['operator']}
                label={t('wizard.operator')}
                options={['Exists', 'Equal'].map((value) => ({ value, label: value }))}
              />
              {textIn(row.object, ['operator']) === 'Equal' ? (
                <TextAt form={row} path={['value']} label={t('field.value')} />
              ) : null}
              <SelectAt
                form={row}
                path={['effect']}
                label={t('field.effect')}
                options={[
                  { value: '', label: t('wizard.anyEffect') },
                  ...['NoSchedule', 'PreferNoSchedule', 'NoExecute'].map((value) => ({
                    value,
                    label: value,
                  })),
                ]}
              />
              {textIn(row.object, ['effect']) === 'NoExecute' ? (
                <NumberAt form={row} path={['tolerationSeconds']} label={t('wizard.tolerationSeconds')} />
              ) : null}
            </>
          )}
        </Rows>
        {affinities.map((kind) => (
          <Rows
            key={kind}
            form={pod}
            path={['affinity', kind, 'requiredDuringSchedulingIgnoredDuringExecution']}
            label={t(`wizard.${kind}`)}
            initial={{ topologyKey: 'kubernetes.io/hostname', labelSelector: {} }}
          >
            {(row) => (
              <>
                <SuggestAt
                  form={row}
                  path={['topologyKey']}
                  label={t('wizard.topologyKey')}
                  options={Object.values(placementLabels)}
                />
                <PairsAt form={row} path={['labelSelector', 'matchLabels']} label={t('wizard.podLabels')} />
              </>
            )}
          </Rows>
        ))}
        <TextAt form={pod} path={['priorityClassName']} label={t('wizard.priorityClass')} />
      </div>
      <Matching
        cluster={cluster}
        namespace={object.metadata?.namespace ?? 'default'}
        template={getAt(object, templatePath(object)) ?? {}}
        daemonSet={object.kind === 'DaemonSet'}
      />
    </div>
  );
}

function useNames(cluster: string): Readonly<Record<PlacementKind, readonly string[]>> {
  const ask = (resource: string) => ({
    queryKey: ['names', cluster, resource],
    queryFn: () => request<Page>(paths.view(cluster, resource), { query: { limit: 200, sort: 'name' } }),
    staleTime: 30_000,
  });
  const pools = useQuery(ask('nodepools.apps.openyurt.io')).data?.rows ?? [];
  const nodes = useQuery(ask('nodes')).data?.rows ?? [];
  const regions = [...new Set([...pools, ...nodes].flatMap(({ region }) => region ?? []))].sort();
  return { pools: pools.map(({ name }) => name), regions, nodes: nodes.map(({ name }) => name) };
}

interface MatchingProps {
  readonly cluster: string;
  readonly namespace: string;
  readonly template: object;
  /** Pods of a DaemonSet tolerate more than others. */
  readonly daemonSet: boolean;
}

export function useMatching({ cluster, namespace, template, daemonSet }: MatchingProps) {
  // What has no image yet is asked about all the same: it is the placement that counts.
  const filled = ['spec', 'containers', 0, 'image'];
  const asked = useDeferredValue(
    JSON.stringify({
      namespace,
      daemonSet,
      template: textIn(template, filled) ? template : setAt(template, filled, 'image'),
    }),
  );
  return useQuery({
    queryKey: ['placement', cluster, asked],
    queryFn: ({ signal }) =>
      request<PlacementAnswer>(paths.placement(cluster), {
        method: 'POST',
        body: JSON.parse(asked) as object,
        signal,
      }),
    placeholderData: (previous) => previous,
    staleTime: 5000,
    retry: false,
  });
}

function Matching(props: MatchingProps) {
  const t = useT();
  const { data, error, refetch } = useMatching(props);
  return (
    <section className={styles['matching']} aria-label={t('wizard.matching')} aria-live="polite">
      <h2>{t('wizard.matching')}</h2>
      {data ? (
        <>
          <p className={styles['count']} data-testid="matching-nodes">
            {t('wizard.matchingOf', { matching: data.matching, total: data.total })}
          </p>
          <ul className={styles['pools']}>
            {data.pools.map(({ pool, region, matching, total }) => (
              <li key={`${region} ${pool}`}>
                <Share of={{ pool, region, matching, total }} />
              </li>
            ))}
          </ul>
          {data.reasons.length > 0 ? (
            <>
              <h3>{t('wizard.reasons')}</h3>
              <ul className={styles['reasons']}>
                {data.reasons.map(({ why, nodes }) => (
                  <li key={why}>
                    {nodes} × {why}
                  </li>
                ))}
              </ul>
            </>
          ) : null}
        </>
      ) : error ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading />
      )}
    </section>
  );
}

function Share({ of: { pool, region, matching, total } }: { readonly of: PlacementAnswer['pools'][number] }) {
  const name = pool === region || !region ? pool || '–' : `${region} / ${pool || '–'}`;
  return (
    <div className={styles['share']}>
      <span>{name}</span>
      <span className="muted">
        {matching} / {total}
      </span>
      <svg aria-hidden="true" viewBox="0 0 100 6" preserveAspectRatio="none">
        <rect className={styles['rail']} width="100" height="6" />
        <rect className={styles['matched']} width={total > 0 ? (100 * matching) / total : 0} height="6" />
      </svg>
    </div>
  );
}
