import { links, type Task, type Tone } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import { Alert } from 'antd';
import { useTask } from '#api/tasks.ts';
import { Link } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { Age } from '#ui/age.tsx';
import { Card, Facts, Page, Stack } from '#ui/page.tsx';
import { Failure, Loading } from '#ui/states.tsx';
import { StateTag } from '#ui/tone.tsx';
import styles from './tasks.module.css';

export const taskTones: Readonly<Record<Task['state'], Tone>> = {
  running: 'progressing',
  succeeded: 'ok',
  failed: 'error',
  'rolled-back': 'warning',
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
  if (!data) return error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading />;
  return (
    <Page title={data.title} mark={<StateTag state={data.state} tone={taskTones[data.state]} />}>
      <Stack>
        {data.message ? (
          <Alert type={data.state === 'failed' ? 'error' : 'info'} showIcon title={data.message} />
        ) : null}
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
              [t('tasks.ended'), <Age key="end" since={data.ended} />],
            ]}
          />
        </Card>
        <Card title={t('tasks.progress')} isFlush>
          <ol className={styles['steps']} aria-live="polite">
            {data.steps.map((step) => (
              <li key={step.title}>
                <StateTag state={step.state} tone={stepTones[step.state]} />
                <span>{step.title}</span>
                {step.message ? <span className="muted">{step.message}</span> : null}
              </li>
            ))}
          </ol>
        </Card>
      </Stack>
    </Page>
  );
}
