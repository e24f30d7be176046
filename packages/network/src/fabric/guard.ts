/**
 * Who may speak to the tunnels of a machine. VXLAN itself believes everybody: without this, any host that reaches a machine
 * could hand packets to its pods in the name of others. Packets of the pool come from its machines only, and those of other
 * pools from this machine only, by root's processes.
 *
 * Pure: a script for `nft`, one table, replaced in one step.
 */
import { crossingPort, processPort } from '#crossing/crossing-device.ts';
import { devicePrefix } from '#crossing/wireguard/wireguard-device.ts';
import { tunnelPort, type FabricPlan } from '#fabric/plan.ts';
import { families, familyOf } from '#fabric/ranges.ts';

export const guardTable = 'skerry_fabric';

/** Adding it first makes the removal of what isn't there no error. */
const removal = [`add table inet ${guardTable}`, `delete table inet ${guardTable}`];

export function guardScript(plan: FabricPlan, peers: readonly string[]): string {
  if (plan.tunnels.length === 0) return guardRemoval();
  const { poolRanges } = plan;
  const inside = [crossingPort, processPort].join(', ');
  return [
    ...removal,
    `table inet ${guardTable} {`,
    '  chain arriving {',
    '    type filter hook input priority -150;',
    ...(peers.length > 0 ? [`    udp dport ${tunnelPort} ip saddr { ${peers.join(', ')} } accept`] : []),
    `    udp dport ${tunnelPort} drop`,
    `    iifname != "lo" udp dport { ${inside} } drop`,
    '  }',
    '  chain leaving {',
    '    type filter hook output priority -150;',
    `    oifname "lo" udp dport { ${inside} } meta skuid != 0 drop`,
    '  }',
    // WireGuard sees to the other pool's addresses; of this one only pods' pass.
    '  chain crossing_in {',
    '    type filter hook prerouting priority -150;',
    ...outsideOf(poolRanges, { device: `iifname "${devicePrefix}*"`, field: 'daddr' }),
    '  }',
    '  chain crossing_out {',
    '    type filter hook postrouting priority -150;',
    ...outsideOf(poolRanges, { device: `oifname "${devicePrefix}*"`, field: 'saddr' }),
    '  }',
    '}',
    '',
  ].join('\n');
}

function outsideOf(
  ranges: readonly string[],
  { device, field }: { readonly device: string; readonly field: 'saddr' | 'daddr' },
): string[] {
  return families.map((family) => {
    const of = ranges.filter((range) => familyOf(range) === family);
    const outside = of.length === 0 ? '' : ` ${family === 4 ? 'ip' : 'ip6'} ${field} != { ${of.join(', ')} }`;
    return `    ${device} meta nfproto ipv${family}${outside} drop`;
  });
}

export function guardRemoval(): string {
  return `${removal.join('\n')}\n`;
}
