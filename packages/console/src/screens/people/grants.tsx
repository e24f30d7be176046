/** Who may do what, where: roles for users and groups, in one cluster or all, as far as namespaces, pools or owners limit them. */
import { PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { AutoComplete, Form, Input, Modal, Radio, Select } from 'antd';
import { useState } from 'react';
import { deletionOf } from '#actions/deletion.ts';
import { createObject, listObjects, management } from '#api/objects.ts';
import { managementRights, useRights } from '#api/rights.ts';
import { useT } from '#i18n/index.ts';
import { managementKinds, type GrantObject } from '#kinds/management.ts';
import { useHome } from '#screens/home/home.tsx';
import { RowActions } from '#table/row-actions.tsx';
import { FailureNote } from '#ui/failure-note.tsx';
import { Card, Page } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { StateTag } from '#ui/tone.tsx';
import { WriteButton } from '#ui/write-button.tsx';
import { useSubmit } from '#ui/use-submit.ts';

const readyRoles = ['admin', 'admin-view', 'ops', 'dev', 'restricted'] as const;

export function Grants() {
  const t = useT();
  const [isAdding, setAdding] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: ['object', management, 'grants'],
    queryFn: () => listObjects<GrantObject>(management, managementKinds.grants),
  });
  const may = useRights(managementRights, { whileUnknown: false });
  const add = (
    <WriteButton
      isAllowed={may('create grants.center.skerry.io')}
      type="primary"
      icon={<PlusOutlined />}
      onClick={() => setAdding(true)}
    >
      {t('grants.add')}
    </WriteButton>
  );
  return (
    <Page title={t('nav.grants')} intro={t('grants.what')} actions={add}>
      {!data ? (
        error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading />
        )
      ) : (
        <Card isFlush>
          {data.items.length === 0 ? (
            <Empty title={t('grants.none')} why={t('grants.what')}>
              {add}
            </Empty>
          ) : (
            <PlainTable
              label={t('nav.grants')}
              head={[
                t('grants.subject'),
                t('grants.role'),
                t('scope.cluster'),
                t('grants.limits'),
                t('column.state'),
                t('column.actions'),
              ]}
              rows={data.items.map(({ metadata: { name }, spec, status }) => ({
                key: name,
                cells: [
                  `${t(`grants.${spec.subject.kind}`)}: ${spec.subject.name}`,
                  spec.role,
                  spec.cluster === '*' ? t('grants.allClusters') : spec.cluster,
                  [
                    ...(spec.namespaces ?? []).map((one) => `${t('column.namespace')}: ${one}`),
                    ...(spec.pools ?? []).map((one) => `${t('column.pool')}: ${one}`),
                    ...(spec.owners ?? []).map((one) => `${t('column.owner')}: ${one}`),
                  ].join(', ') || t('grants.noLimits'),
                  <Applied key="state" status={status} />,
                  <RowActions
                    key="actions"
                    name={name}
                    actions={
                      may('delete grants.center.skerry.io')
                        ? [deletionOf(managementKinds.grants, name, { t, onDone: () => void refetch() })]
                        : []
                    }
                  />,
                ],
              }))}
            />
          )}
        </Card>
      )}
      {isAdding ? (
        <AddGrant
          onClose={() => setAdding(false)}
          onAdded={() => {
            setAdding(false);
            void refetch();
          }}
        />
      ) : null}
    </Page>
  );
}

function Applied({ status }: { readonly status: GrantObject['status'] }) {
  const failed = status?.clusters?.find(({ applied }) => !applied);
  if (failed) return <StateTag state="Failed" tone="error" why={`${failed.name}: ${failed.message ?? ''}`} />;
  return status?.clusters ? (
    <StateTag state="Active" tone="ok" />
  ) : (
    <StateTag state="Pending" tone="progressing" />
  );
}

interface Fields {
  readonly kind: 'User' | 'Group';
  readonly name: string;
  readonly role: string;
  readonly cluster: string;
  readonly namespaces?: readonly string[];
  readonly pools?: readonly string[];
  readonly owners?: readonly string[];
}

function AddGrant({ onClose, onAdded }: { readonly onClose: () => void; readonly onAdded: () => void }) {
  const t = useT();
  const [form] = Form.useForm<Fields>();
  const { isBusy, failure, submit } = useSubmit();
  const home = useHome();
  const users = useQuery({
    queryKey: ['object', management, 'users'],
    queryFn: () => listObjects(management, managementKinds.users),
    retry: false,
  });
  const add = ({ kind, name, role, cluster, ...limits }: Fields): Promise<void> =>
    submit(async () => {
      const given = Object.fromEntries(
        Object.entries(limits).filter(([, values]) => values && values.length > 0),
      );
      await createObject(management, managementKinds.grants, {
        apiVersion: 'center.skerry.io/v1',
        kind: 'Grant',
        metadata: { generateName: `${role.replaceAll(/[^a-z0-9-]/g, '-')}-` },
        spec: { subject: { kind, name }, role, cluster, ...given },
      });
      onAdded();
    });
  const clusters = (home.data?.clusters ?? []).map(({ name }) => ({ value: name, label: name }));
  return (
    <Modal
      open
      title={t('grants.add')}
      okText={t('action.add')}
      cancelText={t('action.cancel')}
      confirmLoading={isBusy}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form
        form={form}
        layout="vertical"
        initialValues={{ kind: 'User', role: 'dev', cluster: '*' }}
        onFinish={(fields) => void add(fields)}
      >
        <Form.Item name="kind" label={t('grants.subject')}>
          <Radio.Group
            options={[
              { value: 'User', label: t('grants.User') },
              { value: 'Group', label: t('grants.Group') },
            ]}
          />
        </Form.Item>
        <Form.Item name="name" label={t('column.name')} rules={[{ required: true }]}>
          <AutoComplete options={(users.data?.items ?? []).map(({ metadata }) => ({ value: metadata.name }))}>
            <Input spellCheck={false} />
          </AutoComplete>
        </Form.Item>
        <Form.Item
          name="role"
          label={t('grants.role')}
          extra={t('grants.role.what')}
          rules={[{ required: true }]}
        >
          <AutoComplete
            options={readyRoles.map((role) => ({ value: role, label: t(`grants.role.${role}`) }))}
          />
        </Form.Item>
        <Form.Item name="cluster" label={t('scope.cluster')}>
          <Select options={[{ value: '*', label: t('grants.allClusters') }, ...clusters]} />
        </Form.Item>
        <Form.Item name="namespaces" label={t('scope.namespace')} extra={t('grants.limits.what')}>
          <Select mode="tags" open={false} suffixIcon={null} />
        </Form.Item>
        <Form.Item name="pools" label={t('kind.nodepools.apps.openyurt.io')}>
          <Select mode="tags" open={false} suffixIcon={null} />
        </Form.Item>
        <Form.Item name="owners" label={t('column.owner')}>
          <Select mode="tags" open={false} suffixIcon={null} />
        </Form.Item>
      </Form>
      <FailureNote status={failure} />
    </Modal>
  );
}
