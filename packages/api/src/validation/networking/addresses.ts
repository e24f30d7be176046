/** IPAddresses and ServiceCIDRs: which addresses Services have. */
import type { FieldError } from '#status.ts';
import type { IPAddress, ServiceCIDR } from '#types.generated.ts';
import { checkCIDR, checkIP, isIPv6 } from '#validation/addresses.ts';
import { checkReasons, invalidValue, required, sameJson } from '#validation/faults.ts';
import { dnsSubdomainFaults, pathSegmentFaults } from '#validation/names.ts';

/** An IPAddress is named by the address itself. */
export function addressNameFaults(name: string): string[] {
  const faults: FieldError[] = [];
  checkIP(faults, '', name);
  return faults.map(({ message }) => message.slice(message.indexOf(': ', 'Invalid value: '.length) + 2));
}

export function validateIPAddress({ spec }: IPAddress): FieldError[] {
  const faults: FieldError[] = [];
  const parent = spec?.parentRef;
  const path = 'spec.parentRef';
  if (!parent) return [required(path)];
  const { group, resource, name, namespace } = parent;
  if (group) checkReasons(faults, `${path}.group`, group, dnsSubdomainFaults(group));
  if (resource) checkReasons(faults, `${path}.resource`, resource, pathSegmentFaults(resource));
  if (name) checkReasons(faults, `${path}.name`, name, pathSegmentFaults(name));
  if (namespace) checkReasons(faults, `${path}.namespace`, namespace, pathSegmentFaults(namespace));
  if (!resource) faults.push(required(`${path}.resource`));
  if (!name) faults.push(required(`${path}.name`));
  return faults;
}

export function validateIPAddressUpdate(next: IPAddress, old: IPAddress): FieldError[] {
  const parent = next.spec?.parentRef;
  const faults = validateIPAddress(next);
  if (sameJson(parent, old.spec?.parentRef)) return faults;
  const { group = '', resource, namespace = '', name } = parent ?? {};
  const told =
    resource || name ? { Group: group, Resource: resource, Namespace: namespace, Name: name } : null;
  return [...faults, invalidValue('spec.parentRef', told, 'field is immutable')];
}

const path = 'spec.cidrs';

export function validateServiceCIDR({ spec }: ServiceCIDR): FieldError[] {
  const faults: FieldError[] = [];
  const cidrs = spec?.cidrs ?? [];
  if (cidrs.length === 0) return [required(path, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalidValue(path, { CIDRs: cidrs }, 'may only hold up to 2 values')];
  for (const [index, cidr] of cidrs.entries()) checkCIDR(faults, `${path}[${index}]`, cidr);
  const [first = '', second = ''] = cidrs.map((cidr) => cidr.split('/')[0]);
  if (cidrs.length === 2 && faults.length === 0 && isIPv6(first) === isIPv6(second))
    faults.push(
      invalidValue(
        path,
        cidrs,
        'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ),
    );
  return faults;
}

/** A second family may be added, nothing else may change. */
export function validateServiceCIDRUpdate(next: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const now = next.spec?.cidrs ?? [];
  const before = old.spec?.cidrs ?? [];
  const changed = (index: number): FieldError[] =>
    now[index] === before[index] ? [] : [invalidValue(`${path}[${index}]`, now[index], 'field is immutable')];
  if (now.length === before.length) return before.flatMap((_, index) => changed(index));
  if (before.length === 1 && now.length === 2) return [...changed(0), ...validateServiceCIDR(next)];
  return [invalidValue(path, next.spec?.cidrs ?? null, 'field is immutable')];
}
