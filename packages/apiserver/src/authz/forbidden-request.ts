import { ApiError } from '@skerry/api';
import type { AuthorizationAttributes } from '#security.ts';

/** 403 in the words that clients and people know. */
export function forbiddenRequest(attributes: AuthorizationAttributes, reason: string): ApiError {
  const { user, verb, path, group = '', resource = '', subresource, namespace, name } = attributes;
  const who = `User ${JSON.stringify(user.name)} cannot`;
  const because = reason ? `: ${reason}` : '';
  if (path !== undefined) {
    const message = `forbidden: ${who} ${verb} path ${JSON.stringify(path)}${because}`;
    return new ApiError('Forbidden', message, { details: {} });
  }
  const what = JSON.stringify(subresource ? `${resource}/${subresource}` : resource);
  const scope = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope';
  const subject = `${group ? `${resource}.${group}` : resource}${name ? ` ${JSON.stringify(name)}` : ''}`;
  return new ApiError(
    'Forbidden',
    `${subject} is forbidden: ${who} ${verb} resource ${what} in API group ${JSON.stringify(group)} ${scope}${because}`,
    { details: { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: resource } },
  );
}
