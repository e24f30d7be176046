/**
 * Which addresses of a pool a Service of type LoadBalancer gets: one of each family that it has; pure. With one family all
 * or nothing, and so with `RequireDualStack`; with `PreferDualStack` what there is, as MetalLB does it.
 * https://metallb.io/usage/#ipv6-and-dual-stack-services
 */
import { isIP } from 'node:net';
import { canonicalAddress } from '@skerry/api';
import type { Service } from '@skerry/api';
import {
  addressesAnnotation,
  familyOf,
  freeAddress,
  isInRanges,
} from '#edge/load-balancer/address-ranges.ts';
import type { AddressRange, IPFamily } from '#edge/load-balancer/address-ranges.ts';

/** What a Service asks for. */
export interface Asked {
  readonly families: readonly IPFamily[];
  readonly policy: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
  /** Certain addresses; a family without one gets any. */
  readonly addresses: ReadonlyMap<IPFamily, string>;
}

export interface PoolAddresses {
  readonly pool: string;
  readonly ranges: readonly AddressRange[];
  /** In canonical spelling: those of other Services, and of machines. */
  readonly taken: ReadonlySet<string>;
}

export interface Allocation {
  /** In the order of the Service's families. */
  readonly addresses: readonly string[];
  /** Why there is none at all. */
  readonly faults: readonly string[];
  /** Why one of two families has none, where the other has. */
  readonly shortages: readonly string[];
}

/** A sentence instead where what it asks for is nothing that one can have. */
export function askedBy({ spec = {}, metadata }: Service): Asked | string {
  const { ipFamilyPolicy, loadBalancerIP } = spec;
  const families = familiesOf(spec);
  const listed = metadata.annotations?.[addressesAnnotation];
  if (listed !== undefined && loadBalancerIP)
    return `service can not have both ${addressesAnnotation} and svc.Spec.LoadBalancerIP`;
  const texts = (listed ?? loadBalancerIP ?? '').split(',').map((text) => text.trim());
  const addresses = new Map<IPFamily, string>();
  for (const text of texts.filter((each) => each !== '')) {
    if (isIP(text) === 0 || text.includes('%'))
      return listed === undefined
        ? `invalid spec.loadBalancerIP "${text}"`
        : `invalid ${addressesAnnotation}: "${listed}"`;
    const address = canonicalAddress(text);
    if (addresses.has(familyOf(address))) return `two addresses of one family are asked for: "${listed}"`;
    if (!families.includes(familyOf(address)))
      return `requested loadBalancer IP(s) ["${text}"] does not match the ipFamily of the service`;
    addresses.set(familyOf(address), address);
  }
  const isKnown = ipFamilyPolicy === 'PreferDualStack' || ipFamilyPolicy === 'RequireDualStack';
  return { families, policy: isKnown ? ipFamilyPolicy : 'SingleStack', addresses };
}

function familiesOf({ ipFamilies = [], clusterIPs = [] }: NonNullable<Service['spec']>): IPFamily[] {
  const named = ipFamilies.filter((family) => family === 'IPv4' || family === 'IPv6');
  if (named.length > 0) return named;
  const [first] = clusterIPs;
  return [first === undefined ? 'IPv4' : familyOf(first)];
}

/** `kept` are the addresses that the Service has in the pool: those that it may have, it keeps. */
export function allocate(asked: Asked, pool: PoolAddresses, kept: readonly string[]): Allocation {
  const addresses: string[] = [];
  const faults: string[] = [];
  const shortages: string[] = [];
  for (const family of asked.families) {
    const found = addressOf(family, { asked, pool, kept });
    if ('address' in found) addresses.push(found.address);
    else {
      faults.push(found.fault);
      // Who prefers both is content where the pool has but one.
      if (asked.addresses.has(family) || hasFamily(pool.ranges, family)) shortages.push(found.fault);
    }
  }
  const isEnough = faults.length === 0 || (asked.policy === 'PreferDualStack' && addresses.length > 0);
  return isEnough ? { addresses, faults: [], shortages } : { addresses: [], faults, shortages: [] };
}

export function hasFamily(ranges: readonly AddressRange[], family: IPFamily): boolean {
  return ranges.some((range) => range.family === family);
}

function addressOf(
  family: IPFamily,
  { asked, pool, kept }: { asked: Asked; pool: PoolAddresses; kept: readonly string[] },
): { readonly address: string } | { readonly fault: string } {
  const { ranges, taken } = pool;
  const wanted = asked.addresses.get(family);
  const old = kept.find((address) => familyOf(address) === family);
  const mayStay = old !== undefined && (wanted === undefined || wanted === old);
  if (mayStay && isInRanges(old, ranges) && !taken.has(old)) return { address: old };
  if (wanted !== undefined) {
    if (!isInRanges(wanted, ranges)) return { fault: `"${wanted}" is not allowed in config` };
    return taken.has(wanted) ? { fault: `"${wanted}" is used by another service` } : { address: wanted };
  }
  const address = freeAddress(ranges, family, (one) => taken.has(one));
  if (address !== undefined) return { address };
  return {
    fault: hasFamily(ranges, family)
      ? `no available IPs in pool "${pool.pool}" for ${family.toLowerCase()} IPFamily`
      : `pool "${pool.pool}" has no range of ${family} addresses`,
  };
}
