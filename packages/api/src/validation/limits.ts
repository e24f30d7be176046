import { compareQuantities, isQuantity, parseQuantity } from '#quantity.ts';
import type { FieldError } from '#status.ts';
import type { LimitRange, LimitRangeItem, ResourceQuota } from '#types.generated.ts';
import { duplicateValue, forbiddenField, invalidValue } from '#validation/faults.ts';
import { validateResourceList } from '#validation/resources.ts';

/** From the least to the most that a container may have; each must not be above the next. */
const order = ['min', 'defaultRequest', 'default', 'max'] as const;

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const faults: FieldError[] = [];
  const types = new Set<string>();
  for (const [index, item] of (spec?.limits ?? []).entries()) {
    const at = `spec.limits[${index}]`;
    if (types.has(item.type)) faults.push(duplicateValue(`${at}.type`, item.type));
    types.add(item.type);
    faults.push(...validateItem(item, at));
  }
  return faults;
}

function validateItem(item: LimitRangeItem, at: string): FieldError[] {
  const faults: FieldError[] = [];
  if (item.type === 'Pod')
    for (const field of ['default', 'defaultRequest'] as const)
      if (Object.keys(item[field] ?? {}).length > 0)
        faults.push(forbiddenField(`${at}.${field}`, "may not be specified when `type` is 'Pod'"));
  const names = new Set(order.flatMap((field) => Object.keys(item[field] ?? {})));
  for (const name of names)
    for (const [position, field] of order.entries())
      for (const above of order.slice(position + 1)) {
        const low = item[field]?.[name];
        const high = item[above]?.[name];
        if (!isQuantity(low) || !isQuantity(high)) continue;
        if (compareQuantities(parseQuantity(low), parseQuantity(high)) > 0)
          faults.push(
            invalidValue(
              `${at}.${field}[${name}]`,
              low,
              `${field} value ${low} is greater than ${above} value ${high}`,
            ),
          );
      }
  return faults;
}

export function validateResourceQuota({ spec }: ResourceQuota): FieldError[] {
  return validateResourceList(spec?.hard ?? {}, 'spec.hard', { anyName: true });
}

export function validateResourceQuotaUpdate(next: ResourceQuota, old: ResourceQuota): FieldError[] {
  const before = [...(old.spec?.scopes ?? [])].sort().join();
  return [...(next.spec?.scopes ?? [])].sort().join() === before
    ? []
    : [invalidValue('spec.scopes', next.spec?.scopes ?? null, 'field is immutable')];
}
