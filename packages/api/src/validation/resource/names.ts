/** What devices, their pools, drivers and attributes may be called. */
import type { FieldError } from '#status.ts';
import { checkReasons, invalidValue, required, tooLong } from '#validation/faults.ts';
import { dnsLabelFaults, dnsSubdomainFaults, identifierFaults } from '#validation/names.ts';
import { checkCsiDriverName } from '#validation/volume-sources.ts';

/** Drivers of devices are called as those of volumes are. */
export const checkDriverName = checkCsiDriverName;

const poolNameLengthMax = 253;
const identifierLengthMax = 32;
const domainLengthMax = 63;
export const qualifiedNameLengthMax = domainLengthMax + 1 + identifierLengthMax;

/** Of devices, requests and counters. */
export function checkLabelName(faults: FieldError[], name: string, path: string): void {
  checkReasons(faults, path, name, dnsLabelFaults(name));
}

/** Of a set of counters, which must be named. */
export function checkCounterSetName(faults: FieldError[], name: string, path: string): void {
  if (name === '') faults.push(required(path));
  else checkLabelName(faults, name, path);
}

export function checkClassName(faults: FieldError[], name: string, path: string): void {
  if (name === '') faults.push(required(path));
  else checkReasons(faults, path, name, dnsSubdomainFaults(name));
}

export function checkPoolName(faults: FieldError[], name: string, path: string): void {
  if (name === '') {
    faults.push(required(path));
    return;
  }
  if (name.length > poolNameLengthMax) faults.push(tooLong(path, poolNameLengthMax));
  for (const part of name.split('/')) checkReasons(faults, path, part, dnsSubdomainFaults(part));
}

/** `name` or `domain/name`; with more slashes, anything. */
export function checkQualifiedName(faults: FieldError[], name: string, path: string): void {
  const [first = '', second, ...rest] = name.split('/');
  if (rest.length > 0) return;
  if (second === undefined) {
    checkIdentifier(faults, first, path);
    return;
  }
  if (first === '') faults.push(invalidValue(path, '', 'the domain must not be empty'));
  else checkDriverName(faults, first, path);
  if (second === '') faults.push(invalidValue(path, '', 'the name must not be empty'));
  else checkIdentifier(faults, second, path);
}

export function checkFullyQualifiedName(faults: FieldError[], name: string, path: string): void {
  checkQualifiedName(faults, name, path);
  if (!name.includes('/'))
    faults.push(
      invalidValue(path, name, 'a fully qualified name must be a domain and a name separated by a slash'),
    );
}

function checkIdentifier(faults: FieldError[], name: string, path: string): void {
  if (name.length > identifierLengthMax) faults.push(tooLong(path, identifierLengthMax));
  checkReasons(faults, path, name, identifierFaults(name));
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function checkUid(faults: FieldError[], uid: string, path: string): void {
  const why = uidFault(uid);
  if (why !== undefined) faults.push(invalidValue(path, uid, `error validating uid: ${why}`));
  else if (uid.length !== 36 || uid !== uid.toLowerCase())
    faults.push(
      invalidValue(
        path,
        uid,
        'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters',
      ),
    );
}

/** Other spellings of a UUID are read, too: bare, in braces, as a URN. */
function uidFault(uid: string): string | undefined {
  switch (uid.length) {
    case 32:
      return /^[0-9a-f]{32}$/i.test(uid) ? undefined : 'invalid UUID format';
    case 36:
      return uuid.test(uid) ? undefined : 'invalid UUID format';
    case 38:
      if (!uid.startsWith('{') || !uid.endsWith('}')) return 'invalid bracketed UUID format';
      return uuid.test(uid.slice(1, -1)) ? undefined : 'invalid UUID format';
    case 45:
      if (!uid.toLowerCase().startsWith('urn:uuid:')) return `invalid urn prefix: "${uid.slice(0, 9)}"`;
      return uuid.test(uid.slice(9)) ? undefined : 'invalid UUID format';
    default:
      return `invalid UUID length: ${new TextEncoder().encode(uid).length}`;
  }
}
