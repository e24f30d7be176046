/** What follows from a node's pod range alone, so that nobody has to tell it to others. IPv4. */

/** First address of a range: `10.12.3.0` of `10.12.3.0/24`. It belongs to the node's end of the tunnel between nodes. */
export function baseAddress(range: string): string {
  return range.slice(0, range.indexOf('/'));
}

/** Address of that end on the tunnel's link layer; locally administered, and never that of a network card. */
export function tunnelMac(range: string): string {
  const octets = baseAddress(range)
    .split('.')
    .map((octet) => Number(octet).toString(16).padStart(2, '0'));
  return ['0e', '53', ...octets].join(':');
}

export function isIpv4(addressOrRange: string): boolean {
  return !addressOrRange.includes(':');
}
