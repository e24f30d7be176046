/**
 * The packet rules that a node's pods need, as a script for `nft`: pods leave the cluster under their node's address, and
 * ports of the node lead to pods that ask for them. Everything lies in one table that is replaced as a whole, in one step, so that
 * no packet meets half of it; connections that are open stay open. CNI's own plugins for both need iptables.
 *
 * Pure: text in, text out.
 */
export interface HostPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly hostPort: number;
  /** Only at this address of the node; at all of them where absent. */
  readonly hostAddress?: string;
  readonly podAddress: string;
  readonly podPort: number;
}

export interface PodRules {
  readonly podCidrs: readonly string[];
  /** To these, pods go under their own address: the ranges of the cluster's pods. */
  readonly unmasqueraded: readonly string[];
  readonly bridge: string;
  readonly hostPorts: readonly HostPort[];
}

export const podTable = 'skerry_pods';
const families = ['ip', 'ip6'] as const;
type Family = (typeof families)[number];
const loopback = { ip: '127.0.0.0/8', ip6: '::1' } as const;
const multicast = { ip: '224.0.0.0/4', ip6: 'ff00::/8' } as const;
/** On packets whose answers must come back through the node; a bit that CNI's own plugin uses for the same. */
const returnMark = '0x2000';

export function podRules(rules: PodRules): string {
  return families.flatMap((family) => [...removalOf(family), ...tableOf(family, rules), '']).join('\n');
}

export function podRulesRemoval(): string {
  return [...families.flatMap(removalOf), ''].join('\n');
}

/** Adding it first makes the removal of what isn't there no error. */
function removalOf(family: Family): string[] {
  return [`add table ${family} ${podTable}`, `delete table ${family} ${podTable}`];
}

function tableOf(family: Family, { podCidrs, unmasqueraded, bridge, hostPorts }: PodRules): string[] {
  const ranges = podCidrs.filter((range) => familyOf(range) === family);
  if (ranges.length === 0) return [];
  const inside = unmasqueraded.filter((range) => familyOf(range) === family);
  const pods = `{ ${ranges.join(', ')} }`;
  const ports = hostPorts.filter(({ podAddress }) => familyOf(podAddress) === family);
  return [
    `table ${family} ${podTable} {`,
    '  chain host_ports {',
    ...ports.flatMap((port) => hostPortRules(family, port, ranges)),
    '  }',
    '  chain arriving {',
    '    type nat hook prerouting priority -100;',
    '    fib daddr type local jump host_ports',
    '  }',
    '  chain local {',
    '    type nat hook output priority -100;',
    '    fib daddr type local jump host_ports',
    '  }',
    '  chain leaving {',
    '    type nat hook postrouting priority 100;',
    `    meta mark & ${returnMark} == ${returnMark} masquerade`,
    ...(inside.length > 0 ? [`    ${family} daddr { ${inside.join(', ')} } return`] : []),
    `    ${family} saddr ${pods} ${family} daddr != { ${[...ranges, multicast[family]].join(', ')} } masquerade`,
    '  }',
    // Host ports at 127.0.0.1 need the bridge to take such addresses; pods must not get at the node's own ones with it.
    '  chain guard {',
    '    type filter hook prerouting priority -300;',
    `    iifname "${bridge}" ${family} daddr ${loopback[family]} drop`,
    '  }',
    '}',
  ];
}

function hostPortRules(family: Family, port: HostPort, ranges: readonly string[]): string[] {
  const { protocol, hostPort, hostAddress, podAddress, podPort } = port;
  const target = family === 'ip6' ? `[${podAddress}]:${podPort}` : `${podAddress}:${podPort}`;
  const at = hostAddress ? `${family} daddr ${hostAddress} ` : '';
  const match = `    ${at}${protocol} dport ${hostPort}`;
  return [
    `${match} ${family} saddr { ${[...ranges, loopback[family]].join(', ')} } meta mark set meta mark or ${returnMark}`,
    `${match} dnat to ${target}`,
  ];
}

function familyOf(addressOrRange: string): Family {
  return addressOrRange.includes(':') ? 'ip6' : 'ip';
}
