import { links, paths, type Task, type Tone } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import { Alert, Button, Popconfirm } from 'antd';
import { useState } from 'react';
import { request } from '#api/request.ts';
import { statusOf, type Status } from '#api/status-error.ts';
import { useTask } from '#api/tasks.ts';
import { Link } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { Age } from '#ui/age.tsx';
import { Card, Facts, Page, Stack } from '#ui/page.tsx';
import { FailureNote } from '#ui/failure-note.tsx';
import { Failure, Loading } from '#ui/states.tsx';
import { stepMessage, stepTitle, taskMessage, taskTitle } from '#ui/task-words.ts';
import { StateTag } from '#ui/tone.tsx';
import styles from './tasks.module.css';

export const taskTones: Readonly<Record<Task['state'], Tone>> = {
  running: 'progressing',
  succeeded: 'ok',
  failed: 'error',
  'rolled-back': 'warning',
  cancelled: 'warning',
};
const stepTones: Readonly<Record<Task['steps'][number]['state'], Tone>> = {
  waiting: 'unknown',
  running: 'progressing',
  done: 'ok',
  failed: 'error',
};

export function TaskPage() {
  const { task: id = '' } = useParams({ strict: false }) as { task?: string };
  const t = useT();
  const { data, error, refetch } = useTask(id);
  const [refusal, setRefusal] = useState<Status>();
  const cancel = async (): Promise<void> => {
    setRefusal(undefined);
    await request(`${paths.tasks}/${encodeURIComponent(id)}/cancel`, { method: 'POST', body: {} }).catch(
      (failure: unknown) => setRefusal(statusOf(failure)),
    );
    await refetch();
  };
  if (!data) return error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading />;
  const why = taskMessage(data);
  return (
    <Page
      title={taskTitle(data)}
      mark={<StateTag state={data.state} tone={taskTones[data.state]} />}
      actions={
        data.cancellable ? (
          <Popconfirm
            title={t('tasks.cancel.sure')}
            okText={t('tasks.cancel')}
            cancelText={t('action.back')}
            onConfirm={() => void cancel()}
          >
            <Button danger>{t('tasks.cancel')}</Button>
          </Popconfirm>
        ) : null
      }
    >
      <Stack>
        <FailureNote status={refusal} />
        {data.cancelledBy ? (
          <Alert type="info" showIcon title={t('tasks.cancelling', { user: data.cancelledBy })} />
        ) : null}
        {why ? <Alert type={data.state === 'failed' ? 'error' : 'info'} showIcon title={why} /> : null}
        <Card title={t('tab.basic')}>
          <Facts
            of={[
              [
                t('scope.cluster'),
                data.cluster ? (
                  <Link key="c" to={links.cluster(data.cluster)}>
                    {data.cluster}
                  </Link>
                ) : undefined,
              ],
              [t('column.user'), data.user],
              [t('facts.started'), <Age key="start" since={data.started} />],
              ...(data.ended ? [[t('tasks.ended'), <Age key="end" since={data.ended} />] as const] : []),
            ]}
          />
        </Card>
        <Card title={t('tasks.progress')} isFlush>
          <ol className={styles['steps']} aria-live="polite">
            {data.steps.map((step) => (
              <li key={step.title}>
                <StateTag state={step.state} tone={stepTones[step.state]} />
                <span>{stepTitle(step.title)}</span>
                <span className="muted">{stepMessage(step)}</span>
              </li>
            ))}
          </ol>
        </Card>
      </Stack>
    </Page>
  );
}
