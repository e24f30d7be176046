/** How much of a device there is, and in which portions it may be had. */
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityValue,
} from '#quantity.ts';
import type { FieldError } from '#status.ts';
import type { CapacityRequestPolicy, CapacityRequestPolicyRange, DeviceCapacity } from '#types.generated.ts';
import { forbiddenField, invalidValue, required } from '#validation/faults.ts';
import { checkSet } from '#validation/resource/collections.ts';

const optionsMax = 10;

/** Of a device that goes to one claim. */
export function checkWholeCapacity(
  faults: FieldError[],
  { requestPolicy }: DeviceCapacity,
  path: string,
): void {
  if (requestPolicy)
    faults.push(forbiddenField(`${path}.requestPolicy`, 'allowMultipleAllocations must be true'));
}

/** Of a device that claims may share. */
export function checkSharedCapacity(
  faults: FieldError[],
  { value, requestPolicy: policy }: DeviceCapacity,
  path: string,
): void {
  if (!policy) return;
  const at = `${path}.requestPolicy`;
  const { validValues = [], validRange } = policy;
  if (validValues.length > 0 && validRange)
    faults.push(
      forbiddenField(
        at,
        'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time',
      ),
    );
  else if (validValues.length > 0) checkValues(faults, policy, at, value);
  else if (validRange) checkRange(faults, policy, validRange, at, value);
}

const compare = (a: string, b: string): number => compareQuantities(parseQuantity(a), parseQuantity(b));

function checkValues(
  faults: FieldError[],
  { default: chosen, validValues = [] }: CapacityRequestPolicy,
  path: string,
  capacity: string,
): void {
  if (chosen === undefined) {
    faults.push(required(`${path}.default`, 'required when validValues is defined'));
    return;
  }
  const at = `${path}.validValues`;
  for (const [index, value] of validValues.entries())
    if (index > 0 && compare(validValues[index - 1]!, value) > 0)
      faults.push(
        invalidValue(`${at}[${index}]`, canonicalQuantity(value), 'values must be sorted in ascending order'),
      );
  checkSet(faults, validValues, at, {
    max: optionsMax,
    check: (all, value, here) => {
      if (compare(value, capacity) > 0)
        all.push(
          invalidValue(here, canonicalQuantity(value), `option is larger than capacity value: ${capacity}`),
        );
    },
    key: (value) => String(quantityValue(parseQuantity(value))),
  });
  if (validValues.length > optionsMax || !validValues.some((value) => compare(value, chosen) === 0))
    faults.push(invalidValue(at, chosen, 'default value is not valid according to the requestPolicy'));
}

function checkRange(
  faults: FieldError[],
  { default: chosen }: CapacityRequestPolicy,
  { min, max, step }: CapacityRequestPolicyRange,
  path: string,
  capacity: string,
): void {
  const at = `${path}.validRange`;
  if (chosen === undefined) {
    faults.push(required(`${path}.default`, 'required when validRange is defined'));
    return;
  }
  if (min === undefined) {
    faults.push(required(`${at}.min`, 'required when validRange is defined'));
    return;
  }
  const refuse = (field: string, value: string, why: string) =>
    faults.push(invalidValue(`${at}.${field}`, value, why));
  if (compare(min, capacity) > 0) refuse('min', min, `min is larger than capacity value: ${capacity}`);
  if (compare(chosen, min) < 0) refuse('min', chosen, `default is less than min: ${min}`);
  if (max !== undefined) {
    if (compare(min, max) > 0) refuse('max', min, `min is larger than max: ${max}`);
    if (compare(max, capacity) > 0) refuse('max', max, `max is larger than capacity value: ${capacity}`);
    if (compare(chosen, max) > 0) refuse('max', chosen, `default is more than max: ${max}`);
  }
  if (step === undefined) return;
  const next = formatQuantity(addQuantities(parseQuantity(min), parseQuantity(step)));
  if (compare(next, capacity) > 0)
    refuse('step', step, `one step ${next} is larger than capacity value: ${capacity}`);
  const whole = (text: string) => quantityValue(parseQuantity(text));
  for (const value of max === undefined ? [chosen] : [chosen, max])
    if ((whole(value) - whole(min)) % whole(step) !== 0)
      refuse('step', value, `value is not a multiple of a given step (${step}) from (${min})`);
}
