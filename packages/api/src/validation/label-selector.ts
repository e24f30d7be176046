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
  for (const [index, expression] of (selector.matchExpressions ?? []).entries())
    checkLabelRequirement(faults, expression, `${path}.matchExpressions[${index}]`, { anyValues });
}

interface LabelRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** One expression of a selector. Those of nodes may also compare numbers. */
export function checkLabelRequirement(
  faults: FieldError[],
  { key, operator, values = [] }: LabelRequirement,
  path: string,
  { anyValues = false, numbers = false }: SelectorLeniency & { readonly numbers?: boolean },
): void {
  checkOperator(faults, operator, values, { path, numbers });
  checkReasons(faults, `${path}.key`, key, labelKeyFaults(key));
  if (anyValues) return;
  for (const [index, value] of values.entries())
    checkReasons(faults, `${path}.values[${index}]`, value, labelValueFaults(value));
}

function checkOperator(
  faults: FieldError[],
  operator: string,
  values: readonly string[],
  { path, numbers }: { readonly path: string; readonly numbers: boolean },
): void {
  const at = `${path}.values`;
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        faults.push(required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
      return;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        faults.push(forbiddenField(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      return;
    case 'Gt':
    case 'Lt':
      if (!numbers) break;
      if (values.length !== 1)
        faults.push(required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      return;
  }
  faults.push(invalidValue(`${path}.operator`, operator, 'not a valid selector operator'));
}
