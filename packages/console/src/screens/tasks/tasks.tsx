/** What takes long: it goes on whether anyone looks, and is shown here whoever started it. */
import { links } from '@skerry/center/contract';
import { useChanges, type Change } from '#actions/changes.ts';
import { TakeBack } from '#actions/take-back.tsx';
import { useTasks } from '#api/tasks.ts';
import { Link } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { Age } from '#ui/age.tsx';
import { Card, Page, Stack } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { taskMessage, taskTitle } from '#ui/task-words.ts';
import { StateTag } from '#ui/tone.tsx';
import { taskTones } from './task-page.tsx';

export function Tasks() {
  const t = useT();
  const changes = useChanges();
  const { data, error, refetch } = useTasks();
  return (
    <Page title={t('nav.tasks')} intro={t('tasks.what')}>
      <Stack>
        {changes.length > 0 ? <Changes changes={changes} /> : null}
        {!data ? (
          error ? (
            <Failure error={error} onRetry={() => void refetch()} />
          ) : (
            <Loading />
          )
        ) : (
          <Card isFlush>
            {data.length === 0 ? (
              <Empty title={t('tasks.none')} why={t('tasks.none.why')} />
            ) : (
              <PlainTable
                label={t('nav.tasks')}
                head={[
                  t('tasks.title'),
                  t('column.state'),
                  t('tasks.progress'),
                  t('scope.cluster'),
                  t('column.user'),
                  t('facts.started'),
                ]}
                rows={data.map((task) => ({
                  key: task.id,
                  cells: [
                    <Link key="title" to={links.task(task.id)}>
                      {taskTitle(task)}
                    </Link>,
                    <StateTag
                      key="state"
                      state={task.state}
                      tone={taskTones[task.state]}
                      why={taskMessage(task) ?? ''}
                    />,
                    t('tasks.steps', {
                      done: task.steps.filter(({ state }) => state === 'done').length,
                      total: task.steps.length,
                    }),
                    task.cluster,
                    task.user,
                    <Age key="age" since={task.started} />,
                  ],
                }))}
              />
            )}
          </Card>
        )}
      </Stack>
    </Page>
  );
}

/** What was done in this tab and can be taken back. */
function Changes({ changes }: { readonly changes: readonly Change[] }) {
  const t = useT();
  return (
    <Card title={t('changes.title')} isFlush>
      <PlainTable
        label={t('changes.title')}
        head={[
          t('changes.what'),
          t('scope.cluster'),
          t('column.namespace'),
          t('column.age'),
          t('column.actions'),
        ]}
        rows={changes.map((change) => ({
          key: String(change.id),
          cells: [
            t(`changes.${change.what}`, { name: change.place.name }),
            change.cluster,
            change.place.namespace,
            <Age key="age" since={new Date(change.atMs).toISOString()} />,
            <TakeBack key="undo" change={change} />,
          ],
        }))}
      />
    </Card>
  );
}
