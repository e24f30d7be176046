/**
 * How an aggregated server is told who asks: by headers, which it believes for the client certificate that comes with them.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/#kubernetes-apiserver-proxies-the-request
 */
import type { UserInfo } from '#security.ts';

/** The aggregator itself, when it looks what a server serves. */
export const aggregatorUser: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] };

export function remoteUserHeaders({
  name,
  uid,
  groups,
  extra = {},
}: UserInfo): Record<string, string | string[]> {
  return {
    'x-remote-user': name,
    ...(uid ? { 'x-remote-uid': uid } : {}),
    ...(groups.length > 0 ? { 'x-remote-group': [...groups] } : {}),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [`x-remote-extra-${escaped(key)}`, [...values]]),
    ),
  };
}

/** Nothing of this kind may come from the client. */
export function isRemoteUserHeader(name: string): boolean {
  return /^x-remote-(user|uid|group|extra-.*)$/.test(name);
}

/** What may not stand in the name of a header is escaped as in a path. */
function escaped(key: string): string {
  return [...Buffer.from(key)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9!#$&'*+.^_`|~-]/.test(char)
        ? char
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('')
    .toLowerCase();
}
