/**
 * Which texts may be names, with the API server's explanations. Each function gives the reasons against a text, none
 * when it is fine.
 * Rules: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
const labelFormat = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainFormat = `${labelFormat}(\\.${labelFormat})*`;
const underscoreLabelFormat = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const underscoreFormat = `${underscoreLabelFormat}(\\.${underscoreLabelFormat})*`;
const label1035Format = '[a-z]([-a-z0-9]*[a-z0-9])?';
const wildcardFormat = `\\*\\.${subdomainFormat}`;
const keyFormat = '[-._a-zA-Z0-9]+';
const percentFormat = '[0-9]+%';
const headerFormat = '[-A-Za-z0-9]+';
const identifierFormat = '[A-Za-z_][A-Za-z0-9_]*';
const httpPathFormat = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

const exact = (format: string): RegExp => new RegExp(`^${format}$`);
const labelPattern = exact(labelFormat);
const subdomainPattern = exact(subdomainFormat);
const underscorePattern = exact(underscoreFormat);
const label1035Pattern = exact(label1035Format);
const wildcardPattern = exact(wildcardFormat);
const keyPattern = exact(keyFormat);
const percentPattern = exact(percentFormat);
const headerPattern = exact(headerFormat);
const identifierPattern = exact(identifierFormat);
const httpPathPattern = exact(httpPathFormat);
const printablePattern = /^[ -<>-~]*$/;
const portNameCharacters = /^[-a-z0-9]+$/;

const subdomainLengthMax = 253;
const labelLengthMax = 63;
const portNameLengthMax = 15;

/** Most names are fine; they share one answer. */
const fine: string[] = [];

export function lengthFault(limit: number, unit: 'characters' | 'bytes' = 'characters'): string {
  return `must be no more than ${limit} ${unit}`;
}

/** `what (e.g. 'a',  or 'b', regex used for validation is '…')` */
export function formatFault(what: string, examples: readonly string[], format: string): string {
  if (examples.length === 0) return `${what} (regex used for validation is '${format}')`;
  const listed = examples.map((example) => `'${example}'`).join(',  or ');
  return `${what} (e.g. ${listed}, regex used for validation is '${format}')`;
}

function faultsOf(tooLong: string | undefined, badFormat: string | undefined): string[] {
  if (tooLong === undefined && badFormat === undefined) return fine;
  return [tooLong, badFormat].filter((fault) => fault !== undefined);
}

/** RFC 1123 label: names of namespaces, containers, volumes. */
export function dnsLabelFaults(text: string): string[] {
  const long = text.length > labelLengthMax;
  if (!long && labelPattern.test(text)) return fine;
  return faultsOf(long ? lengthFault(labelLengthMax) : undefined, labelFormatFault(text));
}

function labelFormatFault(text: string): string | undefined {
  if (labelPattern.test(text)) return undefined;
  return subdomainPattern.test(text)
    ? 'must not contain dots'
    : formatFault(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
        ['my-name', '123-abc'],
        labelFormat,
      );
}

/** RFC 1123 subdomain: names of most objects. `unit` is what declared rules count in. */
export function dnsSubdomainFaults(text: string, unit: 'characters' | 'bytes' = 'characters'): string[] {
  return faultsOf(
    text.length > subdomainLengthMax ? lengthFault(subdomainLengthMax, unit) : undefined,
    subdomainPattern.test(text)
      ? undefined
      : formatFault(
          "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
          ['example.com'],
          subdomainFormat,
        ),
  );
}

/** As the declared rules have it, which count bytes. */
export const longNameFaults = (text: string): string[] => dnsSubdomainFaults(text, 'bytes');

/** Names of DNS search domains: a subdomain whose parts may have underscores. */
export function dnsSearchFaults(text: string): string[] {
  return faultsOf(
    text.length > subdomainLengthMax ? lengthFault(subdomainLengthMax) : undefined,
    underscorePattern.test(text)
      ? undefined
      : formatFault(
          "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
          ['example.com'],
          underscoreFormat,
        ),
  );
}

/** RFC 1035 label: begins with a letter. */
export function dns1035LabelFaults(text: string): string[] {
  return faultsOf(
    text.length > labelLengthMax ? lengthFault(labelLengthMax) : undefined,
    label1035Pattern.test(text)
      ? undefined
      : formatFault(
          "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
          ['my-name', 'abc-123'],
          label1035Format,
        ),
  );
}

/** `*.example.com` */
export function wildcardFaults(text: string): string[] {
  return faultsOf(
    text.length > subdomainLengthMax ? lengthFault(subdomainLengthMax) : undefined,
    wildcardPattern.test(text)
      ? undefined
      : formatFault(
          "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
          ['*.example.com'],
          wildcardFormat,
        ),
  );
}

/** Names that only have to fit into a URL path: roles and their bindings. */
export function pathSegmentFaults(text: string): string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  if (!text.includes('/') && !text.includes('%')) return fine;
  return ['/', '%']
    .filter((character) => text.includes(character))
    .map((character) => `may not contain '${character}'`);
}

/** Keys of ConfigMaps and Secrets. */
export function dataKeyFaults(text: string): string[] {
  const short = text.length <= subdomainLengthMax;
  if (short && keyPattern.test(text) && !text.startsWith('.')) return fine;
  const faults: string[] = [];
  if (!short) faults.push(lengthFault(subdomainLengthMax));
  if (!keyPattern.test(text))
    faults.push(
      formatFault(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        ['key.name', 'KEY_NAME', 'key-name'],
        keyFormat,
      ),
    );
  if (text === '.' || text === '..') faults.push(`must not be '${text}'`);
  else if (text.startsWith('..')) faults.push("must not start with '..'");
  return faults;
}

/** Names of environment variables: printable ASCII without `=`. */
export function envNameFaults(text: string): string[] {
  if (text === '') return ['environment variable name must be non-empty'];
  if (printablePattern.test(text)) return fine;
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** Names of container ports: IANA_SVC_NAME. */
export function portNameFaults(text: string): string[] {
  const faults: string[] = [];
  if (text.length > portNameLengthMax) faults.push(lengthFault(portNameLengthMax));
  if (!portNameCharacters.test(text))
    faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(text)) faults.push('must contain at least one letter (a-z)');
  if (text.includes('--')) faults.push('must not contain consecutive hyphens');
  if (text.startsWith('-') || text.endsWith('-')) faults.push('must not begin or end with a hyphen');
  return faults;
}

export function portNumberFaults(port: number): string[] {
  return port >= 1 && port <= 65535 ? fine : ['must be between 1 and 65535, inclusive'];
}

export function percentFaults(text: string): string[] {
  return percentPattern.test(text)
    ? fine
    : [
        formatFault(
          "a valid percent string must be a numeric string followed by an ending '%'",
          ['1%', '93%'],
          percentFormat,
        ),
      ];
}

export function headerNameFaults(text: string): string[] {
  return headerPattern.test(text)
    ? fine
    : [
        formatFault(
          "a valid HTTP header must consist of alphanumeric characters or '-'",
          ['X-Header-Name'],
          headerFormat,
        ),
      ];
}

export function identifierFaults(text: string): string[] {
  return identifierPattern.test(text)
    ? fine
    : [
        formatFault(
          "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
          ['my_name', 'MY_NAME', 'MyName'],
          identifierFormat,
        ),
      ];
}

/** The path after the domain of `example.com/path`. */
export function httpPathFaults(text: string): string[] {
  return httpPathPattern.test(text) ? fine : [formatFault('Invalid path', [], httpPathFormat)];
}

/** A whole number in its one canonical spelling. */
export function decimalIntegerFaults(text: string): string[] {
  if (text === '') return ['must be non-empty'];
  return /^(0|-?[1-9]\d*)$/.test(text) ? fine : ['must be a valid decimal integer in canonical form'];
}
