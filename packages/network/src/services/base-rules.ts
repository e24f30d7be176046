/**
 * The part of the table that no Service changes: hooks, and the maps by which a packet finds the chain of its Service.
 * Behaviour is that of kube-proxy's nftables mode; the layout differs in one thing. There, each endpoint has a chain;
 * here, a Service's chain holds its endpoints in one map of numbers, so that a change of one endpoint is one rule, and a
 * thousand Services are a thousand chains and not eleven thousand, which nft would read before every change.
 * https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-mode-nftables
 *
 * The table is ours alone, one per address family; hooks stand where kube-proxy's stand.
 */
import type { Family } from '#services/service-ports.ts';

export const serviceTable = 'skerry_services';

/** Bit 14, which kube-proxy uses for the same: the packet leaves under the node's own address. */
const masqueradeMark = '0x4000';
const addressTypes = { ip: 'ipv4_addr', ip6: 'ipv6_addr' } as const;
const loopback = { ip: '127.0.0.0/8', ip6: '::1' } as const;

/** Sets and maps that Services put elements into. */
export const maps = {
  clusterIps: 'cluster-ips',
  serviceIps: 'service-ips',
  nodePorts: 'service-nodeports',
  emptyServiceIps: 'no-endpoint-services',
  emptyNodePorts: 'no-endpoint-nodeports',
  firewalledIps: 'firewall-ips',
  loadBalancerIps: 'load-balancer-ips',
  hairpins: 'hairpin-endpoints',
  podRanges: 'pod-ranges',
} as const;

/** Replaces the table by one without a Service. */
export function baseRules(family: Family): string[] {
  const address = addressTypes[family];
  const target = `${family} daddr . meta l4proto . th dport`;
  const nodePort = `fib daddr type local ${family} daddr != ${loopback[family]} meta l4proto . th dport`;
  const byAddress = `type ${address} . inet_proto . inet_service : verdict`;
  const byPort = 'type inet_proto . inet_service : verdict';
  return [
    ...removeTable(family),
    `table ${family} ${serviceTable} {`,
    '  comment "Services of the cluster";',
    `  set ${maps.clusterIps} { type ${address}; }`,
    `  set ${maps.loadBalancerIps} { type ${address}; }`,
    `  set ${maps.podRanges} { type ${address}; flags interval; }`,
    `  set ${maps.hairpins} { type ${address} . ${address}; }`,
    `  map ${maps.serviceIps} { ${byAddress}; }`,
    `  map ${maps.nodePorts} { ${byPort}; }`,
    `  map ${maps.emptyServiceIps} { ${byAddress}; }`,
    `  map ${maps.emptyNodePorts} { ${byPort}; }`,
    `  map ${maps.firewalledIps} { ${byAddress}; }`,
    '  chain mark-for-masquerade {',
    `    meta mark set meta mark or ${masqueradeMark}`,
    '  }',
    // A reset reaches its client for sure: of messages that something is unreachable, the kernel sends one a second.
    '  chain reject-chain {',
    '    meta l4proto tcp reject with tcp reset',
    '    reject',
    '  }',
    '  chain services {',
    `    ${family} daddr @${maps.clusterIps} ${family} saddr != @${maps.podRanges} jump mark-for-masquerade`,
    `    ${target} vmap @${maps.serviceIps}`,
    `    ${nodePort} vmap @${maps.nodePorts}`,
    '  }',
    '  chain masquerading {',
    `    ct status dnat ${family} saddr . ${family} daddr @${maps.hairpins} masquerade fully-random`,
    `    meta mark & ${masqueradeMark} == 0 return`,
    `    meta mark set meta mark xor ${masqueradeMark}`,
    '    masquerade fully-random',
    '  }',
    '  chain service-endpoints-check {',
    `    ${target} vmap @${maps.emptyServiceIps}`,
    '  }',
    '  chain nodeport-endpoints-check {',
    `    ${nodePort} vmap @${maps.emptyNodePorts}`,
    '  }',
    '  chain firewall-check {',
    `    ${target} vmap @${maps.firewalledIps}`,
    '  }',
    // What came for no port of the Service must not end at a program of the machine that happens to hold the address.
    '  chain load-balancer-ips-check {',
    `    ${family} daddr @${maps.loadBalancerIps} meta l4proto { tcp, udp, sctp } goto reject-chain`,
    '  }',
    // Behind the address translation: what still has a Service's address went to a port that the Service doesn't have.
    '  chain cluster-ips-check {',
    `    ${family} daddr @${maps.clusterIps} goto reject-chain`,
    '  }',
    ...hook('filter-prerouting', 'filter hook prerouting priority -110', ['firewall-check']),
    ...hook('filter-input', 'filter hook input priority -110', [
      'nodeport-endpoints-check',
      'service-endpoints-check',
      'load-balancer-ips-check',
    ]),
    ...hook('filter-forward', 'filter hook forward priority -110', [
      'service-endpoints-check',
      'cluster-ips-check',
    ]),
    ...hook('filter-output', 'filter hook output priority -110', ['firewall-check']),
    ...hook('filter-output-post-dnat', 'filter hook output priority -90', [
      'service-endpoints-check',
      'cluster-ips-check',
    ]),
    '  chain nat-prerouting {',
    '    type nat hook prerouting priority -100;',
    '    jump services',
    '  }',
    '  chain nat-output {',
    '    type nat hook output priority -100;',
    '    jump services',
    '  }',
    '  chain nat-postrouting {',
    '    type nat hook postrouting priority 100;',
    '    jump masquerading',
    '  }',
    '}',
  ];
}

/** Adding it first makes the removal of what isn't there no error. */
export function removeTable(family: Family): string[] {
  return [`add table ${family} ${serviceTable}`, `delete table ${family} ${serviceTable}`];
}

function hook(name: string, type: string, chains: readonly string[]): string[] {
  return [
    `  chain ${name} {`,
    `    type ${type};`,
    ...chains.map((chain) => `    ct state new jump ${chain}`),
    '  }',
  ];
}
