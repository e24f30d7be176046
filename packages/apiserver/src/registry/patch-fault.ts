import { ApiError, isApiError, patchText } from '@skerry/api';

/**
 * What a stock server says of a patch that makes something else than an object of the kind. It tells of a strategic merge in
 * the words of a converter of maps, and of the others in those of a reader of JSON, with the whole text that it read.
 * Returns undefined for a fault of another kind.
 */
export function patchFault(
  error: unknown,
  type: 'json' | 'merge' | 'strategic',
  given: {
    readonly patch: unknown;
    readonly patched: unknown;
  },
): ApiError | undefined {
  if (!isApiError(error, 'BadRequest')) return undefined;
  const why = /^.*? cannot be handled as a \S+: (.*)$/s.exec(error.message)?.[1];
  if (why === undefined) return undefined;
  const [shown, fault] =
    type === 'strategic'
      ? [patchText(given.patch), conversionFault(why)]
      : [JSON.stringify(sorted(given.patched)), why];
  const message = `Invalid value: ${JSON.stringify(shown)}: ${fault}`;
  return new ApiError('Invalid', ` "" is invalid: patch: ${message}`, {
    details: { causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }] },
  });
}

const unmarshalled = /cannot unmarshal (\w+)(?: (\S+))? into Go (?:struct field \S+|value) of type (.+)$/;
const scalars: ReadonlySet<string> = new Set(['string', 'bool', 'int32', 'int64', 'float64']);

function conversionFault(why: string): string {
  const [, json = '', digits = '', target = ''] = unmarshalled.exec(why) ?? [];
  if (!target) return why;
  const fraction = json === 'number' && /[.eE]/.test(digits);
  const source = fraction ? 'float64' : (sources[json] ?? json);
  if (target.startsWith('map[')) return `cannot restore map from ${source}`;
  if (target.startsWith('[]')) return `cannot restore slice from ${source}`;
  if (!scalars.has(target)) return `cannot restore struct from: ${source}`;
  const converts = (source === 'int64' && target === 'string') || (fraction && target.startsWith('int'));
  return converts ? `cannot convert ${source} to ${target}` : `unrecognized type: ${target}`;
}

const sources: Readonly<Record<string, string>> = { number: 'int64', array: 'slice', object: 'map' };

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
