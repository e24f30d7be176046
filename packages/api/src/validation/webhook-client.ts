import type { FieldError } from '#status.ts';
import { invalidValue, invalidValues, required } from '#validation/faults.ts';
import { dnsSubdomainFaults } from '#validation/names.ts';

export interface ClientConfig {
  readonly url?: string;
  readonly service?: {
    readonly namespace?: string;
    readonly name?: string;
    readonly path?: string;
    readonly port?: number;
  };
  readonly caBundle?: string;
}

const form = '; desired format: https://host[/path]';

/** Where a webhook is called: by URL or by Service. */
export function validateClientConfig(config: ClientConfig, at: string): FieldError[] {
  const { url, service } = config;
  const faults: FieldError[] = [];
  if ((url === undefined) === (service === undefined)) {
    faults.push(required(at, 'exactly one of url or service is required'));
  } else if (url !== undefined) faults.push(...urlFaults(url, `${at}.url`));
  else if (service) faults.push(...serviceFaults(service, `${at}.service`));
  return faults;
}

/** An authority that webhooks are trusted by is one that can be read. */
export function validateAuthorities(caBundle: string | undefined, at: string): FieldError[] {
  if (!caBundle || holdsCertificate(caBundle)) return [];
  const why = 'unable to load root certificates: unable to parse bytes as PEM block';
  return [invalidValue(at, caBundle, why)];
}

/** Only blanks count as none. */
function holdsCertificate(caBundle: string): boolean {
  try {
    const text = atob(caBundle);
    return text.trim() === '' || text.includes('-----BEGIN CERTIFICATE-----');
  } catch {
    return false;
  }
}

function urlFaults(text: string, at: string): FieldError[] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) {
    const faults = text.includes('://')
      ? []
      : [invalidValue(at, '', `'https' is the only allowed URL scheme${form}`)];
    return [...faults, invalidValue(at, '', `host must be specified${form}`)];
  }
  const faults: FieldError[] = [];
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'https')
    faults.push(invalidValue(at, scheme, `'https' is the only allowed URL scheme${form}`));
  if (url.host === '') faults.push(invalidValue(at, '', `host must be specified${form}`));
  if (url.username !== '' || url.password !== '') {
    const user = url.password === '' ? url.username : `${url.username}:${url.password}`;
    faults.push(invalidValue(at, user, 'user information is not permitted in the URL'));
  }
  if (url.hash.length > 1) {
    faults.push(invalidValue(at, url.hash.slice(1), 'fragments are not permitted in the URL'));
  }
  if (url.search.length > 1) {
    faults.push(invalidValue(at, url.search.slice(1), 'query parameters are not permitted in the URL'));
  }
  return faults;
}

function serviceFaults(service: NonNullable<ClientConfig['service']>, at: string): FieldError[] {
  const { name, namespace, path = '', port = 443 } = service;
  const faults: FieldError[] = [];
  // A stock server takes the one for the other when it says what is missing.
  if (!namespace) faults.push(required(`${at}.name`));
  if (!name) faults.push(required(`${at}.namespace`));
  if (port < 1 || port > 65_535) {
    faults.push(
      invalidValue(`${at}.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'),
    );
  }
  return [...faults, ...pathFaults(path, `${at}.path`)];
}

function pathFaults(path: string, at: string): FieldError[] {
  if (path === '' || path === '/') return [];
  if (path === '//') return [invalidValue(at, path, 'segment[0] may not be empty')];
  const faults = path.startsWith('/') ? [] : [invalidValue(at, path, "must start with a '/'")];
  const steps = path.slice(1).replace(/\/$/, '').split('/');
  for (const [index, step] of steps.entries()) {
    const why = step === '' ? [`segment[${index}] may not be empty`] : segmentFaults(step, index);
    faults.push(...invalidValues(at, path, why));
  }
  return faults;
}

function segmentFaults(step: string, index: number): string[] {
  return dnsSubdomainFaults(step).map((fault) => `segment[${index}]: ${fault}`);
}
