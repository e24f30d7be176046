/**
 * What a machine needs to join: `<id>.<secret>.<hash>` in one word without characters that a shell or a double click
 * would break. `id` (6) and `secret` (16), each of [a-z0-9], are a Kubernetes bootstrap token; `hash` is the SHA-256 of the
 * cluster authority's public key (SubjectPublicKeyInfo) as 64 lower-case hex digits, the same value that `openssl`, kubeadm
 * and `skerry doctor` print, so that it can be compared by eye. A joining machine trusts no server whose chain does not
 * lead to that key.
 * Bootstrap tokens: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
import { randomInt } from 'node:crypto';
import { SkerryError } from '@skerry/base';

export interface JoinToken {
  readonly id: string;
  readonly secret: string;
  /** `sha256:<hex>` of the cluster authority's public key. */
  readonly authorityHash: string;
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
const idPattern = /^[a-z0-9]{6}$/;
const secretPattern = /^[a-z0-9]{16}$/;
const hashPattern = /^[0-9a-f]{64}$/;

export function createJoinToken(
  authorityHash: string,
  randomBelow: (limit: number) => number = randomInt,
): JoinToken {
  const word = (length: number) =>
    Array.from({ length }, () => alphabet[randomBelow(alphabet.length)]).join('');
  return { id: word(6), secret: word(16), authorityHash };
}

export function formatJoinToken({ id, secret, authorityHash }: JoinToken): string {
  return `${id}.${secret}.${authorityHash.replace(/^sha256:/, '')}`;
}

/** The bearer token inside a join token: `<id>.<secret>`. */
export function bootstrapTokenOf({ id, secret }: JoinToken): string {
  return `${id}.${secret}`;
}

/** Throws `join-token-malformed`, saying which part is wrong and never repeating the token. */
export function parseJoinToken(text: string): JoinToken {
  const token = text.trim();
  if (token === '') throw malformed('it is empty');
  if (/\s/.test(token)) throw malformed('it has white space inside; it is one word');
  const parts = token.split('.');
  const [id = '', secret = '', hash = ''] = parts;
  if (parts.length === 2)
    throw malformed('the part with the authority hash is missing; copy all three parts');
  if (parts.length !== 3) {
    throw malformed(`it has ${parts.length} part${parts.length === 1 ? '' : 's'} separated by ".", not 3`);
  }
  if (!idPattern.test(id)) throw malformed('its first part is not 6 of a-z and 0-9');
  if (!secretPattern.test(secret)) throw malformed('its second part is not 16 of a-z and 0-9');
  if (!hashPattern.test(hash)) {
    throw malformed(`its third part is not 64 hexadecimal digits (it has ${hash.length} characters)`);
  }
  return { id, secret, authorityHash: `sha256:${hash}` };
}

function malformed(why: string): SkerryError {
  return new SkerryError(
    'join-token-malformed',
    `the join token is malformed: ${why}; get a new one with \`skerry token create\` on the center`,
  );
}
