/** Conditions of the common kind, as newer kinds report them. */
import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import {
  checkReasons,
  duplicateValue,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '#validation/faults.ts';
import { formatFault } from '#validation/names.ts';

export interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string;
  readonly reason?: string;
  readonly message?: string;
}

const statuses = ['False', 'True', 'Unknown'];
const reasonLengthMax = 1024;
const messageLengthMax = 32 * 1024;
const reasonFormat = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const reasonPattern = new RegExp(`^${reasonFormat}$`);

export function checkConditions(
  faults: FieldError[],
  conditions: readonly Condition[] | undefined,
  path: string,
): void {
  const types = new Set<string>();
  for (const [index, condition] of (conditions ?? []).entries()) {
    const at = `${path}[${index}]`;
    const { type = '', status = '', observedGeneration = 0, reason = '', message = '' } = condition;
    if (types.has(type)) faults.push(duplicateValue(`${at}.type`, type));
    types.add(type);
    checkReasons(faults, `${at}.type`, type, labelKeyFaults(type));
    if (!statuses.includes(status)) faults.push(notSupported(`${at}.status`, status, statuses));
    if (observedGeneration < 0)
      faults.push(
        invalidValue(`${at}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero'),
      );
    if (!condition.lastTransitionTime) faults.push(required(`${at}.lastTransitionTime`));
    if (!reason) faults.push(required(`${at}.reason`));
    else {
      if (!reasonPattern.test(reason))
        faults.push(
          invalidValue(
            `${at}.reason`,
            reason,
            formatFault(
              "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
              ['my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB'],
              reasonFormat,
            ),
          ),
        );
      if (reason.length > reasonLengthMax) faults.push(tooLong(`${at}.reason`, reasonLengthMax));
    }
    if (message.length > messageLengthMax) faults.push(tooLong(`${at}.message`, messageLengthMax));
  }
}
