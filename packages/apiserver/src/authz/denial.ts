import { ApiError, forbidden } from '@skerry/api';
import type { AuthorizationAttributes } from '#security.ts';

/** Who can't do what, in the words of stock servers; clients and people match on them. */
export function denialText(attributes: AuthorizationAttributes, reason = ''): string {
  const { user, verb, path, group = '', resource = '', subresource, namespace } = attributes;
  const suffix = reason === '' ? '' : `: ${reason}`;
  if (path !== undefined) return `User "${user.name}" cannot ${verb} path "${path}"${suffix}`;
  const full = subresource ? `${resource}/${subresource}` : resource;
  const scope = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope';
  return `User "${user.name}" cannot ${verb} resource "${full}" in API group "${group}" ${scope}${suffix}`;
}

/** The 403 for a refused request. */
export function denial(attributes: AuthorizationAttributes, reason = ''): ApiError {
  const text = denialText(attributes, reason);
  if (attributes.path !== undefined) return new ApiError('Forbidden', `forbidden: ${text}`, { details: {} });
  const { group = '', resource = '', name = '' } = attributes;
  return forbidden({ group, resource }, name, text);
}
