/**
 * Machines join by a line that is pasted on them. What is shown beside it is a waiting room: each machine as it comes, until it is
 * ready. The line is a secret, shown once, and ends by itself.
 */
import { links, paths, type JoinScript, type JoinScriptRequest } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import { Alert, AutoComplete, Button, Form, InputNumber, Select } from 'antd';
import { useState } from 'react';
import { useOwners } from '#api/joining.ts';
import { queryClient } from '#api/queries.ts';
import { request } from '#api/request.ts';
import { Link, useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { useView } from '#live/use-view.ts';
import { CopyButton } from '#ui/copy-button.tsx';
import { FailureNote } from '#ui/failure-note.tsx';
import { Card, Page, Stack } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { Age } from '#ui/age.tsx';
import { StateTag } from '#ui/tone.tsx';
import { formatAge, useNowMs } from '#ui/time.ts';
import { useSubmit } from '#ui/use-submit.ts';
import { useJoinScripts } from './join-scripts.tsx';
import styles from './add-nodes.module.css';

const hour = 3600;
const lifetimes = [3600, 21_600, 86_400, 604_800] as const;

export function AddNodes() {
  const { cluster = '', pool = '' } = useParams({ strict: false }) as { cluster?: string; pool?: string };
  const t = useT();
  const go = useGo();
  const [made, setMade] = useState<JoinScript>();
  const { isBusy, failure, submit } = useSubmit();
  const make = (fields: JoinScriptRequest): Promise<void> =>
    submit(async () => {
      const { owner, ...rest } = fields;
      const body: JoinScriptRequest = { ...rest, pool, ...(owner ? { owner } : {}) };
      setMade(await request<JoinScript>(paths.joinScripts(cluster), { method: 'POST', body }));
      await queryClient.invalidateQueries({ queryKey: ['join-scripts', cluster] });
    });
  return (
    <Page
      title={t('join.title', { pool })}
      intro={t('join.what')}
      actions={<Button onClick={() => go(links.pool(cluster, pool))}>{t('join.toPool')}</Button>}
    >
      <Stack>
        <Card title={t('join.step.script')}>
          {made?.script ? (
            <Script made={made} onAgain={() => setMade(undefined)} />
          ) : (
            <>
              <ScriptForm onSubmit={(fields) => void make(fields)} isBusy={isBusy} />
              <FailureNote status={failure} />
            </>
          )}
        </Card>
        <WaitingRoom cluster={cluster} pool={pool} />
      </Stack>
    </Page>
  );
}

function ScriptForm({
  onSubmit,
  isBusy,
}: {
  readonly onSubmit: (fields: JoinScriptRequest) => void;
  readonly isBusy: boolean;
}) {
  const t = useT();
  const owners = useOwners();
  return (
    <Form
      layout="vertical"
      className={styles['form'] ?? ''}
      initialValues={{ ttl: hour, uses: 1 }}
      onFinish={onSubmit}
    >
      <Form.Item name="ttl" label={t('join.ttl')}>
        <Select options={lifetimes.map((seconds) => ({ value: seconds, label: t(`join.ttl.${seconds}`) }))} />
      </Form.Item>
      <Form.Item name="uses" label={t('join.uses')} extra={t('join.uses.what')}>
        <InputNumber min={1} max={1000} precision={0} style={{ width: '100%' }} />
      </Form.Item>
      <Form.Item name="owner" label={t('column.owner')} extra={t('join.owner.what')}>
        <AutoComplete
          allowClear
          options={(owners.data?.items ?? []).map(({ metadata }) => ({ value: metadata.name }))}
        />
      </Form.Item>
      <Button type="primary" htmlType="submit" loading={isBusy}>
        {t('join.make')}
      </Button>
    </Form>
  );
}

function Script({ made, onAgain }: { readonly made: JoinScript; readonly onAgain: () => void }) {
  const t = useT();
  const nowMs = useNowMs();
  const leftMs = Date.parse(made.expires) - nowMs;
  return (
    <div>
      <Alert type="warning" showIcon title={t('join.secret')} />
      <pre className={styles['script']} tabIndex={0} aria-label={t('join.step.script')}>
        {made.script}
      </pre>
      <div className={styles['below']}>
        <CopyButton text={made.script ?? ''} isLarge />
        <Button onClick={onAgain}>{t('join.another')}</Button>
        <span className="muted">
          {leftMs > 0 ? t('join.left', { age: formatAge(leftMs) }) : t('join.over')}
        </span>
      </div>
    </div>
  );
}

function WaitingRoom({ cluster, pool }: { readonly cluster: string; readonly pool: string }) {
  const t = useT();
  const { data } = useJoinScripts(cluster);
  const { page } = useView({ cluster, resource: 'nodes', query: { pool, limit: 200, sort: '-age' } });
  const scripts = data?.filter((script) => script.pool === pool) ?? [];
  const waiting = scripts.reduce((sum, script) => sum + script.usesLeft, 0);
  const stateOf = (name: string) => {
    const cell = page?.rows
      .find((row) => row.name === name)
      ?.cells.find((one) => one !== null && typeof one === 'object');
    return cell && typeof cell === 'object' ? cell : undefined;
  };
  const came = scripts
    .flatMap((script) => script.nodes.map((node) => ({ ...node, script })))
    .sort((one, other) => other.joined.localeCompare(one.joined));
  return (
    <Card title={t('join.step.wait')} isFlush>
      <p className={styles['waiting']} role="status">
        {waiting > 0 ? <span className={styles['pulse']} aria-hidden="true" /> : null}
        {waiting > 0 ? t('join.waiting', { count: waiting }) : t('join.nobody')}
      </p>
      {came.length > 0 ? (
        <PlainTable
          label={t('join.step.wait')}
          head={[t('column.node'), t('column.state'), t('join.joined'), t('column.owner')]}
          rows={came.map(({ name, joined, script }) => {
            const state = stateOf(name);
            return {
              key: name,
              cells: [
                <Link key="name" to={links.node(cluster, name)}>
                  {name}
                </Link>,
                state ? (
                  <StateTag key="state" {...state} />
                ) : (
                  <StateTag key="state" state="Joining" tone="progressing" />
                ),
                <Age key="age" since={joined} />,
                script.owner,
              ],
            };
          })}
        />
      ) : null}
    </Card>
  );
}
