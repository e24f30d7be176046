/** The counts that controllers report, which must fit each other. */
import type { FieldError } from '#status.ts';
import { checkNotNegative, invalidValue } from '#validation/faults.ts';

type Counts = Readonly<Record<string, unknown>>;

function numberOf(counts: Counts, field: string): number {
  const value = counts[field];
  return typeof value === 'number' ? value : 0;
}

export function checkCounts(faults: FieldError[], counts: object, fields: readonly string[]): void {
  for (const field of fields) checkNotNegative(faults, `status.${field}`, numberOf(counts as Counts, field));
}

/** None of `fields` may be above `replicas`, nor the available above the ready ones. */
export function checkParts(
  faults: FieldError[],
  counts: object,
  fields: readonly string[],
  readyField = 'readyReplicas',
): void {
  const all = counts as Counts;
  for (const field of fields)
    if (numberOf(all, field) > numberOf(all, 'replicas'))
      faults.push(
        invalidValue(`status.${field}`, numberOf(all, field), 'cannot be greater than status.replicas'),
      );
  if (numberOf(all, 'availableReplicas') > numberOf(all, 'readyReplicas'))
    faults.push(
      invalidValue(
        'status.availableReplicas',
        numberOf(all, 'availableReplicas'),
        `cannot be greater than ${readyField}`,
      ),
    );
}

export function checkCollisions(
  faults: FieldError[],
  next: { readonly collisionCount?: number } = {},
  old: { readonly collisionCount?: number } = {},
): void {
  const { collisionCount } = next;
  if (old.collisionCount === undefined) return;
  if (collisionCount === undefined || collisionCount < old.collisionCount)
    faults.push(invalidValue('status.collisionCount', collisionCount ?? 0, 'cannot be decremented'));
}
