import { paths, type ApiTokenEntry, type ApiTokenRequest } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Form, Input, InputNumber, Modal, Switch } from 'antd';
import { useState } from 'react';
import { queryClient } from '#api/queries.ts';
import { request } from '#api/request.ts';
import { useT } from '#i18n/index.ts';
import { Age } from '#ui/age.tsx';
import { CopyButton } from '#ui/copy-button.tsx';
import { FailureNote } from '#ui/failure-note.tsx';
import { Card } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { Empty } from '#ui/states.tsx';
import { formatInstant } from '#ui/time.ts';
import { useSubmit } from '#ui/use-submit.ts';

const key = ['api-tokens'];

/** Credentials for scripts, which act as oneself. A token is shown once. */
export function ApiTokens() {
  const t = useT();
  const [isAdding, setAdding] = useState(false);
  const [token, setToken] = useState('');
  const { failure, submit } = useSubmit();
  const { data } = useQuery({
    queryKey: key,
    queryFn: () => request<readonly ApiTokenEntry[]>(paths.apiTokens),
    retry: false,
  });
  const revoke = (id: string): Promise<void> =>
    submit(async () => {
      await request(`${paths.apiTokens}/${encodeURIComponent(id)}`, { method: 'DELETE' });
      await queryClient.invalidateQueries({ queryKey: key });
    });
  if (!data) return null;
  return (
    <Card
      title={t('tokens.title')}
      isFlush
      extra={
        <Button size="small" type="primary" onClick={() => setAdding(true)}>
          {t('tokens.make')}
        </Button>
      }
    >
      <FailureNote status={failure} />
      {data.length === 0 ? (
        <Empty title={t('tokens.none')} why={t('tokens.what')} />
      ) : (
        <PlainTable
          label={t('tokens.title')}
          head={[
            t('tokens.description'),
            t('column.created'),
            t('join.expires'),
            t('tokens.lastUsed'),
            t('tokens.readOnly'),
            t('column.actions'),
          ]}
          rows={data.map((entry) => ({
            key: entry.id,
            cells: [
              entry.description,
              <Age key="created" since={entry.created} />,
              formatInstant(entry.expires),
              <Age key="used" since={entry.lastUsed} />,
              entry.readOnly ? t('facts.yes') : t('facts.no'),
              <Button
                key="revoke"
                size="small"
                danger
                onClick={() => void revoke(entry.id)}
                aria-label={`${t('join.revoke')}: ${entry.description}`}
              >
                {t('join.revoke')}
              </Button>,
            ],
          }))}
        />
      )}
      {isAdding ? (
        <MakeToken
          onClose={() => setAdding(false)}
          onMade={(made) => {
            setAdding(false);
            setToken(made);
            void queryClient.invalidateQueries({ queryKey: key });
          }}
        />
      ) : null}
      {token ? (
        <Modal open title={t('tokens.title')} onCancel={() => setToken('')} footer={null}>
          <Alert type="warning" showIcon title={t('tokens.once')} />
          <p style={{ margin: '16px 0', overflowWrap: 'anywhere' }}>
            <code>{token}</code>
          </p>
          <CopyButton text={token} isLarge />
        </Modal>
      ) : null}
    </Card>
  );
}

function MakeToken({
  onClose,
  onMade,
}: {
  readonly onClose: () => void;
  readonly onMade: (token: string) => void;
}) {
  const t = useT();
  const [form] = Form.useForm<ApiTokenRequest>();
  const { isBusy, failure, submit } = useSubmit();
  const make = (wanted: ApiTokenRequest): Promise<void> =>
    submit(async () =>
      onMade((await request<ApiTokenEntry>(paths.apiTokens, { method: 'POST', body: wanted })).token ?? ''),
    );
  return (
    <Modal
      open
      title={t('tokens.make')}
      okText={t('tokens.make')}
      cancelText={t('action.cancel')}
      confirmLoading={isBusy}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form
        form={form}
        layout="vertical"
        initialValues={{ days: 30, readOnly: true }}
        onFinish={(wanted) => void make(wanted)}
      >
        <Form.Item name="description" label={t('tokens.description')} rules={[{ required: true }]}>
          <Input maxLength={200} autoFocus />
        </Form.Item>
        <Form.Item name="days" label={t('tokens.days')}>
          <InputNumber min={1} max={366} precision={0} style={{ width: '100%' }} />
        </Form.Item>
        <Form.Item name="readOnly" label={t('tokens.readOnly')} valuePropName="checked">
          <Switch />
        </Form.Item>
      </Form>
      <FailureNote status={failure} />
    </Modal>
  );
}
