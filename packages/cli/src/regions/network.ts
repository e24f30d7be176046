/**
 * Makes and removes the namespaces, links and NAT rules of a region plan. Every step first looks whether its result is
 * there, so that a run after a crash completes what is missing; removal takes away everything that carries the instance's
 * names, whatever state it is in.
 */
import { existsSync, readdirSync } from 'node:fs';
import { SkerryError } from '@skerry/base';
import { runCommand } from '#process/command.ts';
import {
  bridgeName,
  centerAddress,
  type InstancePlan,
  type MachinePlan,
  namespacePath,
  type RegionPlan,
} from './plan.ts';

const claimAttemptsMax = 10;

const ip = (...args: string[]) => runCommand('ip', args);
const inside = (namespace: string, ...args: string[]) => runCommand('ip', ['-n', namespace, ...args]);

/** The bridge that stands in for the Internet. Fails with `network-in-use` when another interface has its addresses. */
export async function ensureInternet(instance: InstancePlan): Promise<void> {
  const bridge = bridgeName(instance);
  if (!linkExists(bridge)) await ip('link', 'add', bridge, 'type', 'bridge');
  await ip('address', 'replace', `${centerAddress(instance)}/24`, 'dev', bridge);
  // Looked at after ours is there: of two that start at once, at least one sees the other.
  const other = (await usedSubnets()).find((used) => used.subnet === instance.subnet && used.link !== bridge);
  if (other) {
    await ip('link', 'delete', bridge);
    throw new SkerryError(
      'network-in-use',
      `interface ${other.link} has addresses of 198.18.${instance.subnet}.0/24, which this cluster's network uses; stop what uses it, perhaps another \`skerry up\``,
    );
  }
  await ip('link', 'set', bridge, 'up');
}

/**
 * An instance whose names and addresses nothing on this machine has, with its bridge made. `remember` is told before
 * anything is made, so that what a killed process leaves can be found.
 */
export async function claimInstance(
  options: { newId: () => string; random: () => number },
  remember: (instance: InstancePlan) => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const used = new Set((await usedSubnets()).map(({ subnet }) => subnet));
    const free = Array.from({ length: 256 }, (_, subnet) => subnet).filter((subnet) => !used.has(subnet));
    // By chance, not the first: a cluster that is stopped keeps its subnet and will want it again.
    const subnet = free[Math.floor(options.random() * free.length)];
    if (subnet === undefined)
      throw new SkerryError('network-in-use', 'all of 198.18.0.0/16 is in use on this machine');
    const instance = { id: options.newId(), subnet };
    if (linkExists(bridgeName(instance))) continue;
    await remember(instance);
    try {
      await ensureInternet(instance);
      return;
    } catch (error) {
      if (attempt >= claimAttemptsMax || !(error instanceof SkerryError && error.code === 'network-in-use'))
        throw error;
    }
  }
}

/** A router between the bridge and the region's private network; it masquerades, so nothing can dial in. */
export function ensureRegion(region: RegionPlan): Promise<void> {
  const { routerNamespace, uplink, bridge, publicAddress, privateGateway } = region;
  return ensureNamespace(routerNamespace, async () => {
    await ip('link', 'add', uplink, 'type', 'veth', 'peer', 'name', 'wan', 'netns', routerNamespace);
    await ip('link', 'set', uplink, 'master', bridge, 'up');
    await inside(routerNamespace, 'address', 'add', `${publicAddress}/24`, 'dev', 'wan');
    await inside(routerNamespace, 'link', 'set', 'wan', 'up');
    await inside(routerNamespace, 'link', 'add', 'lan', 'type', 'bridge');
    await inside(routerNamespace, 'address', 'add', `${privateGateway}/24`, 'dev', 'lan');
    await inside(routerNamespace, 'link', 'set', 'lan', 'up');
    await forwardPackets(routerNamespace);
    await applyRules(routerNamespace, routerRules);
  });
}

/** A machine in its region's private network, with a default route over the router. */
export function ensureMachine(machine: MachinePlan): Promise<void> {
  const { namespace, privateAddress, region } = machine;
  const port = `m${privateAddress.split('.')[3]}`;
  return ensureNamespace(namespace, async () => {
    await inside(
      namespace,
      'link',
      'add',
      'eth0',
      'type',
      'veth',
      'peer',
      'name',
      port,
      'netns',
      region.routerNamespace,
    );
    await inside(region.routerNamespace, 'link', 'set', port, 'master', 'lan', 'up');
    await inside(namespace, 'address', 'add', `${privateAddress}/24`, 'dev', 'eth0');
    await inside(namespace, 'link', 'set', 'eth0', 'up');
    await inside(namespace, 'route', 'add', 'default', 'via', region.privateGateway);
    await forwardPackets(namespace);
  });
}

const routerRules = `table ip skerry {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname "wan" masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname "lan" accept
    ct state established,related accept
  }
}
`;

export async function removeMachine(machine: MachinePlan): Promise<void> {
  await removeNamespace(machine.namespace);
}

/** Removes every namespace and link of the instance. Tolerates what is gone already. */
export async function removeInstance(instance: InstancePlan): Promise<void> {
  // The kernel takes a namespace's links away some time after it; those on our side go at once, by name.
  for (const link of instanceUplinks(instance)) await ip('link', 'delete', link);
  for (const namespace of await instanceNamespaces(instance)) await removeNamespace(namespace);
  const bridge = bridgeName(instance);
  if (linkExists(bridge)) await ip('link', 'delete', bridge);
}

/** Third octets of 198.18.0.0/16 that interfaces of this machine use. */
async function usedSubnets(): Promise<{ link: string; subnet: number }[]> {
  const listing = await ip('-4', '-o', 'address', 'show');
  return [...listing.matchAll(/^\d+: (\S+) .* 198\.18\.(\d+)\./gm)].map(([, link = '', subnet]) => ({
    link,
    subnet: Number(subnet),
  }));
}

async function instanceNamespaces({ id }: InstancePlan): Promise<string[]> {
  const listing = await ip('netns', 'list');
  return listing
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name.startsWith(`skerry-${id}-`));
}

function instanceUplinks({ id }: InstancePlan): string[] {
  return readdirSync('/sys/class/net').filter((name) => name.startsWith(`sk${id}u`));
}

/** Makes a namespace and builds what belongs into it, unless it is there; a build that fails takes it away again. */
async function ensureNamespace(namespace: string, build: () => Promise<void>): Promise<void> {
  if (existsSync(namespacePath(namespace))) return;
  await ip('netns', 'add', namespace);
  try {
    await inside(namespace, 'link', 'set', 'lo', 'up');
    await build();
  } catch (error) {
    await removeNamespace(namespace);
    throw error;
  }
}

async function removeNamespace(namespace: string): Promise<void> {
  if (existsSync(namespacePath(namespace))) await ip('netns', 'delete', namespace);
}

function linkExists(name: string): boolean {
  return existsSync(`/sys/class/net/${name}`);
}

async function forwardPackets(namespace: string): Promise<void> {
  await runInNamespace(namespace, 'sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
}

async function applyRules(namespace: string, rules: string): Promise<void> {
  await runInNamespace(namespace, 'nft', ['-f', '-'], rules);
}

async function runInNamespace(
  namespace: string,
  program: string,
  args: string[],
  input?: string,
): Promise<void> {
  await runCommand('nsenter', [`--net=${namespacePath(namespace)}`, program, ...args], { input });
}
