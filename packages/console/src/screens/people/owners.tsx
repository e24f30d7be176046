/** Owners: organizations that bring machines in. Their members may make join scripts for them; nodes say whose they are. */
import { PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Form, Input, Modal, Select } from 'antd';
import { useState } from 'react';
import { deletionOf } from '#actions/deletion.ts';
import { createObject, listObjects, management, patchObject } from '#api/objects.ts';
import { managementRights, useRights } from '#api/rights.ts';
import { useT } from '#i18n/index.ts';
import { managementKinds, type OwnerObject } from '#kinds/management.ts';
import { RowActions } from '#table/row-actions.tsx';
import { FailureNote } from '#ui/failure-note.tsx';
import { Card, Page } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { useSubmit } from '#ui/use-submit.ts';
import { WriteButton } from '#ui/write-button.tsx';
import { namePattern } from './name-rule.ts';

export function Owners() {
  const t = useT();
  const [edited, setEdited] = useState<OwnerObject | 'new'>();
  const may = useRights(managementRights, { whileUnknown: false });
  const { data, error, refetch } = useQuery({
    queryKey: ['object', management, 'owners'],
    queryFn: () => listObjects<OwnerObject>(management, managementKinds.owners),
  });
  const isAllowed = may('create owners.center.skerry.io');
  const add = (
    <WriteButton
      isAllowed={isAllowed}
      type="primary"
      icon={<PlusOutlined />}
      onClick={() => setEdited('new')}
    >
      {t('owners.add')}
    </WriteButton>
  );
  const close = (): void => {
    setEdited(undefined);
    void refetch();
  };
  return (
    <Page title={t('nav.owners')} intro={t('owners.what')} actions={add}>
      {!data ? (
        error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading />
        )
      ) : (
        <Card isFlush>
          {data.items.length === 0 ? (
            <Empty title={t('owners.none')} why={t('owners.what')}>
              {add}
            </Empty>
          ) : (
            <PlainTable
              label={t('nav.owners')}
              head={[
                t('column.name'),
                t('users.displayName'),
                t('owners.contact'),
                t('owners.members'),
                t('column.actions'),
              ]}
              rows={data.items.map((owner) => ({
                key: owner.metadata.name,
                cells: [
                  owner.metadata.name,
                  owner.spec.displayName,
                  owner.spec.contact,
                  (owner.spec.members ?? [])
                    .map(({ kind, name }) => `${t(`grants.${kind}`)}: ${name}`)
                    .join(', '),
                  <RowActions
                    key="actions"
                    name={owner.metadata.name}
                    actions={
                      isAllowed
                        ? [
                            { id: 'edit', title: t('action.edit'), run: () => setEdited(owner) },
                            deletionOf(managementKinds.owners, owner.metadata.name, {
                              t,
                              onDone: () => void refetch(),
                            }),
                          ]
                        : []
                    }
                  />,
                ],
              }))}
            />
          )}
        </Card>
      )}
      {edited ? <EditOwner owner={edited === 'new' ? undefined : edited} onClose={close} /> : null}
    </Page>
  );
}

interface Fields {
  readonly name: string;
  readonly displayName?: string;
  readonly contact?: string;
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
}

function EditOwner({
  owner,
  onClose,
}: {
  readonly owner: OwnerObject | undefined;
  readonly onClose: () => void;
}) {
  const t = useT();
  const [form] = Form.useForm<Fields>();
  const { isBusy, failure, submit } = useSubmit();
  const named = (wanted: 'User' | 'Group'): string[] =>
    (owner?.spec.members ?? []).filter(({ kind }) => kind === wanted).map(({ name }) => name);
  const save = ({ name, displayName, contact, users = [], groups = [] }: Fields): Promise<void> =>
    submit(async () => {
      const members = [
        ...users.map((one) => ({ kind: 'User', name: one })),
        ...groups.map((one) => ({ kind: 'Group', name: one })),
      ];
      const spec = { displayName: displayName ?? '', contact: contact ?? '', members };
      if (owner) await patchObject(management, managementKinds.owners, { name }, { spec });
      else
        await createObject(management, managementKinds.owners, {
          apiVersion: 'center.skerry.io/v1',
          kind: 'Owner',
          metadata: { name },
          spec,
        });
      onClose();
    });
  return (
    <Modal
      open
      title={owner ? t('owners.edit', { name: owner.metadata.name }) : t('owners.add')}
      okText={owner ? t('action.save') : t('action.add')}
      cancelText={t('action.cancel')}
      confirmLoading={isBusy}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form
        form={form}
        layout="vertical"
        initialValues={{
          name: owner?.metadata.name,
          displayName: owner?.spec.displayName,
          contact: owner?.spec.contact,
          users: named('User'),
          groups: named('Group'),
        }}
        onFinish={(fields) => void save(fields)}
      >
        <Form.Item
          name="name"
          label={t('column.name')}
          extra={owner ? undefined : t('users.name.rule')}
          rules={[{ required: true, pattern: namePattern, message: t('users.name.rule') }]}
        >
          <Input disabled={owner !== undefined} maxLength={63} spellCheck={false} />
        </Form.Item>
        <Form.Item name="displayName" label={t('users.displayName')}>
          <Input maxLength={200} />
        </Form.Item>
        <Form.Item name="contact" label={t('owners.contact')}>
          <Input maxLength={200} />
        </Form.Item>
        <Form.Item name="users" label={t('owners.users')} extra={t('owners.members.what')}>
          <Select mode="tags" open={false} suffixIcon={null} />
        </Form.Item>
        <Form.Item name="groups" label={t('users.groups')}>
          <Select mode="tags" open={false} suffixIcon={null} />
        </Form.Item>
      </Form>
      <FailureNote status={failure} />
    </Modal>
  );
}
