/**
 * Keeps the rules of aggregated ClusterRoles equal to those of the roles their selectors match.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
 *
 * Level-based: any change of a ClusterRole leads, a moment later, to one look at all of them. An update that loses against
 * another writer is tried again at the change that the other writer caused.
 */
import { type ClusterRole, type PolicyRule, labelSelectorFrom } from '@skerry/api';
import { type Clock, type Logger, describeError } from '@skerry/base';
import { rbacGroup } from '#authz/rbac.ts';
import type { ServerAccess } from '#security.ts';

const clusterRoles = { group: rbacGroup, resource: 'clusterroles' };
const settleMs = 50;
const manager = 'clusterrole-aggregation-controller';

/** Begins to watch; returns the end of it. */
export function keepRolesAggregated(
  access: ServerAccess,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): () => void {
  let scheduled = false;
  let running = false;
  let again = false;
  const schedule = () => {
    if (running) again = true;
    if (scheduled || running) return;
    scheduled = true;
    clock.after(settleMs, () => {
      scheduled = false;
      void pass();
    });
  };
  const pass = async () => {
    running = true;
    try {
      await aggregateRoles(access);
    } catch (error) {
      log.debug('cluster roles not aggregated yet', { error: describeError(error) });
    } finally {
      running = false;
      if (again) {
        again = false;
        schedule();
      }
    }
  };
  schedule();
  return access.read.onChange(clusterRoles, schedule);
}

/** One look at all roles; writes those whose rules differ. */
export async function aggregateRoles({ read, write }: ServerAccess): Promise<void> {
  const roles = read.list<ClusterRole>(clusterRoles);
  for (const role of roles) {
    if (!role.aggregationRule) continue;
    const rules = aggregatedRules(role, roles);
    if (JSON.stringify(rules) === JSON.stringify(role.rules ?? [])) continue;
    await write.update(clusterRoles, { ...structuredClone(role), rules }, { manager });
  }
}

/** Rules of all other roles that a selector matches, by name, each rule once. */
export function aggregatedRules(role: ClusterRole, roles: readonly ClusterRole[]): PolicyRule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map(labelSelectorFrom);
  const rules = new Map<string, PolicyRule>();
  const matching = roles
    .filter((other) => other.metadata.name !== role.metadata.name)
    .filter((other) => selectors.some((selector) => selector.matches(other.metadata.labels ?? {})))
    .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  for (const other of matching) {
    for (const rule of other.rules ?? []) rules.set(JSON.stringify(rule), rule);
  }
  return [...rules.values()];
}
