/** Who may sign in. A new user gets a password that holds for one sign-in and is shown once. */
import { PlusOutlined } from '@ant-design/icons';
import { paths, type GivenPassword, type NewUser } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Form, Input, Modal, Select } from 'antd';
import { useState } from 'react';
import { deletionOf } from '#actions/deletion.ts';
import { listObjects, management, patchObject } from '#api/objects.ts';
import { queryClient } from '#api/queries.ts';
import { request } from '#api/request.ts';
import { managementRights, useRights } from '#api/rights.ts';
import { useT } from '#i18n/index.ts';
import { managementKinds, type UserObject } from '#kinds/management.ts';
import { RowActions } from '#table/row-actions.tsx';
import { Age } from '#ui/age.tsx';
import { CopyButton } from '#ui/copy-button.tsx';
import { FailureNote } from '#ui/failure-note.tsx';
import { Card, Page, Stack } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { StateTag } from '#ui/tone.tsx';
import { WriteButton } from '#ui/write-button.tsx';
import { useSubmit } from '#ui/use-submit.ts';
import { namePattern } from './name-rule.ts';

export function Users() {
  const t = useT();
  const [isAdding, setAdding] = useState(false);
  const [given, setGiven] = useState<GivenPassword>();
  const { failure, submit } = useSubmit();
  const { data, error, refetch } = useQuery({
    queryKey: ['object', management, 'users'],
    queryFn: () => listObjects<UserObject>(management, managementKinds.users),
  });
  const may = useRights(managementRights, { whileUnknown: false });
  const mayChange = may('update users.center.skerry.io');
  const add = (
    <WriteButton
      isAllowed={may('create users.center.skerry.io')}
      type="primary"
      icon={<PlusOutlined />}
      onClick={() => setAdding(true)}
    >
      {t('users.add')}
    </WriteButton>
  );
  const setDisabled = (name: string, disabled: boolean): Promise<void> =>
    submit(async () => {
      await patchObject(management, managementKinds.users, { name }, { spec: { disabled } });
      await queryClient.invalidateQueries({ queryKey: ['object', management, 'users'] });
    });
  const reset = (name: string): Promise<void> =>
    submit(async () =>
      setGiven(
        await request<GivenPassword>(`${paths.users}/${encodeURIComponent(name)}/reset-password`, {
          method: 'POST',
          body: {},
        }),
      ),
    );
  return (
    <Page title={t('nav.users')} intro={t('users.what')} actions={add}>
      <Stack>
        <FailureNote status={failure} />
        {!data ? (
          error ? (
            <Failure error={error} onRetry={() => void refetch()} />
          ) : (
            <Loading />
          )
        ) : (
          <Card isFlush>
            {data.items.length === 0 ? (
              <Empty title={t('users.none')}>{add}</Empty>
            ) : (
              <PlainTable
                label={t('nav.users')}
                head={[
                  t('column.name'),
                  t('users.displayName'),
                  t('users.groups'),
                  t('column.state'),
                  t('users.signsInBy'),
                  t('users.lastSignIn'),
                  t('column.actions'),
                ]}
                rows={data.items.map(({ metadata: { name }, spec, status }) => ({
                  key: name,
                  cells: [
                    name,
                    spec.displayName,
                    [...(spec.groups ?? []), ...(status?.groups ?? [])].join(', '),
                    spec.disabled ? (
                      <StateTag key="state" state="Disabled" tone="unknown" />
                    ) : (
                      <StateTag key="state" state="Active" tone="ok" />
                    ),
                    spec.oidc?.provider ?? t('session.password'),
                    <Age key="age" since={status?.lastSignIn} />,
                    <RowActions
                      key="actions"
                      name={name}
                      actions={[
                        ...(mayChange && !spec.oidc
                          ? [{ id: 'reset', title: t('users.reset'), run: () => void reset(name) }]
                          : []),
                        ...(mayChange
                          ? [
                              {
                                id: 'disable',
                                title: spec.disabled ? t('users.enable') : t('users.disable'),
                                run: () => void setDisabled(name, !spec.disabled),
                              },
                            ]
                          : []),
                        ...(may('delete users.center.skerry.io')
                          ? [deletionOf(managementKinds.users, name, { t, onDone: () => void refetch() })]
                          : []),
                      ]}
                    />,
                  ],
                }))}
              />
            )}
          </Card>
        )}
      </Stack>
      {isAdding ? (
        <AddUser
          onClose={() => setAdding(false)}
          onAdded={(password) => {
            setAdding(false);
            setGiven(password);
            void refetch();
          }}
        />
      ) : null}
      {given ? <Given given={given} onClose={() => setGiven(undefined)} /> : null}
    </Page>
  );
}

function AddUser({
  onClose,
  onAdded,
}: {
  readonly onClose: () => void;
  readonly onAdded: (given: GivenPassword) => void;
}) {
  const t = useT();
  const [form] = Form.useForm<NewUser>();
  const { isBusy, failure, submit } = useSubmit();
  const add = (user: NewUser): Promise<void> =>
    submit(async () => onAdded(await request<GivenPassword>(paths.users, { method: 'POST', body: user })));
  return (
    <Modal
      open
      title={t('users.add')}
      okText={t('action.add')}
      cancelText={t('action.cancel')}
      confirmLoading={isBusy}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form form={form} layout="vertical" onFinish={(user) => void add(user)}>
        <Form.Item
          name="name"
          label={t('column.name')}
          extra={t('users.name.rule')}
          rules={[{ required: true, pattern: namePattern, message: t('users.name.rule') }]}
        >
          <Input autoFocus maxLength={63} autoComplete="off" spellCheck={false} />
        </Form.Item>
        <Form.Item name="displayName" label={t('users.displayName')}>
          <Input maxLength={200} autoComplete="off" />
        </Form.Item>
        <Form.Item name="groups" label={t('users.groups')}>
          <Select mode="tags" open={false} suffixIcon={null} />
        </Form.Item>
      </Form>
      <FailureNote status={failure} />
    </Modal>
  );
}

function Given({ given, onClose }: { readonly given: GivenPassword; readonly onClose: () => void }) {
  const t = useT();
  return (
    <Modal
      open
      title={t('users.given', { user: given.user })}
      onCancel={onClose}
      footer={
        <Button type="primary" onClick={onClose}>
          {t('action.close')}
        </Button>
      }
    >
      <Alert type="warning" showIcon title={t('users.given.why')} />
      <p style={{ display: 'flex', alignItems: 'center', gap: 12, marginTop: 16 }}>
        <code style={{ fontSize: 16 }}>{given.password}</code>
        <CopyButton text={given.password} />
      </p>
    </Modal>
  );
}
