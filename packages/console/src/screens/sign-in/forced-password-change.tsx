import { useT } from '#i18n/index.ts';
import { PasswordForm } from '#ui/password-form.tsx';
import { SignInPage } from './sign-in.tsx';

export function ForcedPasswordChange({ user }: { readonly user: string }) {
  const t = useT();
  return (
    <SignInPage title={t('password.forced')}>
      <p className="muted">{t('password.forced.why')}</p>
      {/* For password managers: whose password it is. */}
      <input type="text" autoComplete="username" value={user} readOnly hidden />
      <PasswordForm onChanged={() => undefined} />
    </SignInPage>
  );
}
