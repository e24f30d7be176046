import { systemClock } from '@skerry/base';
import { type ApiClient, createClient, createHttpTransport } from '@skerry/client';
import { users } from './users.ts';

/** As the administrator of either server. The caller closes it. */
export function adminClient(
  { url, ca }: { readonly url: string; readonly ca?: string },
  userAgent: string,
): ApiClient {
  const transport = createHttpTransport({
    server: url,
    token: users.admin.token,
    ...(ca === undefined ? {} : { ca }),
  });
  return createClient({ transport, userAgent, clock: systemClock });
}
