/**
 * The selectors of an access review: by requirements or as text. A requirement that this server doesn't understand is left
 * out, and the answer says so: without it the question is a wider one, so no more is allowed than was asked for.
 */
import {
  type FieldError,
  fieldSelectorOf,
  labelKeyFaults,
  labelValueFaults,
  parseFieldSelector,
  parseLabelSelector,
} from '@skerry/api';

export interface SelectorAttributes {
  readonly rawSelector?: string;
  readonly requirements?: readonly Requirement[];
}

interface Requirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

export interface ReadSelector {
  /** As the query of a list has it; undefined when nothing is selected. */
  readonly text?: string;
  readonly evaluationError?: string;
}

const setOperators = new Set(['In', 'NotIn']);
const existenceOperators = new Set(['Exists', 'DoesNotExist']);

export function selectorFaults(
  selector: SelectorAttributes | undefined,
  path: string,
  { labels }: { readonly labels: boolean },
): FieldError[] {
  if (!selector) return [];
  const { rawSelector = '', requirements = [] } = selector;
  const faults: FieldError[] = [];
  if (rawSelector && requirements.length > 0) {
    faults.push(
      invalidValue(`${path}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'),
    );
  }
  if (!rawSelector && requirements.length === 0) {
    faults.push(
      required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`),
    );
  }
  requirements.forEach((requirement, index) => {
    const at = `${path}.requirements[${index}]`;
    const { key = '', values = [] } = requirement;
    if (!labels && key === '') faults.push(required(`${at}.key`, 'must be specified'));
    faults.push(...operatorFaults(requirement, at));
    if (!labels) return;
    faults.push(...labelKeyFaults(key).map((why) => invalidValue(`${at}.key`, key, why)));
    values.forEach((value, position) => {
      faults.push(
        ...labelValueFaults(value).map((why) => invalidValue(`${at}.values[${position}]`, value, why)),
      );
    });
  });
  return faults;
}

/** Unknown operators are those of newer clients, and no fault. */
function operatorFaults({ operator = '', values = [] }: Requirement, at: string): FieldError[] {
  if (setOperators.has(operator) && values.length === 0) {
    return [required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
  }
  if (existenceOperators.has(operator) && values.length > 0) {
    return [
      {
        reason: 'FieldValueForbidden',
        path: `${at}.values`,
        message: "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      },
    ];
  }
  return [];
}

export function readFieldSelector(selector: SelectorAttributes | undefined): ReadSelector {
  const { rawSelector = '', requirements = [] } = selector ?? {};
  if (rawSelector) return parsed(rawSelector, 'fieldSelector', parseFieldSelector);
  const known = requirements.flatMap(({ key = '', operator = '', values = [] }) =>
    setOperators.has(operator) && values.length === 1
      ? [{ field: key, operator: operator === 'In' ? ('=' as const) : ('!=' as const), value: values[0]! }]
      : [],
  );
  return {
    ...(known.length > 0 ? { text: fieldSelectorOf(known).text } : {}),
    ...ignored('fieldSelector', known.length, requirements.length),
  };
}

export function readLabelSelector(selector: SelectorAttributes | undefined): ReadSelector {
  const { rawSelector = '', requirements = [] } = selector ?? {};
  if (rawSelector) return parsed(rawSelector, 'labelSelector', parseLabelSelector);
  const known = requirements.flatMap(({ key = '', operator = '', values = [] }) => {
    const listed = `(${values.join(',')})`;
    switch (operator) {
      case 'In':
        return [`${key} in ${listed}`];
      case 'NotIn':
        return [`${key} notin ${listed}`];
      case 'Exists':
        return [key];
      case 'DoesNotExist':
        return [`!${key}`];
      default:
        return [];
    }
  });
  return {
    ...(known.length > 0 ? { text: known.join(',') } : {}),
    ...ignored('labelSelector', known.length, requirements.length),
  };
}

function parsed(text: string, field: string, parse: (text: string) => unknown): ReadSelector {
  try {
    parse(text);
    return { text };
  } catch {
    return ignored(field, 0, 1);
  }
}

function ignored(field: string, known: number, all: number): { evaluationError?: string } {
  if (known === all) return {};
  const partially = known > 0 ? 'partially ' : '';
  return {
    evaluationError: `spec.resourceAttributes.${field} ${partially}ignored due to parse error`,
  };
}

function invalidValue(path: string, value: unknown, why: string): FieldError {
  return { reason: 'FieldValueInvalid', path, message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}

function required(path: string, why: string): FieldError {
  return { reason: 'FieldValueRequired', path, message: `Required value: ${why}` };
}
