import { systemClock } from '@skerry/base';
import { type ApiClient, createClient, createHttpTransport, type Transport } from '@skerry/client';
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

/** As a ServiceAccount of kube-system, in its name: what it may do is what its roles say. */
export function accountClient({ url }: { readonly url: string }, account: string): ApiClient {
  const inner = createHttpTransport({ server: url, token: users.admin.token });
  const user = `system:serviceaccount:kube-system:${account}`;
  const headers = { 'impersonate-user': user, 'impersonate-group': 'system:authenticated' };
  const transport: Transport = {
    request: (request) => inner.request({ ...request, headers: { ...request.headers, ...headers } }),
    close: () => inner.close(),
  };
  return createClient({ transport, userAgent: 'controllers', clock: systemClock });
}
