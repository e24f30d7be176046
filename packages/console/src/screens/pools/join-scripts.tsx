/** Scripts that machines can still join a pool by, and those that came by them. */
import { links, paths, type JoinScript } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { useMayAddNodes } from '#api/joining.ts';
import { queryClient } from '#api/queries.ts';
import { request } from '#api/request.ts';
import { Link } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { FailureNote } from '#ui/failure-note.tsx';
import { Card } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { formatInstant } from '#ui/time.ts';
import { useSubmit } from '#ui/use-submit.ts';
import { WriteButton } from '#ui/write-button.tsx';

const pollMs = 3000;

export function useJoinScripts(cluster: string) {
  return useQuery({
    queryKey: ['join-scripts', cluster],
    queryFn: () => request<readonly JoinScript[]>(paths.joinScripts(cluster)),
    refetchInterval: pollMs,
  });
}

export function JoinScripts({ cluster, pool }: { readonly cluster: string; readonly pool: string }) {
  const t = useT();
  const { data } = useJoinScripts(cluster);
  const { failure, submit } = useSubmit();
  const mayAddNodes = useMayAddNodes(cluster);
  const own = data?.filter((script) => script.pool === pool) ?? [];
  if (own.length === 0) return null;
  const revoke = (id: string): Promise<void> =>
    submit(async () => {
      await request(`${paths.joinScripts(cluster)}/${encodeURIComponent(id)}`, { method: 'DELETE' });
      await queryClient.invalidateQueries({ queryKey: ['join-scripts', cluster] });
    });
  return (
    <Card title={t('join.scripts')} isFlush>
      <FailureNote status={failure} />
      <PlainTable
        label={t('join.scripts')}
        head={[
          t('join.id'),
          t('column.owner'),
          t('join.expires'),
          t('join.usesLeft'),
          t('kind.nodes'),
          t('column.actions'),
        ]}
        rows={own.map((script) => ({
          key: script.id,
          cells: [
            script.id,
            script.owner,
            formatInstant(script.expires),
            script.usesLeft,
            script.nodes.map(({ name }) => (
              <span key={name}>
                <Link to={links.node(cluster, name)}>{name}</Link>{' '}
              </span>
            )),
            <WriteButton
              key="revoke"
              isAllowed={mayAddNodes}
              size="small"
              danger
              onClick={() => void revoke(script.id)}
              aria-label={`${t('join.revoke')}: ${script.id}`}
            >
              {t('join.revoke')}
            </WriteButton>,
          ],
        }))}
      />
    </Card>
  );
}
