/** What takes long: it goes on whether anyone looks, and is shown here whoever started it. */
import { links } from '@skerry/center/contract';
import { useTasks } from '#api/tasks.ts';
import { Link } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { Age } from '#ui/age.tsx';
import { Card, Page } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { StateTag } from '#ui/tone.tsx';
import { taskTones } from './task-page.tsx';

export function Tasks() {
  const t = useT();
  const { data, error, refetch } = useTasks();
  return (
    <Page title={t('nav.tasks')} intro={t('tasks.what')}>
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
                    {task.title}
                  </Link>,
                  <StateTag
                    key="state"
                    state={task.state}
                    tone={taskTones[task.state]}
                    why={task.message ?? ''}
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
    </Page>
  );
}
