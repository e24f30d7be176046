/**
 * What the accounts of controllers make use of, seen by an authorizer that looks on. A right that nothing uses while all is
 * played that a controller does is one too many.
 */
import type { PolicyRule } from '@skerry/api';
import { controllerRules } from '#authz/policy/controller-roles.ts';
import { ownControllerRoles, ownLocalControllerRoles } from '#authz/policy/own-controller-roles.ts';
import { describeRules, ruleAllows, uncoveredRules } from '#authz/rule.ts';
import type { AuthorizationAttributes, SecurityFactory } from '#security.ts';

/**
 * Who needs one of these needs the other: a copy is begun by a list, or by a watch where the server can; an event is made, and
 * told again by a patch.
 */
const readAsOne = ['list', 'watch'];
const eventsAsOne = ['create', 'patch'];

const prefix = 'system:serviceaccount:kube-system:';

export class AccountRights {
  /** By account, and then by what was asked. */
  readonly #used = new Map<string, Map<string, AuthorizationAttributes>>();
  /** What an account asked for and may not. */
  readonly refused: string[] = [];

  /** The same security, looked on at. */
  watch(security: SecurityFactory): SecurityFactory {
    return (access) => {
      const parts = security(access);
      const { authorizer } = parts;
      return {
        ...parts,
        authorizer: {
          ...authorizer,
          authorize: async (attributes) => {
            const decision = await authorizer.authorize(attributes);
            this.#note(attributes, decision.allowed);
            return decision;
          },
        },
      };
    };
  }

  /** Of the rights that an account has beyond the stock ones, those that were not used; written as RBAC writes rules. */
  unused(account: string): string[] {
    const used = [...(this.#used.get(account)?.values() ?? [])];
    return describeRules(
      ownRights(account).filter((right) => {
        const isEvents = right.resources?.[0] === 'events';
        const verbs = isEvents ? eventsAsOne : right.verbs[0] === 'list' ? readAsOne : right.verbs;
        return !used.some((attributes) => ruleAllows({ ...right, verbs }, attributes));
      }),
    );
  }

  #note(attributes: AuthorizationAttributes, allowed: boolean): void {
    const { user, verb, group = '', resource = '', subresource = '', name = '' } = attributes;
    if (!user.name.startsWith(prefix)) return;
    const account = user.name.slice(prefix.length);
    const asked = [verb, `${resource}${subresource && `/${subresource}`}`, group, name].join(' ');
    if (!allowed) this.refused.push(`${account}: ${asked}`);
    const known = this.#used.get(account) ?? new Map<string, AuthorizationAttributes>();
    known.set(asked, attributes);
    this.#used.set(account, known);
  }
}

/** One verb and one resource each, without those that the account's stock role has as well. */
export function ownRights(account: string): PolicyRule[] {
  return uncoveredRules(controllerRules[account] ?? [], allOwn(account));
}

/** Rights that the account's stock role has as well. */
export function doubledRights(account: string): string[] {
  const needed = new Set(ownRights(account).map((right) => JSON.stringify(right)));
  const parts = uncoveredRules([], allOwn(account));
  return describeRules(parts.filter((part) => !needed.has(JSON.stringify(part))));
}

function allOwn(account: string): PolicyRule[] {
  const local = ownLocalControllerRoles.filter((role) => role.account === account);
  return [...(ownControllerRoles[account] ?? []), ...local.flatMap(({ rules }) => rules)];
}

export const accountsWithOwnRights: readonly string[] = Object.keys(ownControllerRoles);
