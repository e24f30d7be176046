/**
 * Makes the kernel have what a plan says, by the difference to what is there: an agent that starts again changes nothing
 * that is right. Ours are routes by their protocol number, and devices by their names; others' are never touched, also where
 * they stand in the way of ours.
 */
import type { Kernel, Link, Refusal, Route } from '#kernel/links.ts';
import { tunnelDevice, type FabricPlan, type PlannedRoute, type Tunnel } from '#fabric/plan.ts';

/** On each of our routes; no routing daemon's. */
export const routeProtocol = 83;

export interface KernelState {
  readonly links: readonly Link[];
  readonly routes: readonly Route[];
  readonly neighbours: readonly { readonly address: string; readonly mac: string }[];
  readonly forwarding: readonly { readonly mac: string; readonly remote: string }[];
}

export interface Commands {
  readonly ip: readonly string[];
  /** Between the device and the routes over it. */
  readonly bridge: readonly string[];
  readonly routes: readonly string[];
}

export async function readKernel(kernel: Kernel): Promise<KernelState> {
  const [links, routes] = await Promise.all([kernel.links(), kernel.routes(4, routeProtocol)]);
  if (!links.some(({ ifname }) => ifname === tunnelDevice))
    return { links, routes, neighbours: [], forwarding: [] };
  const [neighbours, forwarding] = await Promise.all([
    kernel.neighbours(tunnelDevice),
    kernel.forwarding(tunnelDevice),
  ]);
  return {
    links,
    routes,
    neighbours: neighbours.map(({ dst, lladdr = '' }) => ({ address: dst, mac: lladdr })),
    forwarding: forwarding.flatMap(({ mac, dst }) => (dst ? [{ mac, remote: dst }] : [])),
  };
}

/** Answers what the kernel refused. */
export async function applyPlan(kernel: Kernel, plan: FabricPlan, state: KernelState): Promise<Refusal[]> {
  const commands = difference(plan, state);
  return [
    ...(await kernel.batch('ip', commands.ip)),
    ...(await kernel.batch('bridge', commands.bridge)),
    ...(await kernel.batch('ip', commands.routes)),
  ];
}

export function difference(plan: FabricPlan, state: KernelState): Commands {
  const { commands, isKept } = deviceCommands(plan.tunnel, state.links);
  // What was on a device that is made anew went with it.
  const neighbours = isKept ? state.neighbours : [];
  const forwarding = isKept ? state.forwarding : [];
  const wantedRoutes = new Map(plan.routes.map((route) => [route.destination, routeText(route)]));
  const heldRoutes = new Map(
    state.routes
      .filter(({ dev }) => isKept || dev !== tunnelDevice)
      .map((route) => [route.dst, heldRouteText(route)]),
  );
  const differs = ([destination, text]: [string, string]) => heldRoutes.get(destination) !== text;
  return {
    ip: [
      ...commands,
      ...missing(plan.neighbours, neighbours).map(
        ({ address, mac }) => `neighbour replace ${address} lladdr ${mac} dev ${tunnelDevice} nud permanent`,
      ),
      ...missing(neighbours, plan.neighbours)
        .filter(({ address }) => !plan.neighbours.some((wanted) => wanted.address === address))
        .map(({ address }) => `neighbour delete ${address} dev ${tunnelDevice}`),
    ],
    bridge: [
      ...missing(forwarding, plan.forwarding).map(
        ({ mac, remote }) => `fdb delete ${mac} dev ${tunnelDevice} dst ${remote} self`,
      ),
      ...missing(plan.forwarding, forwarding).map(
        ({ mac, remote }) => `fdb append ${mac} dev ${tunnelDevice} dst ${remote} self permanent`,
      ),
    ],
    routes: [
      ...[...heldRoutes.keys()]
        .filter((destination) => !wantedRoutes.has(destination))
        .map((destination) => `route delete ${removable(destination, state)} protocol ${routeProtocol}`),
      ...[...wantedRoutes]
        .filter(differs)
        // Only what is ours may be replaced: added, a route of somebody else's to the same range makes the kernel refuse.
        .map(([destination, text]) => `route ${heldRoutes.has(destination) ? 'replace' : 'add'} ${text}`),
    ],
  };
}

function deviceCommands(
  tunnel: Tunnel | undefined,
  links: readonly Link[],
): { commands: string[]; isKept: boolean } {
  const held = links.find(({ ifname }) => ifname === tunnelDevice);
  if (!tunnel) return { commands: held ? [`link delete ${tunnelDevice}`] : [], isKept: false };
  const isKept = held !== undefined && isSameTunnel(held, tunnel);
  const { device, id, port, local, mac, mtu, address } = tunnel;
  const commands: string[] = [];
  if (held && !isKept) commands.push(`link delete ${device}`);
  if (!isKept) {
    commands.push(
      `link add name ${device} address ${mac} mtu ${mtu} type vxlan id ${id} dstport ${port} local ${local} nolearning`,
    );
  } else if (held.mtu !== mtu) {
    commands.push(`link set dev ${device} mtu ${mtu}`);
  }
  const hasAddress = isKept && held.addr_info.some((info) => info.local === address);
  if (!hasAddress) commands.push(`address replace ${address}/32 dev ${device}`);
  if (!isKept || !held.flags.includes('UP')) commands.push(`link set dev ${device} up`);
  return { commands, isKept };
}

function isSameTunnel({ address, linkinfo }: Link, { id, port, local, mac }: Tunnel): boolean {
  const held = linkinfo?.info_data ?? {};
  return (
    linkinfo?.info_kind === 'vxlan' &&
    address === mac &&
    held['id'] === id &&
    held['port'] === port &&
    held['local'] === local &&
    held['learning'] === false
  );
}

function routeText(route: PlannedRoute): string {
  const { destination } = route;
  if (route.type === 'unreachable') return `unreachable ${destination} protocol ${routeProtocol}`;
  const { gateway, device, onlink } = route;
  return `${destination} via ${gateway} dev ${device} protocol ${routeProtocol}${onlink ? ' onlink' : ''}`;
}

function heldRouteText({ type, dst, gateway = '', dev = '', flags }: Route): string {
  if (type === 'unreachable') return `unreachable ${dst} protocol ${routeProtocol}`;
  const onlink = flags.includes('onlink') ? ' onlink' : '';
  return `${dst} via ${gateway} dev ${dev} protocol ${routeProtocol}${onlink}`;
}

/** The kernel finds a route that leads nowhere only by its type. */
function removable(destination: string, { routes }: KernelState): string {
  const held = routes.find(({ dst }) => dst === destination);
  return held?.type ? `${held.type} ${destination}` : destination;
}

/** Those of the first that the second lacks. */
function missing<T extends object>(first: readonly T[], second: readonly T[]): T[] {
  const there = new Set(second.map((item) => JSON.stringify(item)));
  return first.filter((item) => !there.has(JSON.stringify(item)));
}
