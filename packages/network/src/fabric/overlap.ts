/**
 * Whether the range that a machine was given for its pods is one that it stands in itself. A bridge with such addresses would
 * take the machine off its own network, so it is looked at before there is one.
 */
import type { PoolNetworkStatus } from '@skerry/api';
import { AddressRanges, parseAddress } from '#crossing/address-ranges.ts';
import { baseAddress } from '#fabric/ranges.ts';
import type { Link } from '#kernel/links.ts';

/** The pods' bridge, and what begins with `skerry-`, have addresses of the range by right. */
const ownBridge = 'cni0';

/** As a sentence for people; undefined where all is well. */
export function overlapOf(
  { members }: PoolNetworkStatus,
  { nodeName, links }: { readonly nodeName: string; readonly links: readonly Link[] },
): string | undefined {
  const own = members.find(({ node }) => node === nodeName)?.podCIDRs ?? [];
  for (const { ifname, addr_info: held } of links) {
    if (ifname === ownBridge || ifname.startsWith('skerry-')) continue;
    for (const { local = '', prefixlen } of held) {
      const range = own.find((each) => areOverlapping(each, `${local}/${prefixlen}`));
      if (range !== undefined)
        return `the range of this node's pods, ${range}, overlaps the network of its interface ${ifname} (${local}/${prefixlen}); a cluster that has such machines needs another --cluster-cidr`;
    }
  }
  return undefined;
}

function areOverlapping(one: string, other: string): boolean {
  return isIn(baseAddress(one), other) || isIn(baseAddress(other), one);
}

function isIn(address: string, range: string): boolean {
  const bits = parseAddress(address);
  return bits !== undefined && new AddressRanges([range]).has(bits);
}
