/** Named formats. Documentation: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-format-library */
import {
  dns1035LabelFaults,
  dnsLabelFaults,
  dnsSubdomainFaults,
  labelKeyFaults,
  labelValueFaults,
} from '@skerry/api';
import { fn, type Library, method } from '#check/declarations.ts';
import { ArrayList } from '#values/collections.ts';
import { Optional } from '#values/optional.ts';
import { parseDate, parseTimestamp } from '#values/time.ts';
import { parseUrl } from '#values/url.ts';
import { Opaque } from '#values/value.ts';
import { listOf, optionalOf, stringType, Type } from '#types/type.ts';

const formatType = new Type('struct', 'kubernetes.NamedFormat');

type Faults = (text: string) => readonly string[];

class Format extends Opaque {
  readonly type = formatType;
  readonly name: string;
  readonly faults: Faults;
  /** Length of the expression that the format stands for, by which a validation costs. */
  readonly #patternLength: number;

  constructor(name: string, patternLength: number, faults: Faults) {
    super();
    this.name = name;
    this.#patternLength = patternLength;
    this.faults = faults;
  }

  override get size(): number {
    return this.#patternLength;
  }

  override equals(other: Opaque): boolean {
    return other instanceof Format && other.name === this.name;
  }
}

/** A name that something is appended to may end with a dash. */
function asPrefix(faults: Faults): Faults {
  return (text) => faults(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -1)}a` : text);
}

function unless(holds: (text: string) => boolean, fault: string): Faults {
  return (text) => (holds(text) ? [] : [fault]);
}

const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const formats: ReadonlyMap<string, Format> = new Map(
  (
    [
      ['dns1123Label', 30, dnsLabelFaults],
      ['dns1123Subdomain', 60, dnsSubdomainFaults],
      ['dns1035Label', 30, dns1035LabelFaults],
      ['qualifiedName', 60, labelKeyFaults],
      ['dns1123LabelPrefix', 30, asPrefix(dnsLabelFaults)],
      ['dns1123SubdomainPrefix', 60, asPrefix(dnsSubdomainFaults)],
      ['dns1035LabelPrefix', 30, asPrefix(dns1035LabelFaults)],
      ['labelValue', 40, labelValueFaults],
      [
        'uri',
        1103,
        (text: string) => {
          const url = parseUrl(text);
          return 'fault' in url ? [url.fault] : [];
        },
      ],
      ['uuid', 70, unless((text) => uuid.test(text), 'does not match the UUID format')],
      ['byte', 84, unless((text) => text !== '' && base64.test(text), 'invalid base64')],
      ['date', 71, unless((text) => parseDate(text) !== undefined, 'invalid date')],
      ['datetime', 71, unless((text) => parseTimestamp(text) !== undefined, 'invalid datetime')],
    ] satisfies (readonly [string, number, Faults])[]
  ).map(([name, length, faults]) => [name, new Format(name, length, faults)]),
);

export const formatLibrary: Library = [
  ...[...formats].map(([name, format]) =>
    fn(`format.${name}`, `format.${name}`, [], formatType, () => format),
  ),
  fn('format.named', 'format-named', [stringType], optionalOf(formatType), ([name]) => {
    return new Optional(formats.get(name as string));
  }),
  method(
    'validate',
    'format-validate',
    [formatType, stringType],
    optionalOf(listOf(stringType)),
    ([format, text]) => {
      const faults = (format as Format).faults(text as string);
      return faults.length === 0 ? Optional.none : new Optional(new ArrayList([...faults]));
    },
  ),
];
