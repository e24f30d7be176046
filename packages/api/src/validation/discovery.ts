import { labelKeyFaults, labelValueFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { Endpoint, EndpointSlice } from '#types.generated.ts';
import { checkEndpointIP, checkIP, checkLegacyIP, isIPv4, isIPv6 } from '#validation/addresses.ts';
import {
  checkReasons,
  duplicateValue,
  invalidValue,
  notSupported,
  required,
  sameJson,
  tooMany,
} from '#validation/faults.ts';
import { dnsLabelFaults, dnsSubdomainFaults } from '#validation/names.ts';
import { checkLabels } from '#validation/object-meta.ts';
import { protocols } from '#validation/pod/containers.ts';

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const endpointsMax = 1000;
const addressesMax = 100;
const portsMax = 20_000;
const topologyMax = 16;
const hintsMax = 8;

export function validateEndpointSlice(slice: EndpointSlice, old?: EndpointSlice): FieldError[] {
  const faults: FieldError[] = [];
  checkPorts(faults, slice);
  const before = faults.length;
  checkEndpoints(faults, slice);
  // Endpoints that don't change keep their faults.
  if (faults.length > before && old && sameJson(slice.endpoints, old.endpoints)) faults.length = before;
  checkDeclared(faults, slice);
  return faults;
}

/** Declared rules come after written ones. */
function checkDeclared(faults: FieldError[], { addressType, endpoints }: EndpointSlice): void {
  if (!addressType) faults.push(required('addressType'));
  else if (!addressTypes.includes(addressType))
    faults.push(notSupported('addressType', addressType, addressTypes));
  for (const [index, { addresses = [] }] of (endpoints ?? []).entries()) {
    const at = `endpoints[${index}].addresses`;
    if (addresses.length === 0) faults.push(required(at, 'must contain at least 1 address'));
    else if (addresses.length > addressesMax) faults.push(tooMany(at, addresses.length, addressesMax));
  }
}

function checkPorts(faults: FieldError[], { ports }: EndpointSlice): void {
  const list = ports ?? [];
  if (list.length > portsMax) {
    faults.push(tooMany('ports', list.length, portsMax));
    return;
  }
  const names = new Set<string>();
  for (const [index, { name = '', protocol, appProtocol }] of list.entries()) {
    const at = `ports[${index}]`;
    if (name) checkReasons(faults, `${at}.name`, name, dnsLabelFaults(name));
    if (names.has(name)) faults.push(duplicateValue(`${at}.name`, name));
    names.add(name);
    if (protocol === undefined) faults.push(required(`${at}.protocol`));
    else if (!protocols.includes(protocol)) faults.push(notSupported(`${at}.protocol`, protocol, protocols));
    if (appProtocol !== undefined)
      checkReasons(faults, `${at}.appProtocol`, appProtocol, labelKeyFaults(appProtocol));
  }
}

function checkEndpoints(faults: FieldError[], { endpoints, addressType }: EndpointSlice): void {
  const list = endpoints ?? [];
  if (list.length > endpointsMax) {
    faults.push(tooMany('endpoints', list.length, endpointsMax));
    return;
  }
  for (const [index, endpoint] of list.entries()) {
    const at = `endpoints[${index}]`;
    const { addresses, nodeName, deprecatedTopology, hostname, hints } = endpoint;
    for (const [position, address] of addresses.entries())
      checkAddress(
        faults,
        address,
        { at: `${at}.addresses[${position}]`, list: `${at}.addresses` },
        addressType,
      );
    if (nodeName !== undefined)
      checkReasons(faults, `${at}.nodeName`, nodeName, dnsSubdomainFaults(nodeName));
    const topology = Object.keys(deprecatedTopology ?? {}).length;
    if (topology > topologyMax) faults.push(tooMany(`${at}.deprecatedTopology`, topology, topologyMax));
    checkLabels(faults, deprecatedTopology, `${at}.deprecatedTopology`);
    if (hostname !== undefined) checkReasons(faults, `${at}.hostname`, hostname, dnsLabelFaults(hostname));
    if (hints) checkHints(faults, hints, `${at}.hints`);
  }
}

function checkAddress(
  faults: FieldError[],
  address: string,
  { at, list }: { readonly at: string; readonly list: string },
  type: string,
): void {
  const before = faults.length;
  switch (type) {
    case 'IPv4':
      checkLegacyIP(faults, at, address);
      if (faults.length > before) return;
      if (!isIPv4(address)) faults.push(invalidValue(list, address, 'must be an IPv4 address'));
      checkEndpointIP(faults, at, address);
      return;
    case 'IPv6':
      checkIP(faults, at, address);
      if (faults.length > before) return;
      if (!isIPv6(address)) faults.push(invalidValue(list, address, 'must be an IPv6 address'));
      checkEndpointIP(faults, at, address);
      return;
    case 'FQDN':
      checkDomainName(faults, address, at);
  }
}

/** At least two labels; one dot at the end may stand for the root. */
export function checkDomainName(faults: FieldError[], text: string, path: string): void {
  if (!text) {
    faults.push(required(path));
    return;
  }
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  const reasons = dnsSubdomainFaults(name);
  if (reasons.length > 0) {
    faults.push(invalidValue(path, name, reasons.join(',')));
    return;
  }
  const labels = name.split('.');
  if (labels.length < 2) {
    faults.push(invalidValue(path, name, 'should be a domain with at least two segments separated by dots'));
    return;
  }
  for (const label of labels) {
    const why = dnsLabelFaults(label);
    if (why.length === 0) continue;
    faults.push(invalidValue(path, label, why.join(',')));
    return;
  }
}

function checkHints(faults: FieldError[], hints: NonNullable<Endpoint['hints']>, path: string): void {
  for (const field of ['forZones', 'forNodes'] as const) {
    const list = hints[field] ?? [];
    const at = `${path}.${field}`;
    if (list.length > hintsMax) {
      faults.push(tooMany(at, list.length, hintsMax));
      return;
    }
    const names = new Set<string>();
    for (const [index, { name = '' }] of list.entries()) {
      const here = `${at}[${index}].name`;
      if (names.has(name)) faults.push(duplicateValue(here, name));
      names.add(name);
      checkReasons(
        faults,
        here,
        name,
        field === 'forZones' ? labelValueFaults(name) : dnsSubdomainFaults(name),
      );
    }
  }
}

export function validateEndpointSliceUpdate(next: EndpointSlice, old: EndpointSlice): FieldError[] {
  const faults = validateEndpointSlice(next, old);
  if (next.addressType !== old.addressType)
    faults.push(invalidValue('addressType', next.addressType, 'field is immutable'));
  return faults;
}
