/** Classes of devices, what selects devices, and what is handed to their drivers. */
import type { FieldError } from '#status.ts';
import type { DeviceClass, DeviceClassConfiguration, DeviceSelector } from '#types.generated.ts';
import { invalidValue, required, sameJson, tooLong } from '#validation/faults.ts';
import { checkList } from '#validation/resource/collections.ts';
import { checkDriverName } from '#validation/resource/names.ts';
import { isExtendedResource } from '#validation/resources.ts';

const selectorsMax = 32;
export const configurationsMax = 32;
const expressionLengthMax = 10 * 1024;
const parametersLengthMax = 10 * 1024;

/** Whether an expression means anything is found by whoever can compile it. */
export function checkSelectors(
  faults: FieldError[],
  selectors: readonly DeviceSelector[] | undefined,
  path: string,
): void {
  checkList(faults, selectors, path, {
    max: selectorsMax,
    check: (all, { cel }, at) => {
      if (!cel) all.push(required(`${at}.cel`));
      else if (cel.expression.length > expressionLengthMax)
        all.push(tooLong(`${at}.cel.expression`, expressionLengthMax));
    },
  });
}

/** `stored`: parameters that were there before may be longer. */
export function checkConfiguration(
  faults: FieldError[],
  { opaque }: DeviceClassConfiguration,
  path: string,
  stored: boolean,
): void {
  if (!opaque) {
    faults.push(required(`${path}.opaque`));
    return;
  }
  checkDriverName(faults, opaque.driver, `${path}.opaque.driver`);
  checkRaw(faults, opaque.parameters, `${path}.opaque.parameters`, stored ? Infinity : parametersLengthMax);
}

/** Any object of JSON. */
export function checkRaw(faults: FieldError[], value: unknown, path: string, lengthMax: number): void {
  if (value === undefined || value === null) faults.push(required(path));
  else if (new TextEncoder().encode(JSON.stringify(value)).length > lengthMax)
    faults.push(tooLong(path, lengthMax));
  else if (typeof value !== 'object' || Array.isArray(value))
    faults.push(invalidValue(path, '<value omitted>', 'must be a valid JSON object'));
}

export function validateDeviceClass({ spec }: DeviceClass, old?: DeviceClass): FieldError[] {
  const faults: FieldError[] = [];
  const { selectors, config, extendedResourceName: resource } = spec ?? {};
  checkSelectors(faults, selectors, 'spec.selectors');
  const stored = old !== undefined && sameJson(config, old.spec?.config);
  checkList(faults, config, 'spec.config', {
    max: configurationsMax,
    check: (all, each, at) => checkConfiguration(all, each, at, stored),
  });
  if (resource !== undefined && !isExtendedResource(resource))
    faults.push(
      invalidValue('spec.extendedResourceName', resource, 'must be a valid extended resource name'),
    );
  return faults;
}
