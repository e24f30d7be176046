import type { LimitRange, LimitRangeItem, ResourceQuota } from '#types.generated.ts';
import {
  validateLimitRange,
  validateResourceQuota,
  validateResourceQuotaStatus,
  validateResourceQuotaUpdate,
} from '#validation/core/limits.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, createdAtColumn, nameColumn } from '#kinds/columns.ts';

function setLimitDefaults(item: LimitRangeItem): void {
  if (item.type !== 'Container') return;
  item.default = { ...item.max, ...item.default };
  item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
}

export const limitRangeBehaviour = behaviour<LimitRange>({
  metaTold: 'never',
  columns: [nameColumn, createdAtColumn],
  strategy: {
    setDefaults(range) {
      for (const item of range.spec?.limits ?? []) setLimitDefaults(item);
    },
    validate: validateLimitRange,
  },
});

/** `cpu: 1/2, memory: 0/4Gi` of the resources whose names do or don't begin with `limits.`. */
function quotaText(quota: ResourceQuota, limits: boolean): string {
  const { hard = {}, used = {} } = quota.status ?? {};
  return Object.keys(hard)
    .filter((name) => name.startsWith('limits.') === limits)
    .sort()
    .map((name) => `${name}: ${used[name] ?? '0'}/${hard[name]}`)
    .join(', ');
}

export const resourceQuotaBehaviour = behaviour<ResourceQuota>({
  columns: [
    nameColumn,
    column<ResourceQuota>('Request', (quota) => quotaText(quota, false)),
    column<ResourceQuota>('Limit', (quota) => quotaText(quota, true)),
    ageColumn,
  ],
  strategy: {
    setDefaults(quota) {
      quota.spec ??= {};
      quota.status ??= {};
    },
    validate: validateResourceQuota,
    validateUpdate: validateResourceQuotaUpdate,
    validateStatus: validateResourceQuotaStatus,
  },
});
