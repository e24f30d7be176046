/**
 * Which address families a Service gets, from what it asks for, what it had, and what the cluster has. In place.
 * Rules: https://kubernetes.io/docs/concepts/services-networking/dual-stack/
 */
import { invalidValue, serviceAddressFaults, type FieldError } from '@skerry/api';
import { familyOf, type Family } from '#allocation/network.ts';
import { sameList, type ServiceSpec } from '#allocation/service-spec.ts';

/** `clusterIP` is the first of `clusterIPs`: who knows the older field alone need not write both. */
export function alignAddresses(spec: ServiceSpec, old: ServiceSpec | undefined): void {
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  if (old.type !== 'ExternalName' && spec.type !== 'ExternalName') {
    spec.clusterIP ||= old.clusterIP;
    if (!spec.clusterIPs?.length && old.clusterIPs?.length) spec.clusterIPs = [...old.clusterIPs];
  }
  const [now = '', before = ''] = [spec.clusterIP, old.clusterIP];
  if (old.clusterIPs?.length && !spec.clusterIPs?.length && now === before)
    spec.clusterIPs = [...old.clusterIPs];
  if (now === before || !sameList(spec.clusterIPs, old.clusterIPs)) return;
  if (now === '') delete spec.clusterIPs;
  else spec.clusterIPs = [now];
}

/** Returns what is wrong with it; the first of `families` is the cluster's default. */
export function settleFamilies(
  spec: ServiceSpec,
  old: ServiceSpec | undefined,
  families: readonly Family[],
): FieldError[] {
  if (spec.type === 'ExternalName' || isSettled(spec, old)) return [];
  const isOpen = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.ipFamilyPolicy ?? (isOpen ? 'RequireDualStack' : 'SingleStack');
  const own = serviceAddressFaults(spec, old);
  if (own.length > 0) return own;

  const faults: FieldError[] = [];
  const refuse = (why: string) => faults.push(invalidValue('spec.ipFamilyPolicy', spec.ipFamilyPolicy, why));
  if (old) settleChange(spec, old, refuse);
  if (spec.ipFamilyPolicy === 'SingleStack') {
    const both = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
    if (spec.clusterIPs?.length === 2) refuse(`${both} cluster IPs are specified`);
    if (spec.ipFamilies?.length === 2) refuse(`${both} IP families are specified`);
  }
  faults.push(...inferFamilies(spec, families));
  if (faults.length > 0) return faults;

  // Whoever writes its endpoints may use either family, whatever the cluster has.
  if (isOpen) {
    if (!spec.ipFamilies?.length) spec.ipFamilies = families.slice(0, 1);
    if (spec.ipFamilyPolicy !== 'SingleStack') addOtherFamily(spec);
    return [];
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack' && families.length < 2)
    refuse('this cluster is not configured for dual-stack services');
  for (const [index, family] of (spec.ipFamilies ?? []).entries())
    if (!families.includes(family))
      faults.push(invalidValue(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
  if (faults.length > 0) return faults;
  if (!spec.ipFamilies?.length) spec.ipFamilies = families.slice(0, 1);
  if (spec.ipFamilyPolicy !== 'SingleStack' && families.length === 2) addOtherFamily(spec);
  return [];
}

/** A Service that takes what it can get is not changed because the cluster has. */
function isSettled(spec: ServiceSpec, old: ServiceSpec | undefined): boolean {
  return (
    old !== undefined &&
    spec.ipFamilyPolicy === 'PreferDualStack' &&
    (old.ipFamilyPolicy ?? 'PreferDualStack') === 'PreferDualStack' &&
    old.type === spec.type &&
    sameList(spec.clusterIPs, old.clusterIPs) &&
    sameList(spec.ipFamilies, old.ipFamilies)
  );
}

function settleChange(spec: ServiceSpec, old: ServiceSpec, refuse: (why: string) => void): void {
  if (spec.ipFamilyPolicy === 'SingleStack') {
    // To say so is enough; the first address stays.
    if (sameList(spec.clusterIPs, old.clusterIPs)) spec.clusterIPs = spec.clusterIPs?.slice(0, 1);
    if (sameList(spec.ipFamilies, old.ipFamilies)) spec.ipFamilies = spec.ipFamilies?.slice(0, 1);
    return;
  }
  if (isFewer(spec.clusterIPs, old.clusterIPs))
    refuse("must be 'SingleStack' to release the secondary cluster IP");
  if (isFewer(spec.ipFamilies, old.ipFamilies))
    refuse("must be 'SingleStack' to release the secondary IP family");
}

function isFewer(now: readonly string[] = [], before: readonly string[] = []): boolean {
  return now.length > 0 && now.length < before.length;
}

function inferFamilies(spec: ServiceSpec, families: readonly Family[]): FieldError[] {
  const faults: FieldError[] = [];
  for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
    if (address === 'None') break;
    if (index < (spec.ipFamilies?.length ?? 0)) continue;
    const family = familyOf(address);
    if (families.includes(family)) spec.ipFamilies = [...(spec.ipFamilies ?? []), family];
    else
      faults.push(
        invalidValue(
          `spec.clusterIPs[${index}]`,
          spec.clusterIPs,
          `${family} is not configured on this cluster`,
        ),
      );
  }
  return faults;
}

function addOtherFamily(spec: ServiceSpec): void {
  if (spec.ipFamilies?.length === 1) spec.ipFamilies.push(spec.ipFamilies[0] === 'IPv4' ? 'IPv6' : 'IPv4');
}
