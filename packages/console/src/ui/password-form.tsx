import { paths, type ChangePassword, type Session } from '@skerry/center/contract';
import { Alert, Button, Form, Input } from 'antd';
import { useState } from 'react';
import { request } from '#api/request.ts';
import { acceptSession } from '#api/session.ts';
import { statusOf } from '#api/status-error.ts';
import { useT } from '#i18n/index.ts';

const lengthMin = 12;

interface Fields extends ChangePassword {
  readonly again: string;
}

export function PasswordForm({ onChanged }: { readonly onChanged: () => void }) {
  const t = useT();
  const [form] = Form.useForm<Fields>();
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  const change = async ({ current, next }: Fields): Promise<void> => {
    setBusy(true);
    setFailure('');
    try {
      const body: ChangePassword = { current, next };
      const session = await request<Session>(paths.password, { method: 'POST', body });
      form.resetFields();
      onChanged();
      acceptSession(session);
    } catch (error) {
      setFailure(statusOf(error).message ?? '');
    } finally {
      setBusy(false);
    }
  };
  return (
    <Form
      form={form}
      layout="vertical"
      requiredMark={false}
      onFinish={(values: Fields) => void change(values)}
    >
      <Form.Item name="current" label={t('password.current')} rules={[{ required: true }]}>
        <Input.Password autoComplete="current-password" />
      </Form.Item>
      <Form.Item
        name="next"
        label={t('password.next')}
        rules={[{ required: true, min: lengthMin, message: t('password.tooShort') }]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Form.Item
        name="again"
        label={t('password.again')}
        dependencies={['next']}
        rules={[
          ({ getFieldValue }) => ({
            validator: (_, value) =>
              value === getFieldValue('next')
                ? Promise.resolve()
                : Promise.reject(new Error(t('password.differ'))),
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      {failure ? <Alert type="error" showIcon title={failure} style={{ marginBottom: 16 }} /> : null}
      <Button type="primary" htmlType="submit" loading={isBusy}>
        {t('password.change')}
      </Button>
    </Form>
  );
}
