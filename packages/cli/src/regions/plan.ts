/**
 * The layout of regions on one machine. Every machine stands in a network namespace of its own behind the NAT router of its
 * region, and all regions use the same private range, as unrelated sites do. The routers and the center meet on one
 * bridge, the stand-in for the Internet, in 198.18.0.0/15 (set aside for tests by RFC 2544).
 *
 *   center 198.18.S.1 ── bridge ──┬── router of region 1 (NAT) ── 192.168.0.0/24 ── machines .10, .11 …
 *                                 └── router of region 2 (NAT) ── 192.168.0.0/24 ── machines .10, .11 …
 *
 * Pure: names and addresses follow from the instance and the order of regions and machines alone.
 */
export interface InstancePlan {
  /** Four hex digits that keep the names of two instances on one machine apart. */
  readonly id: string;
  /** Third octet of the instance's part of 198.18.0.0/15, 0..255. */
  readonly subnet: number;
}

export interface RegionPlan {
  readonly region: string;
  readonly bridge: string;
  readonly centerAddress: string;
  readonly routerNamespace: string;
  /** The router's end on the bridge, as seen from the host. */
  readonly uplink: string;
  readonly publicAddress: string;
  readonly privateGateway: string;
}

export interface MachinePlan {
  readonly region: RegionPlan;
  readonly name: string;
  readonly namespace: string;
  /** The same in every region; only its region's router tells it apart. */
  readonly privateAddress: string;
}

/** Addresses of both follow from one octet. */
export const machinesPerRegionMax = 200;
export const regionsMax = 200;

export function bridgeName({ id }: InstancePlan): string {
  return `sk${id}`;
}

export function centerAddress({ subnet }: InstancePlan): string {
  return `198.18.${subnet}.1`;
}

export function planRegion(instance: InstancePlan, region: string, index: number): RegionPlan {
  return {
    region,
    bridge: bridgeName(instance),
    centerAddress: centerAddress(instance),
    routerNamespace: `skerry-${instance.id}-${region}-nat`,
    uplink: `sk${instance.id}u${index}`,
    publicAddress: `198.18.${instance.subnet}.${10 + index}`,
    privateGateway: '192.168.0.1',
  };
}

export function planMachine(
  instance: InstancePlan,
  region: RegionPlan,
  name: string,
  index: number,
): MachinePlan {
  return {
    region,
    name,
    namespace: `skerry-${instance.id}-${name}`,
    privateAddress: `192.168.0.${10 + index}`,
  };
}

export function namespacePath(namespace: string): string {
  return `/run/netns/${namespace}`;
}
