import { labelKeyFaults, labelValueFaults, type LabelSelectorObject } from '#selector.ts';
import type { FieldError } from '#status.ts';
import { forbiddenField, invalidValue, invalidValues, required } from '#validation/faults.ts';
import { validateLabels } from '#validation/object-meta.ts';

export function isEmptySelector(selector: LabelSelectorObject | undefined): boolean {
  return (
    Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions?.length ?? 0) === 0
  );
}

export function validateLabelSelector(selector: LabelSelectorObject | undefined, path: string): FieldError[] {
  if (!selector) return [];
  const faults = validateLabels(selector.matchLabels, `${path}.matchLabels`);
  for (const [index, expression] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    const values = expression.values ?? [];
    switch (expression.operator) {
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
        faults.push(invalidValue(`${at}.operator`, expression.operator, 'not a valid selector operator'));
    }
    faults.push(...invalidValues(`${at}.key`, expression.key, labelKeyFaults(expression.key)));
    for (const [position, value] of values.entries())
      faults.push(...invalidValues(`${at}.values[${position}]`, value, labelValueFaults(value)));
  }
  return faults;
}
