import type { FieldError } from '#status.ts';
import type { DeviceAttribute } from '#types.generated.ts';
import { invalidValue, tooLong } from '#validation/faults.ts';
import { typedForm } from '#validation/typed-form.ts';

const valueLengthMax = 64;
const number = '(0|[1-9]\\d*)';
const preRelease = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const build = '[0-9a-zA-Z-]+';
const version = new RegExp(
  `^${number}\\.${number}\\.${number}(-${preRelease}(\\.${preRelease})*)?(\\+${build}(\\.${build})*)?$`,
);

/** One fact about a device, of one of four types. */
export function checkAttribute(faults: FieldError[], attribute: DeviceAttribute, path: string): void {
  const { string: text, version: number } = attribute;
  if (text !== undefined) checkLength(faults, text, `${path}.string`);
  if (number !== undefined) {
    const at = `${path}.version`;
    if (!version.test(number))
      faults.push(invalidValue(at, number, 'must be a string compatible with semver.org spec 2.0.0'));
    checkLength(faults, number, at);
  }
  const count = Object.values(attribute).filter((value) => value !== undefined).length;
  const why = 'exactly one value must be specified';
  if (count === 0) faults.push(invalidValue(path, '', why));
  else if (count > 1) faults.push(invalidValue(path, typedForm('resource.DeviceAttribute', attribute), why));
}

function checkLength(faults: FieldError[], text: string, path: string): void {
  if (text.length > valueLengthMax) faults.push(tooLong(path, valueLengthMax));
}
