/** Lets in who is signed in. The address stays as it is meanwhile, so that a deep link leads where it should after signing in. */
import { useSession } from '#api/session.ts';
import { Beside, part } from '#ui/part.tsx';
import { Failure, Loading } from '#ui/states.tsx';

const SignIn = part(async () => (await import('#screens/sign-in/sign-in.tsx')).SignIn);
const ForcedPasswordChange = part(
  async () => (await import('#screens/sign-in/forced-password-change.tsx')).ForcedPasswordChange,
);
const Console = part(async () => (await import('./router.tsx')).Console);

export function Gate() {
  const { data, error, refetch } = useSession();
  if (!data) {
    return error ? <Failure error={error} onRetry={() => void refetch()} isPage /> : <Loading isPage />;
  }
  return (
    <Beside fallback={<Loading isPage />}>
      {data.state === 'out' ? (
        <SignIn providers={data.providers} />
      ) : data.session.mustChangePassword ? (
        <ForcedPasswordChange user={data.session.user} />
      ) : (
        <Console />
      )}
    </Beside>
  );
}
