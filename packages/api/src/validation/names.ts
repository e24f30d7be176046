/**
 * Which texts may be names, with the API server's explanations. Each function gives the reasons against a text, none
 * when it is fine.
 * Rules: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
const labelFormat = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainFormat = `${labelFormat}(\\.${labelFormat})*`;
const label1035Format = '[a-z]([-a-z0-9]*[a-z0-9])?';
const keyFormat = '[-._a-zA-Z0-9]+';
const percentFormat = '[0-9]+%';
const portNameCharacters = /^[-a-z0-9]+$/;

const exact = (format: string): RegExp => new RegExp(`^${format}$`);
const labelPattern = exact(labelFormat);
const subdomainPattern = exact(subdomainFormat);
const label1035Pattern = exact(label1035Format);
const keyPattern = exact(keyFormat);
const percentPattern = exact(percentFormat);

const subdomainLengthMax = 253;
const labelLengthMax = 63;

function lengthFault(limit: number): string {
  return `must be no more than ${limit} bytes`;
}

function formatFault(what: string, examples: readonly string[], format: string): string {
  const listed = examples.map((example) => `'${example}'`).join(',  or ');
  return `${what} (e.g. ${listed}, regex used for validation is '${format}')`;
}

/** RFC 1123 label: names of namespaces, containers, volumes. */
export function dnsLabelFaults(text: string): string[] {
  const faults: string[] = [];
  if (text.length > labelLengthMax) faults.push(lengthFault(labelLengthMax));
  if (!labelPattern.test(text))
    faults.push(
      subdomainPattern.test(text)
        ? 'must not contain dots'
        : formatFault(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
            ['my-name', '123-abc'],
            labelFormat,
          ),
    );
  return faults;
}

/** RFC 1123 subdomain: names of most objects. */
export function dnsSubdomainFaults(text: string): string[] {
  const faults: string[] = [];
  if (text.length > subdomainLengthMax) faults.push(lengthFault(subdomainLengthMax));
  if (!subdomainPattern.test(text))
    faults.push(
      formatFault(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        ['example.com'],
        subdomainFormat,
      ),
    );
  return faults;
}

/** RFC 1035 label: names of Services. */
export function dns1035LabelFaults(text: string): string[] {
  const faults: string[] = [];
  if (text.length > labelLengthMax) faults.push(lengthFault(labelLengthMax));
  if (!label1035Pattern.test(text))
    faults.push(
      formatFault(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        ['my-name', 'abc-123'],
        label1035Format,
      ),
    );
  return faults;
}

/** Names that only have to fit into a URL path: roles and their bindings. */
export function pathSegmentFaults(text: string): string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  return ['/', '%']
    .filter((character) => text.includes(character))
    .map((character) => `may not contain '${character}'`);
}

/** Keys of ConfigMaps and Secrets. */
export function dataKeyFaults(text: string): string[] {
  const faults: string[] = [];
  if (text.length > subdomainLengthMax) faults.push(lengthFault(subdomainLengthMax));
  if (!keyPattern.test(text))
    faults.push(
      formatFault(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        ['key.name', 'KEY_NAME', 'key-name'],
        keyFormat,
      ),
    );
  else if (text === '.' || text === '..') faults.push(`must not be '${text}'`);
  else if (text.startsWith('..')) faults.push("must not start with '..'");
  return faults;
}

/** Names of environment variables: printable ASCII without `=`. */
export function envNameFaults(text: string): string[] {
  if (text === '') return ['environment variable name must be non-empty'];
  const faults: string[] = [];
  if (!/^[ -<>-~]+$/.test(text))
    faults.push(
      "a valid environment variable name must consist only of printable ASCII characters other than '='",
    );
  return faults;
}

/** Names of container ports: IANA_SVC_NAME. */
export function portNameFaults(text: string): string[] {
  const faults: string[] = [];
  if (text.length > 15) faults.push('must be no more than 15 characters');
  if (!portNameCharacters.test(text))
    faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(text)) faults.push('must contain at least one letter (a-z)');
  if (text.includes('--')) faults.push('must not contain consecutive hyphens');
  if (text.startsWith('-') || text.endsWith('-')) faults.push('must not begin or end with a hyphen');
  return faults;
}

export function portNumberFaults(port: number): string[] {
  return port >= 1 && port <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}

export function percentFaults(text: string): string[] {
  return percentPattern.test(text)
    ? []
    : [
        formatFault(
          "a valid percent string must be a numeric string followed by an ending '%'",
          ['1%', '93%'],
          percentFormat,
        ),
      ];
}

export function isIPv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

export function isIPv6(text: string): boolean {
  if (!text.includes(':') || !/^[0-9a-fA-F:.]+$/.test(text)) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  let count = groups.length;
  if (last.includes('.')) {
    if (!isIPv4(last)) return false;
    groups.pop();
    count += 1;
  }
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? count < 8 : count === 8;
}

export function ipFaults(text: string): string[] {
  return isIPv4(text) || isIPv6(text)
    ? []
    : ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
}

export function cidrFaults(text: string): string[] {
  const [address = '', bits = '', ...rest] = text.split('/');
  const limit = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  const good = rest.length === 0 && /^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= limit;
  return good ? [] : ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'];
}
