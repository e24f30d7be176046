/** Settings, then the plan (what would change, from a dry run), then the task that does it. */
import {
  links,
  paths,
  type ComponentAction,
  type ComponentEntry,
  type ComponentPlan,
  type Task,
} from '@skerry/center/contract';
import { Alert, Button, Form, Modal, Select } from 'antd';
import { useState } from 'react';
import { request } from '#api/request.ts';
import { queryClient } from '#api/queries.ts';
import { useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { FailureNote } from '#ui/failure-note.tsx';
import { SchemaFields } from '#ui/schema-fields.tsx';
import { saying } from '#ui/task-words.ts';
import { useSubmit } from '#ui/use-submit.ts';
import styles from './components.module.css';

interface ComponentDialogProps {
  readonly cluster: string;
  readonly entry: ComponentEntry;
  readonly action: ComponentAction['action'];
  readonly onClose: () => void;
}

interface Fields {
  readonly version?: string;
  readonly values?: Readonly<Record<string, unknown>>;
}

export function ComponentDialog({ cluster, entry, action, onClose }: ComponentDialogProps) {
  const t = useT();
  const go = useGo();
  const [form] = Form.useForm<Fields>();
  const [plan, setPlan] = useState<{ wanted: ComponentAction; plan: ComponentPlan }>();
  const { isBusy, failure, submit } = useSubmit();
  const address = `${paths.components(cluster)}/${encodeURIComponent(entry.name)}`;
  const makePlan = (): Promise<void> =>
    submit(async () => {
      const { version, values } = form.getFieldsValue();
      const wanted: ComponentAction = {
        action,
        ...(action === 'remove'
          ? {}
          : { version: version ?? entry.versions[0] ?? '', values: withoutUnset(values ?? {}) }),
      };
      setPlan({
        wanted,
        plan: await request<ComponentPlan>(address, { method: 'POST', body: { ...wanted, dryRun: true } }),
      });
    });
  const act = (): Promise<void> =>
    submit(async () => {
      const task = await request<Task>(address, { method: 'POST', body: plan?.wanted });
      await queryClient.invalidateQueries({ queryKey: ['components', cluster] });
      onClose();
      go(links.task(task.id));
    });
  const isRefused = (plan?.plan.refused.length ?? 0) > 0;
  return (
    <Modal
      open
      width={720}
      title={t(`components.${action}.title`, { name: entry.title })}
      onCancel={onClose}
      footer={[
        <Button key="cancel" onClick={plan ? () => setPlan(undefined) : onClose}>
          {plan ? t('action.back') : t('action.cancel')}
        </Button>,
        <Button
          key="ok"
          type="primary"
          danger={action === 'remove' && plan !== undefined}
          loading={isBusy}
          disabled={isRefused}
          onClick={() => void (plan ? act() : makePlan())}
        >
          {plan ? t(`components.${action}`) : t('components.plan')}
        </Button>,
      ]}
    >
      <FailureNote status={failure} />
      <div hidden={plan !== undefined}>
        {action === 'remove' ? (
          <p>{t('components.remove.why')}</p>
        ) : (
          <Form
            form={form}
            layout="vertical"
            initialValues={{
              version: action === 'configure' ? entry.installed?.version : entry.versions[0],
              values: entry.installed?.values ?? {},
            }}
          >
            {action === 'configure' ? null : (
              <Form.Item name="version" label={t('column.version')}>
                <Select options={entry.versions.map((version) => ({ value: version, label: version }))} />
              </Form.Item>
            )}
            <SchemaFields schema={entry.values} path={['values']} />
          </Form>
        )}
      </div>
      {plan ? <Plan plan={plan.plan} /> : null}
    </Modal>
  );
}

function Plan({ plan }: { readonly plan: ComponentPlan }) {
  const t = useT();
  return (
    <div>
      {plan.refused.length > 0 ? (
        <Alert
          type="error"
          showIcon
          title={t('components.refused')}
          description={
            <ul>
              {plan.refused.map(saying).map((why) => (
                <li key={why}>{why}</li>
              ))}
            </ul>
          }
        />
      ) : null}
      {plan.changes.length === 0 ? <p className="muted">{t('components.noChange')}</p> : null}
      {plan.changes.map(({ object, change, diff }) => (
        <div key={object} className={styles['change']}>
          <strong>{t(`components.change.${change}`)}</strong> <code>{object}</code>
          {diff ? (
            <pre className={styles['diff']} tabIndex={0} aria-label={object}>
              {diff.split('\n').map((line, index) => (
                // Lines of one diff have no identity but their place.
                // oxlint-disable-next-line react/no-array-index-key
                <div
                  key={index}
                  className={
                    line.startsWith('+')
                      ? styles['added']
                      : line.startsWith('-')
                        ? styles['removed']
                        : undefined
                  }
                >
                  {line}
                </div>
              ))}
            </pre>
          ) : null}
        </div>
      ))}
    </div>
  );
}

function withoutUnset(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && value !== '' && value !== null),
  );
}
