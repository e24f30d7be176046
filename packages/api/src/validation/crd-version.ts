/** Rules of one version of a definition. */
import type { FieldError } from '#status.ts';
import type { CustomResourceDefinitionVersion } from '#types.generated.ts';
import { invalidValue, required } from '#validation/faults.ts';

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const warningLengthMax = 256;

export function deprecationFaults(
  { deprecated, deprecationWarning }: CustomResourceDefinitionVersion,
  at: string,
): FieldError[] {
  if (deprecationWarning === undefined) return [];
  const say = (why: string): FieldError => invalidValue(`${at}.deprecationWarning`, deprecationWarning, why);
  if (!deprecated) return [say('can only be set for deprecated versions')];
  const faults: FieldError[] = [];
  if (deprecationWarning.length > warningLengthMax)
    faults.push(say(`must be <= ${warningLengthMax} characters long`));
  if (deprecationWarning === '') faults.push(say('must not be an empty string'));
  const unprintable = deprecationWarning.search(/[^\P{C}]/u);
  if (unprintable !== -1)
    faults.push(
      say(
        `must only contain printable UTF-8 characters; non-printable character found at index ${unprintable}`,
      ),
    );
  return faults;
}

export function columnFaults(
  { additionalPrinterColumns = [] }: CustomResourceDefinitionVersion,
  at: string,
): FieldError[] {
  const faults: FieldError[] = [];
  for (const [index, { name, type, format, jsonPath }] of additionalPrinterColumns.entries()) {
    const path = `${at}[${index}]`;
    if (!name) faults.push(required(`${path}.name`));
    const known = `must be one of ${columnTypes.join(',')}`;
    if (!type) faults.push(required(`${path}.type`, known));
    else if (!columnTypes.includes(type)) faults.push(invalidValue(`${path}.type`, type, known));
    if (format && !columnFormats.includes(format))
      faults.push(invalidValue(`${path}.format`, format, `must be one of ${columnFormats.join(',')}`));
    if (!jsonPath) faults.push(required(`${path}.JSONPath`));
    else faults.push(...simplePathFaults(jsonPath, `${path}.JSONPath`));
  }
  return faults;
}

export function subresourceFaults(
  { subresources }: CustomResourceDefinitionVersion,
  at: string,
): FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  return [
    ...pathFaults(specReplicasPath, `${at}.scale.specReplicasPath`, ['.spec.']),
    ...pathFaults(statusReplicasPath, `${at}.scale.statusReplicasPath`, ['.status.']),
    ...(labelSelectorPath
      ? pathFaults(labelSelectorPath, `${at}.scale.labelSelectorPath`, ['.spec.', '.status.'])
      : []),
  ];
}

function pathFaults(jsonPath: string, at: string, roots: readonly string[]): FieldError[] {
  if (!jsonPath) return [required(at)];
  const faults = simplePathFaults(jsonPath, at);
  if (faults.length > 0 || roots.some((root) => jsonPath.startsWith(root))) return faults;
  const where = roots.length === 1 ? roots[0]!.slice(0, -1) : 'either .spec or .status';
  return [invalidValue(at, jsonPath, `should be a json path under ${where}`)];
}

function simplePathFaults(jsonPath: string, at: string): FieldError[] {
  return jsonPath.startsWith('.')
    ? []
    : [invalidValue(at, jsonPath, 'must be a simple json path starting with .')];
}
