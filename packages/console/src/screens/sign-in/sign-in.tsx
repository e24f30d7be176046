import { paths, type SignedOut, type SignIn as Credentials } from '@skerry/center/contract';
import { Alert, Button, Form, Input, Select } from 'antd';
import { useState } from 'react';
import { signIn } from '#api/session.ts';
import { statusOf } from '#api/status-error.ts';
import { queryString } from '#api/request.ts';
import { languageNames, languages, setLanguage, useLanguage, useT, type Language } from '#i18n/index.ts';
import styles from './sign-in.module.css';

export function SignIn({ providers }: { readonly providers: SignedOut['providers'] }) {
  const t = useT();
  const [failure, setFailure] = useState(() => new URLSearchParams(location.search).get('signInError') ?? '');
  const [isBusy, setBusy] = useState(false);
  const enter = async (credentials: Credentials): Promise<void> => {
    setBusy(true);
    setFailure('');
    try {
      await signIn(credentials);
    } catch (error) {
      setFailure(statusOf(error).message ?? t('state.failed'));
      setBusy(false);
    }
  };
  const returnTo = `${location.pathname}${location.search}`;
  return (
    <SignInPage title={t('session.signIn.title')}>
      {providers.map(({ id, title }) => (
        <Button key={id} block href={`${paths.oidc}${queryString({ provider: id, returnTo })}`}>
          {t('session.signIn.with', { provider: title })}
        </Button>
      ))}
      {providers.length > 0 ? <p className={styles['or']}>{t('session.or')}</p> : null}
      <Form layout="vertical" requiredMark={false} onFinish={(values: Credentials) => void enter(values)}>
        <Form.Item name="user" label={t('session.user')} rules={[{ required: true }]}>
          <Input autoFocus autoComplete="username" autoCapitalize="none" spellCheck={false} />
        </Form.Item>
        <Form.Item name="password" label={t('session.password')} rules={[{ required: true }]}>
          <Input.Password autoComplete="current-password" />
        </Form.Item>
        {failure ? <Alert className={styles['failure'] ?? ''} type="error" showIcon title={failure} /> : null}
        <Button type="primary" htmlType="submit" block loading={isBusy}>
          {t('session.signIn')}
        </Button>
      </Form>
      <p className={styles['hint']}>{t('session.signIn.first')}</p>
    </SignInPage>
  );
}

export function SignInPage({
  title,
  children,
}: {
  readonly title: string;
  readonly children: React.ReactNode;
}) {
  const t = useT();
  const language = useLanguage();
  return (
    <div className={styles['page']}>
      <main className={styles['card']}>
        <img src="/icon.svg" alt="" width={44} height={44} />
        <h1>{title}</h1>
        {children}
      </main>
      <footer>
        <Select<Language>
          variant="borderless"
          aria-label={t('settings.language')}
          value={language}
          options={languages.map((one) => ({ value: one, label: languageNames[one] }))}
          onChange={(one) => void setLanguage(one)}
          popupMatchSelectWidth={false}
        />
      </footer>
    </div>
  );
}
