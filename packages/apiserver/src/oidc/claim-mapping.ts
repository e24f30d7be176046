/**
 * From the claims of a verified token to a user: mappings first, then what is required of the claims, then what is required
 * of the user. Whatever is missing or of the wrong type throws, and the token is refused.
 */
import { type Expression, textOf, textsOf, userValue } from '#oidc/expression.ts';
import type { UserInfo } from '#security.ts';

export type Mapping =
  | { readonly claim: string; readonly prefix: string }
  | { readonly expression: Expression };

export interface Rule {
  readonly expression: Expression;
  readonly message: string;
}

export interface ClaimMapping {
  readonly username: Mapping;
  readonly groups?: Mapping;
  readonly uid?: { readonly claim: string } | { readonly expression: Expression };
  readonly extra: readonly { readonly key: string; readonly expression: Expression }[];
  /** Claims that must be there with this value. */
  readonly requiredClaims: Readonly<Record<string, string>>;
  readonly claimRules: readonly Rule[];
  readonly userRules: readonly Rule[];
}

type Claims = Readonly<Record<string, unknown>>;

export function userOfClaims(mapping: ClaimMapping, claims: Claims): UserInfo {
  const name = usernameOf(mapping.username, claims);
  const uid = uidOf(mapping.uid, claims);
  const extra = extraOf(mapping, claims);
  const user: UserInfo = {
    name,
    ...(uid ? { uid } : {}),
    groups: groupsOf(mapping.groups, claims),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
  for (const [claim, value] of Object.entries(mapping.requiredClaims)) {
    if (!Object.hasOwn(claims, claim)) throw new Error(`required claim ${claim} not present in ID token`);
    if (claims[claim] !== value) throw new Error(`required claim ${claim} value does not match`);
  }
  requireRules(mapping.claimRules, claims);
  requireRules(mapping.userRules, userValue(user));
  return user;
}

function usernameOf(mapping: Mapping, claims: Claims): string {
  const name =
    'expression' in mapping
      ? textOf(mapping.expression.evaluate(claims), 'username')
      : claimText(claims, mapping.claim);
  if (name === '') throw new Error('the user name is empty');
  if ('expression' in mapping) return name;
  if (
    mapping.claim === 'email' &&
    Object.hasOwn(claims, 'email_verified') &&
    claims['email_verified'] !== true
  ) {
    throw new Error('email not verified');
  }
  return mapping.prefix + name;
}

/** A claim of groups may be missing, or be one text. */
function groupsOf(mapping: Mapping | undefined, claims: Claims): string[] {
  if (!mapping) return [];
  if ('expression' in mapping) return textsOf(mapping.expression.evaluate(claims));
  const { claim, prefix } = mapping;
  if (!Object.hasOwn(claims, claim)) return [];
  const value = claims[claim];
  const listed: readonly unknown[] = Array.isArray(value) ? value : [value];
  return listed.map((group) => {
    if (typeof group !== 'string') throw new Error(`parse groups claim ${JSON.stringify(claim)}`);
    return prefix + group;
  });
}

function uidOf(mapping: ClaimMapping['uid'], claims: Claims): string {
  if (!mapping) return '';
  return 'expression' in mapping
    ? textOf(mapping.expression.evaluate(claims), 'uid')
    : claimText(claims, mapping.claim);
}

function extraOf(mapping: ClaimMapping, claims: Claims): Record<string, string[]> {
  const extra: Record<string, string[]> = {};
  const id = claims['jti'];
  if (typeof id === 'string' && id !== '')
    extra['authentication.kubernetes.io/credential-id'] = [`JTI=${id}`];
  for (const { key, expression } of mapping.extra) {
    const values = textsOf(expression.evaluate(claims));
    if (values.length > 0) extra[key] = values;
  }
  return extra;
}

function requireRules(rules: readonly Rule[], value: unknown): void {
  for (const { expression, message } of rules) {
    if (expression.evaluate(value) === true) continue;
    throw new Error(`validation expression '${expression.text}' failed: ${message}`);
  }
}

function claimText(claims: Claims, claim: string): string {
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  if (typeof value === 'string') return value;
  throw new Error(
    `parse claim ${JSON.stringify(claim)}: ${value === undefined ? 'claim not present' : 'no string'}`,
  );
}
