/**
 * ResourceQuota: a write that would take a namespace over its quota is refused, and what a write takes is added to the
 * quota's status before it is stored, with the status's revision named, so that two writes can't both take the last of
 * something. What is given back, `QuotaKeeper` finds by counting again.
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */
import {
  type AnyObject,
  type Pod,
  type Quantity,
  type ResourceQuota,
  ApiError,
  compareQuantities,
  forbidden,
  formatQuantity,
  isApiError,
  subtractQuantities,
  zeroQuantity,
} from '@skerry/api';
import { type Clock, sleep } from '@skerry/base';
import { type AdmissionPlugin, isAbout, pods } from '#admission/plugin.ts';
import { parseAmounts } from '#admission/pod-resources.ts';
import { countUsage, quotas } from '#admission/quota/quota-keeper.ts';
import { type Usage, addUsage, limitedUsage, scopesSelect, unspecified } from '#admission/quota/usage.ts';
import type { AdmissionContext, ServerAccess } from '#security.ts';

/** Writers of one namespace's quota that come between; the cache is a moment behind, so each try waits for it. */
const attemptsMax = 20;
const waitMs = 5;

export function resourceQuota({
  access,
  clock,
}: {
  readonly access: ServerAccess;
  readonly clock: Clock;
}): AdmissionPlugin {
  const { read, write } = access;

  async function charge(ctx: AdmissionContext, name: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const quota = read.get<ResourceQuota>(quotas, name, ctx.namespace);
      const delta = quota && deltaOf(quota, ctx, clock.now());
      if (!quota || !delta || delta.size === 0) return;
      const used = knownUsage(access, quota, clock.now());
      requireRoom(ctx, quota, { delta, used });
      if (ctx.dryRun) return;
      const status = { hard: { ...quota.spec?.hard }, used: format(addUsage(used, delta)) };
      try {
        await write.update(quotas, { ...structuredClone(quota), status } as unknown as AnyObject, {
          subresource: 'status',
        });
        return;
      } catch (error) {
        if (!isApiError(error, 'Conflict')) throw error;
        if (attempt >= attemptsMax) {
          throw new ApiError(
            'Conflict',
            `the usage of quota ${name} changed ${attemptsMax} times while this request was counted; try again`,
            { cause: error },
          );
        }
        await sleep(clock, waitMs * attempt, ctx.signal);
      }
    }
  }

  return {
    name: 'ResourceQuota',
    async validate(ctx) {
      const counts = ctx.operation === 'CREATE' || ctx.operation === 'UPDATE';
      if (!counts || ctx.namespace === '' || !ctx.object) return;
      if (ctx.subresource !== '' && !(ctx.resource === 'pods' && ctx.subresource === 'resize')) return;
      for (const quota of read.list<ResourceQuota>(quotas, ctx.namespace)) {
        if (isAbout(ctx, pods) && ctx.operation === 'CREATE') requireSpecified(ctx, quota);
        await charge(ctx, quota.metadata.name ?? '');
      }
    },
  };
}

/** What the write takes beyond what the object takes already. */
function deltaOf(
  quota: ResourceQuota,
  { kind, resource, object, oldObject }: AdmissionContext,
  nowMs: number,
): Usage {
  const ref = { group: kind.group, resource };
  const next = object ? limitedUsage(quota, ref, object, nowMs) : new Map<string, Quantity>();
  if (!oldObject) return next;
  const old = limitedUsage(quota, ref, oldObject, nowMs);
  const delta = new Map<string, Quantity>();
  for (const [name, amount] of next) {
    const more = subtractQuantities(amount, old.get(name) ?? zeroQuantity);
    if (more.nanos > 0n) delta.set(name, more);
  }
  return delta;
}

/** Usage as the status has it, or counted where the status does not know a limit yet. */
function knownUsage(access: ServerAccess, quota: ResourceQuota, nowMs: number): Usage {
  const { hard = {} } = quota.spec ?? {};
  const { used = {} } = quota.status ?? {};
  return Object.keys(hard).every((name) => name in used)
    ? parseAmounts(used)
    : countUsage(access.read, quota, nowMs);
}

function requireSpecified(ctx: AdmissionContext, quota: ResourceQuota): void {
  if (!ctx.object || !scopesSelect(quota, pods, ctx.object)) return;
  const missing = unspecified(quota.spec?.hard ?? {}, ctx.object as unknown as Pod);
  if (missing === '') return;
  throw forbidden(pods, ctx.name, `failed quota: ${quota.metadata.name ?? ''}: must specify ${missing}`);
}

function requireRoom(
  ctx: AdmissionContext,
  quota: ResourceQuota,
  { delta, used }: { readonly delta: Usage; readonly used: Usage },
): void {
  const hard = parseAmounts(quota.spec?.hard);
  const total = addUsage(used, delta);
  const exceeded = [...delta.keys()]
    .filter((name) => compareQuantities(total.get(name) ?? zeroQuantity, hard.get(name) ?? zeroQuantity) > 0)
    .sort();
  if (exceeded.length === 0) return;
  const listed = (amounts: Usage) =>
    exceeded.map((name) => `${name}=${formatQuantity(amounts.get(name) ?? zeroQuantity)}`).join(',');
  throw forbidden(
    { group: ctx.kind.group, resource: ctx.resource },
    ctx.name,
    `exceeded quota: ${quota.metadata.name ?? ''}, requested: ${listed(delta)}, used: ${listed(used)}, limited: ${listed(hard)}`,
  );
}

function format(usage: Usage): Record<string, string> {
  return Object.fromEntries([...usage].map(([name, amount]) => [name, formatQuantity(amount)]));
}
