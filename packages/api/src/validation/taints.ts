/** Taints of nodes and the tolerations of pods. */
import { labelKeyFaults, labelValueFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { Taint, Toleration } from '#types.generated.ts';
import {
  checkReasons,
  duplicateValue,
  invalidValue,
  notSupported,
  quoted,
  required,
} from '#validation/faults.ts';
import { decimalIntegerFaults } from '#validation/names.ts';
import { typedForm } from '#validation/typed-form.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function checkEffect(faults: FieldError[], effect: string, path: string): void {
  if (!effects.includes(effect)) faults.push(notSupported(path, effect, effects));
}

/** `comparing`: whether amounts may be compared, as only an object that already does may. */
export function checkTolerations(
  faults: FieldError[],
  tolerations: readonly Toleration[] | undefined,
  path: string,
  { comparing = false }: { readonly comparing?: boolean } = {},
): void {
  for (const [index, toleration] of (tolerations ?? []).entries()) {
    const at = `${path}[${index}]`;
    const { key = '', operator = '', value = '', effect = '' } = toleration;
    if (key) checkReasons(faults, `${at}.key`, key, labelKeyFaults(key));
    else if (operator !== 'Exists')
      faults.push(
        invalidValue(
          `${at}.operator`,
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    if (toleration.tolerationSeconds !== undefined && effect !== 'NoExecute')
      faults.push(
        invalidValue(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"),
      );
    checkOperator(faults, { operator, value }, at, comparing);
    if (effect) checkEffect(faults, effect, `${at}.effect`);
  }
}

function checkOperator(
  faults: FieldError[],
  { operator, value }: { readonly operator: string; readonly value: string },
  at: string,
  comparing: boolean,
): void {
  switch (operator) {
    case '':
    case 'Equal': {
      const reasons = labelValueFaults(value);
      if (reasons.length > 0) faults.push(invalidValue(`${at}.operator`, value, reasons.join(';')));
      return;
    }
    case 'Exists':
      if (value)
        faults.push(invalidValue(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
      return;
    case 'Lt':
    case 'Gt':
      if (!comparing) {
        faults.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists', 'Lt', 'Gt']));
        return;
      }
      checkReasons(faults, `${at}.value`, value, decimalIntegerFaults(value));
      if (!/^[-+]?\d+$/.test(value))
        faults.push(
          invalidValue(`${at}.value`, value, `strconv.ParseInt: parsing ${quoted(value)}: invalid syntax`),
        );
      return;
    default:
      faults.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']));
  }
}

export function checkTaints(faults: FieldError[], taints: readonly Taint[] | undefined, path: string): void {
  const seen = new Set<string>();
  for (const [index, taint] of (taints ?? []).entries()) {
    const at = `${path}[${index}]`;
    const { key, value = '', effect } = taint;
    checkReasons(faults, `${at}.key`, key, labelKeyFaults(key));
    const reasons = labelValueFaults(value);
    if (reasons.length > 0) faults.push(invalidValue(`${at}.value`, value, reasons.join(';')));
    if (!effect) faults.push(required(`${at}.effect`));
    else checkEffect(faults, effect, `${at}.effect`);
    const identity = `${effect} ${key}`;
    if (seen.has(identity))
      faults.push(
        duplicateValue(at, typedForm('Taint', taint), 'taints must be unique by key and effect pair'),
      );
    seen.add(identity);
  }
}
