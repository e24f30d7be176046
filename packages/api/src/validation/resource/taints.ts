/** Taints of devices, what tolerates them, and the conditions that bind them. */
import { labelKeyFaults, labelValueFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { DeviceTaint, DeviceToleration } from '#types.generated.ts';
import {
  checkChoice,
  checkOptionalChoice,
  checkReasons,
  duplicateValue,
  invalidValue,
} from '#validation/faults.ts';
import { checkList } from '#validation/resource/collections.ts';

const effects = ['NoExecute', 'NoSchedule', 'None'];
const operators = ['Equal', 'Exists'];
const conditionsMax = 4;

export function checkDeviceTaint(
  faults: FieldError[],
  { key, value, effect }: DeviceTaint,
  path: string,
): void {
  checkReasons(faults, `${path}.key`, key, labelKeyFaults(key));
  if (value) checkReasons(faults, `${path}.value`, value, labelValueFaults(value));
  checkChoice(faults, `${path}.effect`, effect, effects);
}

export function checkDeviceToleration(
  faults: FieldError[],
  { key, operator, value = '', effect }: DeviceToleration,
  path: string,
): void {
  if (key) checkReasons(faults, `${path}.key`, key, labelKeyFaults(key));
  if (operator === 'Equal') checkReasons(faults, `${path}.value`, value, labelValueFaults(value));
  else if (operator !== 'Exists') checkChoice(faults, `${path}.operator`, operator, operators);
  else if (value) faults.push(invalidValue(`${path}.value`, value, 'must be empty for operator `Exists`'));
  checkOptionalChoice(faults, `${path}.effect`, effect || undefined, effects);
}

export function checkBindingConditions(
  faults: FieldError[],
  given: {
    readonly bindingConditions?: readonly string[];
    readonly bindingFailureConditions?: readonly string[];
  },
  path: string,
): void {
  const { bindingConditions: needed = [], bindingFailureConditions: failing = [] } = given;
  const [at, failingAt] = [`${path}.bindingConditions`, `${path}.bindingFailureConditions`];
  const how = {
    max: conditionsMax,
    check: (all: FieldError[], name: string, here: string) =>
      checkReasons(all, here, name, labelKeyFaults(name)),
  };
  checkList(faults, needed, at, how);
  checkList(faults, failing, failingAt, how);
  checkUnique(faults, needed, at);
  checkUnique(faults, failing, failingAt, new Set(needed));
  if (needed.length === 0 && failing.length > 0)
    faults.push(invalidValue(at, null, 'bindingConditions are required to use bindingFailureConditions'));
  if (failing.length === 0 && needed.length > 0)
    faults.push(
      invalidValue(failingAt, null, 'bindingFailureConditions are required to use bindingConditions'),
    );
}

function checkUnique(
  faults: FieldError[],
  names: readonly string[],
  path: string,
  others?: ReadonlySet<string>,
): void {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    const at = `${path}[${index}]`;
    if (seen.has(name)) faults.push(duplicateValue(at, name));
    seen.add(name);
    if (others?.has(name))
      faults.push(invalidValue(at, name, 'bindingFailureConditions must not overlap with bindingConditions'));
  }
}
