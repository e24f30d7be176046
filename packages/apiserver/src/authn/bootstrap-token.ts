/**
 * Bootstrap tokens: `<id>.<secret>`, kept as Secrets `kube-system/bootstrap-token-<id>`. Skerry's join tokens are these
 * with further keys, which travel in the user's `extra` to where they are enforced (`@skerry/pki`, node requests).
 * https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { bootstrapExtra, bootstrapSecretName, bootstrapSecretType } from '@skerry/pki';
import type { ObjectReader, UserInfo } from '#security.ts';

const tokenPattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/** The user of a bootstrap token; undefined for a token of another form, or an unknown, expired or disabled one. */
export function bootstrapTokenUser(options: {
  readonly read: ObjectReader;
  readonly clock: Clock;
  readonly token: string;
}): UserInfo | undefined {
  const { read, clock, token } = options;
  const [, id, secret] = tokenPattern.exec(token) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  const object = read.get<Secret>({ group: '', resource: 'secrets' }, bootstrapSecretName(id), 'kube-system');
  if (!object || object.type !== bootstrapSecretType || object.metadata.deletionTimestamp) return undefined;
  const value = (key: string) => Buffer.from(object.data?.[key] ?? '', 'base64').toString('utf8');
  if (value('token-id') !== id || !equal(value('token-secret'), secret)) return undefined;
  if (value('usage-bootstrap-authentication') !== 'true') return undefined;
  const expiration = value('expiration');
  // An expiration that can't be read must not make a token eternal.
  if (expiration !== '' && !(Date.parse(expiration) > clock.now())) return undefined;
  const extraGroups = value('auth-extra-groups')
    .split(',')
    .map((group) => group.trim())
    .filter((group) => groupPattern.test(group));
  return {
    name: `system:bootstrap:${id}`,
    groups: ['system:bootstrappers', ...extraGroups],
    extra: {
      [bootstrapExtra.tokenId]: [id],
      ...(value('pool') ? { [bootstrapExtra.pool]: [value('pool')] } : {}),
      ...(value('owner') ? { [bootstrapExtra.owner]: [value('owner')] } : {}),
    },
  };
}

function equal(left: string, right: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(left), hash(right));
}
