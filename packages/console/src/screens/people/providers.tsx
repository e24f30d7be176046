/** OpenID providers that people sign in by. A client's secret goes into a Secret of the center, and is never shown again. */
import { PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Alert, Form, Input, Modal, Select } from 'antd';
import { useState } from 'react';
import { deletionOf } from '#actions/deletion.ts';
import { createObject, listObjects, management, patchObject } from '#api/objects.ts';
import { managementRights, useRights } from '#api/rights.ts';
import { useT } from '#i18n/index.ts';
import { kindOf } from '#kinds/built-in.ts';
import { managementKinds, type ProviderObject } from '#kinds/management.ts';
import { RowActions } from '#table/row-actions.tsx';
import { CopyButton } from '#ui/copy-button.tsx';
import { FailureNote } from '#ui/failure-note.tsx';
import { Card, Page, Stack } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { useSubmit } from '#ui/use-submit.ts';
import { WriteButton } from '#ui/write-button.tsx';
import { namePattern } from './name-rule.ts';

const callbackPath = '/api/oidc/callback';
/** The namespace that the center keeps its Secrets in. */
const namespace = 'kube-system';

export function Providers() {
  const t = useT();
  /** The provider that is written: one that is there, or a new one. */
  const [written, setWritten] = useState<ProviderObject | 'new' | undefined>();
  const may = useRights(managementRights, { whileUnknown: false });
  const { data, error, refetch } = useQuery({
    queryKey: ['object', management, 'identityproviders'],
    queryFn: () => listObjects<ProviderObject>(management, managementKinds.identityProviders),
  });
  const isAllowed = may('create identityproviders.center.skerry.io');
  const add = (
    <WriteButton
      isAllowed={isAllowed}
      type="primary"
      icon={<PlusOutlined />}
      onClick={() => setWritten('new')}
    >
      {t('providers.add')}
    </WriteButton>
  );
  return (
    <Page title={t('nav.providers')} intro={t('providers.what')} actions={add}>
      {!data ? (
        error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading />
        )
      ) : (
        <Card isFlush>
          {data.items.length === 0 ? (
            <Empty title={t('providers.none')} why={t('providers.what')}>
              {add}
            </Empty>
          ) : (
            <PlainTable
              label={t('nav.providers')}
              head={[
                t('column.name'),
                t('providers.title'),
                t('providers.issuer'),
                t('providers.clientId'),
                t('providers.allowedGroups'),
                t('column.actions'),
              ]}
              rows={data.items.map((provider) => ({
                key: provider.metadata.name,
                cells: [
                  provider.metadata.name,
                  provider.spec.title,
                  provider.spec.issuer,
                  provider.spec.clientId,
                  (provider.spec.allowedGroups ?? []).join(', ') || t('providers.everyone'),
                  <RowActions
                    key="actions"
                    name={provider.metadata.name}
                    actions={
                      isAllowed
                        ? [
                            { id: 'edit', title: t('action.edit'), run: () => setWritten(provider) },
                            deletionOf(managementKinds.identityProviders, provider.metadata.name, {
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
      {written ? (
        <WriteProvider
          before={written === 'new' ? undefined : written}
          onClose={() => {
            setWritten(undefined);
            void refetch();
          }}
        />
      ) : null}
    </Page>
  );
}

interface Fields {
  readonly name: string;
  readonly title: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly secret?: string;
  readonly scopes?: readonly string[];
  readonly userClaim?: string;
  readonly groupsClaim?: string;
  readonly allowedGroups?: readonly string[];
  readonly certificateAuthority?: string;
}

function WriteProvider({
  before,
  onClose,
}: {
  readonly before: ProviderObject | undefined;
  readonly onClose: () => void;
}) {
  const t = useT();
  const [form] = Form.useForm<Fields>();
  const { isBusy, failure, submit } = useSubmit();
  const callback = `${location.origin}${callbackPath}`;
  const kept = before?.spec.clientSecret;
  const keepSecret = async (name: string, secret: string): Promise<void> => {
    const stringData = { clientSecret: secret };
    if (kept) await patchObject(management, kindOf('secrets'), { namespace, name }, { stringData });
    else
      await createObject(
        management,
        kindOf('secrets'),
        { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData },
        { namespace },
      );
  };
  const write = ({ name, secret, ...fields }: Fields): Promise<void> =>
    submit(async () => {
      const clientSecret = kept ?? (secret ? `${name}-client` : undefined);
      if (secret && clientSecret) await keepSecret(clientSecret, secret);
      if (before) {
        const all = Object.entries({ ...fields, clientSecret });
        const spec = Object.fromEntries(
          all.map(([key, value]) => [
            key,
            value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
              ? null
              : value,
          ]),
        );
        const { resourceVersion } = before.metadata;
        const change = { metadata: { resourceVersion }, spec };
        await patchObject(management, managementKinds.identityProviders, { name }, change);
        return onClose();
      }
      const given = Object.entries({ ...fields, clientSecret }).filter(
        ([, value]) => value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0),
      );
      await createObject(management, managementKinds.identityProviders, {
        apiVersion: 'center.skerry.io/v1',
        kind: 'IdentityProvider',
        metadata: { name },
        spec: Object.fromEntries(given),
      });
      onClose();
    });
  return (
    <Modal
      open
      width={640}
      title={before ? t('providers.edit', { name: before.metadata.name }) : t('providers.add')}
      okText={t(before ? 'action.save' : 'action.add')}
      cancelText={t('action.cancel')}
      confirmLoading={isBusy}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Stack>
        <Alert
          type="info"
          showIcon
          title={t('providers.callback')}
          description={
            <span style={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 8 }}>
              <code>{callback}</code>
              <CopyButton text={callback} />
            </span>
          }
        />
        <Form
          form={form}
          layout="vertical"
          initialValues={before ? { name: before.metadata.name, ...before.spec } : {}}
          onFinish={(fields) => void write(fields)}
        >
          <Form.Item
            name="name"
            label={t('column.name')}
            extra={t('providers.name.what')}
            rules={[{ required: true, pattern: namePattern, message: t('users.name.rule') }]}
          >
            <Input maxLength={63} spellCheck={false} disabled={before !== undefined} />
          </Form.Item>
          <Form.Item
            name="title"
            label={t('providers.title')}
            extra={t('providers.title.what')}
            rules={[{ required: true }]}
          >
            <Input maxLength={63} />
          </Form.Item>
          <Form.Item
            name="issuer"
            label={t('providers.issuer')}
            rules={[{ required: true, pattern: /^https:\/\/[^?#@]+$/, message: t('providers.issuer.rule') }]}
          >
            <Input maxLength={512} placeholder="https://login.example.com" spellCheck={false} />
          </Form.Item>
          <Form.Item name="clientId" label={t('providers.clientId')} rules={[{ required: true }]}>
            <Input spellCheck={false} />
          </Form.Item>
          <Form.Item
            name="secret"
            label={t('providers.secret')}
            extra={t(kept ? 'providers.secret.kept' : 'providers.secret.what')}
          >
            <Input.Password autoComplete="off" />
          </Form.Item>
          <Form.Item
            name="allowedGroups"
            label={t('providers.allowedGroups')}
            extra={t('providers.allowedGroups.what')}
          >
            <Select mode="tags" open={false} suffixIcon={null} />
          </Form.Item>
          <Form.Item name="scopes" label={t('providers.scopes')}>
            <Select mode="tags" open={false} suffixIcon={null} />
          </Form.Item>
          <Form.Item name="userClaim" label={t('providers.userClaim')}>
            <Input placeholder="preferred_username" spellCheck={false} />
          </Form.Item>
          <Form.Item name="groupsClaim" label={t('providers.groupsClaim')}>
            <Input placeholder="groups" spellCheck={false} />
          </Form.Item>
          <Form.Item name="certificateAuthority" label={t('providers.ca')} extra={t('providers.ca.what')}>
            <Input.TextArea rows={3} spellCheck={false} />
          </Form.Item>
        </Form>
        <FailureNote status={failure} />
      </Stack>
    </Modal>
  );
}
