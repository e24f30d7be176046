/** Who did what, when, from where, and whether it was allowed. */
import { paths, type AuditEntry, type AuditPage, type Tone } from '@skerry/center/contract';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Button, Input, Select } from 'antd';
import { request } from '#api/request.ts';
import { useSearchState } from '#app/search.ts';
import { translateIfKnown, useT } from '#i18n/index.ts';
import { clearable } from '#ui/clearable.tsx';
import { Card, Page, Stack } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { formatInstant } from '#ui/time.ts';
import { StateTag } from '#ui/tone.tsx';

const tones: Readonly<Record<AuditEntry['result'], Tone>> = {
  allowed: 'ok',
  refused: 'warning',
  failed: 'error',
};
const pollMs = 10_000;

export function Audit() {
  const t = useT();
  const [search, change] = useSearchState();
  const asked = { user: search['user'], cluster: search['cluster'], result: search['result'] };
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['audit', asked],
    queryFn: ({ pageParam }) => request<AuditPage>(paths.audit, { query: { ...asked, before: pageParam } }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    refetchInterval: pollMs,
  });
  const entries = data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <Page title={t('nav.audit')} intro={t('audit.what')}>
      <Stack>
        <div style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>
          <Input
            data-filter
            allowClear={clearable}
            style={{ maxWidth: 220 }}
            aria-label={t('column.user')}
            placeholder={t('column.user')}
            value={search['user'] ?? ''}
            onChange={(event) => change({ user: event.target.value || undefined })}
          />
          <Input
            allowClear={clearable}
            style={{ maxWidth: 220 }}
            aria-label={t('scope.cluster')}
            placeholder={t('scope.cluster')}
            value={search['cluster'] ?? ''}
            onChange={(event) => change({ cluster: event.target.value || undefined })}
          />
          <Select
            style={{ minWidth: 160 }}
            aria-label={t('audit.result')}
            value={search['result'] ?? ''}
            options={[
              { value: '', label: t('audit.any') },
              ...(['allowed', 'refused', 'failed'] as const).map((result) => ({
                value: result,
                label: t(`audit.${result}`),
              })),
            ]}
            onChange={(result) => change({ result: result || undefined })}
          />
        </div>
        {!data ? (
          error ? (
            <Failure error={error} onRetry={() => void refetch()} />
          ) : (
            <Loading />
          )
        ) : (
          <Card isFlush>
            {entries.length === 0 ? (
              <Empty title={t('table.noMatch')} why={t('audit.none.why')} />
            ) : (
              <PlainTable
                label={t('nav.audit')}
                head={[
                  t('audit.time'),
                  t('column.user'),
                  t('audit.action'),
                  t('scope.cluster'),
                  t('column.object'),
                  t('audit.result'),
                  t('audit.address'),
                ]}
                rows={entries.map((entry) => ({
                  key: entry.id,
                  cells: [
                    <time key="time" dateTime={entry.time}>
                      {formatInstant(entry.time)}
                    </time>,
                    entry.user,
                    translateIfKnown(`audit.action.${entry.action}`) ?? entry.action,
                    entry.cluster,
                    entry.object,
                    <span key="result">
                      <StateTag state={t(`audit.${entry.result}`)} tone={tones[entry.result]} /> {entry.code}
                      {entry.message ? <div className="muted">{entry.message}</div> : null}
                    </span>,
                    entry.sourceAddress,
                  ],
                }))}
              />
            )}
          </Card>
        )}
        {hasNextPage ? (
          <Button
            loading={isFetchingNextPage}
            onClick={() => void fetchNextPage()}
            style={{ alignSelf: 'center' }}
          >
            {t('audit.more')}
          </Button>
        ) : null}
      </Stack>
    </Page>
  );
}
