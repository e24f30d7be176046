/** Lets in who is signed in. The address stays as it is meanwhile, so that a deep link leads where it should after signing in. */
import { lazy, Suspense } from 'react';
import { useSession } from '#api/session.ts';
import { Failure, Loading } from '#ui/states.tsx';

const SignIn = lazy(async () => ({ default: (await import('#screens/sign-in/sign-in.tsx')).SignIn }));
const ForcedPasswordChange = lazy(async () => ({
  default: (await import('#screens/sign-in/forced-password-change.tsx')).ForcedPasswordChange,
}));
const Console = lazy(async () => ({ default: (await import('./router.tsx')).Console }));

export function Gate() {
  const { data, error, refetch } = useSession();
  if (!data) {
    return error ? <Failure error={error} onRetry={() => void refetch()} isPage /> : <Loading isPage />;
  }
  return (
    <Suspense fallback={<Loading isPage />}>
      {data.state === 'out' ? (
        <SignIn providers={data.providers} />
      ) : data.session.mustChangePassword ? (
        <ForcedPasswordChange user={data.session.user} />
      ) : (
        <Console />
      )}
    </Suspense>
  );
}
