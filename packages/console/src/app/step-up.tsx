/** Asks for the password again when the backend wants to know who sits there before it goes on. */
import { paths, type Session, type StepUpReason } from '@skerry/center/contract';
import { Alert, Form, Input, Modal } from 'antd';
import { useEffect, useState } from 'react';
import { acceptSession } from '#api/session.ts';
import { queryString, request, sessionHooks } from '#api/request.ts';
import { statusOf } from '#api/status-error.ts';
import { useT } from '#i18n/index.ts';

export function StepUp() {
  const t = useT();
  const [answer, setAnswer] = useState<((given: boolean) => void) | undefined>();
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [form] = Form.useForm<{ password: string }>();
  useEffect(() => {
    sessionHooks.stepUp = () =>
      new Promise((resolve) => {
        setFailure('');
        setAnswer(() => resolve);
      });
    return () => {
      sessionHooks.stepUp = () => Promise.resolve(false);
    };
  }, []);
  const finish = (given: boolean): void => {
    answer?.(given);
    setAnswer(undefined);
    form.resetFields();
  };
  const prove = async ({ password }: { password: string }): Promise<void> => {
    setBusy(true);
    try {
      acceptSession(await request<Session>(paths.stepUp, { method: 'POST', body: { password } }));
      finish(true);
    } catch (error) {
      const { reason } = statusOf(error);
      if (reason === ('StepUpRequired' satisfies StepUpReason)) return proveAtProvider();
      setFailure(statusOf(error).message ?? '');
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open={answer !== undefined}
      title={t('session.stepUp')}
      okText={t('action.continue')}
      cancelText={t('action.cancel')}
      confirmLoading={isBusy}
      onOk={() => form.submit()}
      onCancel={() => finish(false)}
      destroyOnHidden
    >
      <p className="muted">{t('session.stepUp.why')}</p>
      <Form form={form} layout="vertical" onFinish={(values) => void prove(values)}>
        <Form.Item name="password" label={t('session.password')} rules={[{ required: true }]}>
          <Input.Password autoFocus autoComplete="current-password" />
        </Form.Item>
      </Form>
      {failure ? <Alert type="error" showIcon title={failure} /> : null}
    </Modal>
  );
}

/** Whoever came by an identity provider proves it there, and comes back to this page. */
function proveAtProvider(): void {
  const returnTo = `${location.pathname}${location.search}`;
  location.assign(`${paths.oidc}${queryString({ stepUp: true, returnTo })}`);
}
