import { labelKeyFaults, labelValueFaults, type LabelSelectorObject } from '#selector.ts';
import type { FieldError } from '#status.ts';
import { checkReasons, forbiddenField, invalidValue, required } from '#validation/faults.ts';
import { checkLabels } from '#validation/object-meta.ts';

export function isEmptySelector(selector: LabelSelectorObject | undefined): boolean {
  return (
    Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions?.length ?? 0) === 0
  );
}

export interface SelectorLeniency {
  /** Whether the object had such values before rules against them were made. */
  readonly anyValues?: boolean;
}

export function validateLabelSelector(selector: LabelSelectorObject | undefined, path: string): FieldError[] {
  const faults: FieldError[] = [];
  checkLabelSelector(faults, selector, path);
  return faults;
}

export function checkLabelSelector(
  faults: FieldError[],
  selector: LabelSelectorObject | undefined,
  path: string,
  { anyValues = false }: SelectorLeniency = {},
): void {
  if (!selector) return;
  checkLabels(faults, selector.matchLabels, `${path}.matchLabels`);
  for (const [index, expression] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    const values = expression.values ?? [];
    checkOperator(faults, at, expression.operator, values);
    checkReasons(faults, `${at}.key`, expression.key, labelKeyFaults(expression.key));
    if (anyValues) continue;
    for (const [position, value] of values.entries())
      checkReasons(faults, `${at}.values[${position}]`, value, labelValueFaults(value));
  }
}

function checkOperator(faults: FieldError[], at: string, operator: string, values: readonly string[]): void {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        faults.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        faults.push(
          forbiddenField(
            `${at}.values`,
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
          ),
        );
      break;
    default:
      faults.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'));
  }
}
