/**
 * What the kernel must be able to do for the pod network. Each thing is tried in a network namespace of its own that ends
 * with the try, so that nothing of the machine changes; asking for lists of modules would miss those that are built in, and those
 * that are listed and can't be loaded.
 */
import { describeError, SkerryError } from '@skerry/base';
import type { Check, Finding } from '#doctor/finding.ts';
import { failed, ok, warning } from '#doctor/finding.ts';
import type { DoctorSystem } from '#doctor/system.ts';

/** One script with everything that our tables use of nftables. */
const filterScript = `table inet doctor {
  map services { type ipv4_addr . inet_proto . inet_service : verdict; }
  chain services_of_pods { type nat hook prerouting priority dstnat; ip daddr . meta l4proto . th dport vmap @services; }
  chain leaving { type nat hook postrouting priority srcnat; fib saddr type local numgen random mod 2 0 masquerade; }
  chain filter { type filter hook forward priority filter; ct state established,related accept; }
}
`;

export const linksCheck: Check = {
  title: 'pod network',
  async look(system) {
    if (!canTry(system)) return notTried('links of pods');
    for (const kind of ['veth', 'bridge']) {
      const fault = await triesLink(system, kind);
      if (fault)
        return failed(
          'kernel-feature-missing',
          `the kernel makes no ${kind} interfaces: ${fault}`,
          `Load the module ${kind}, or use a kernel that has it.`,
        );
    }
    return ok('veth, bridge');
  },
};

export const filterCheck: Check = {
  title: 'packet filter',
  async look(system) {
    if (!canTry(system) || !system.program('nft')) return notTried('nftables');
    try {
      await system.run('unshare', ['--net', '--', 'nft', '-f', '-'], filterScript);
      return ok('nftables with nat, maps, fib and numgen');
    } catch (error) {
      if (isTimeout(error)) return tooSlow(error);
      return failed(
        'kernel-feature-missing',
        `the kernel does not take our rules: ${describeError(error)}`,
        'Load nf_tables, nft_chain_nat, nft_fib_inet and nft_numgen, or use a stock kernel of the distribution.',
      );
    }
  },
};

export const tunnelCheck: Check = {
  title: 'tunnels',
  async look(system) {
    if (!canTry(system)) return notTried('VXLAN');
    const vxlan = await triesLink(system, 'vxlan', ['id', '1', 'dstport', '4789']);
    if (vxlan)
      return warning(
        'kernel-feature-missing',
        `no VXLAN: ${vxlan}; pods of machines in different subnets of one pool can't reach each other`,
        'Load the module vxlan, or keep the machines of a pool on one subnet.',
      );
    const wireguard = await triesLink(system, 'wireguard');
    if (wireguard) return ok('VXLAN; no WireGuard, so the agent seals what crosses to other pools');
    return system.program('wg')
      ? ok('VXLAN, WireGuard')
      : ok('VXLAN; WireGuard is not used without the program wg (package wireguard-tools)');
  },
};

export const familiesCheck: Check = {
  title: 'addresses',
  async look(system) {
    const isOff = (await system.text('/proc/sys/net/ipv6/conf/all/disable_ipv6')) ?? '1';
    return isOff.trim() === '0'
      ? ok('IPv4, IPv6')
      : ok('IPv4; no IPv6, so pods have addresses of IPv4 alone, also in a cluster of both families');
  },
};

export const bridgedCheck: Check = {
  title: 'pods of one machine',
  async look(system) {
    const isShown = (await system.text('/proc/sys/net/bridge/bridge-nf-call-iptables')) !== undefined;
    return isShown || /\/br_netfilter\.ko/.test(await modulesOf(system))
      ? ok('br_netfilter')
      : warning(
          'kernel-feature-missing',
          'no br_netfilter; pods with network policies reach no other pod of this machine',
          'Load the module br_netfilter, or use a stock kernel of the distribution.',
        );
  },
};

export const overlayCheck: Check = {
  title: 'image layers',
  async look(system) {
    const known = (await system.text('/proc/filesystems')) ?? '';
    const modules = await modulesOf(system);
    return /\toverlay$/m.test(known) || /\/overlay\.ko/.test(modules)
      ? ok('overlayfs')
      : warning(
          'kernel-feature-missing',
          'no overlayfs; the runtime copies whole images for each container',
          'Load the module overlay, or configure the native snapshotter knowingly.',
        );
  },
};

/** What is loadable or built in, by the files that say so. */
async function modulesOf({ text }: DoctorSystem): Promise<string> {
  const kernel = ((await text('/proc/sys/kernel/osrelease')) ?? '').trim();
  const lists = [`/lib/modules/${kernel}/modules.dep`, `/lib/modules/${kernel}/modules.builtin`];
  return (await Promise.all(lists.map((path) => text(path)))).join('\n');
}

function canTry({ isRoot, program }: DoctorSystem): boolean {
  return isRoot && program('unshare') !== undefined && program('ip') !== undefined;
}

function notTried(what: string): Finding {
  return warning(
    'check-not-made',
    `${what} could not be tried`,
    'Run this as root, with iproute2, nftables and util-linux installed.',
  );
}

/** Modules are loaded for the first try, which takes its time on small machines: that tells nothing of the kernel. */
function tooSlow(error: unknown): Finding {
  return warning('check-not-made', describeError(error), 'Run this again.');
}

function isTimeout(error: unknown): boolean {
  return error instanceof SkerryError && error.code === 'command-timeout';
}

/** The kernel's words where it refuses. */
async function triesLink(
  system: DoctorSystem,
  kind: string,
  more: readonly string[] = [],
): Promise<string | undefined> {
  try {
    await system.run('unshare', ['--net', '--', 'ip', 'link', 'add', 'doctor0', 'type', kind, ...more]);
    return undefined;
  } catch (error) {
    return describeError(error).split(': ').at(-1)?.trim() || 'refused';
  }
}
