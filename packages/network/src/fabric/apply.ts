/**
 * Makes the kernel have what a plan says, by the difference to what is there: an agent that starts again changes nothing
 * that is right. Ours are routes by their protocol number, and devices by their names; others' are never touched, also where
 * they stand in the way of ours.
 */
import type { Kernel, Link, Refusal, Route } from '#kernel/links.ts';
import { crossingDevice } from '#crossing/crossing-device.ts';
import {
  tunnelDevice,
  type FabricPlan,
  type Forwarding,
  type Neighbour,
  type PlannedRoute,
  type Tunnel,
} from '#fabric/plan.ts';
import { isIpv4 } from '#fabric/ranges.ts';

/** On each of our routes; no routing daemon's. */
export const routeProtocol = 83;

/** The devices that are ours, by name. */
export const ownDevices = [tunnelDevice, crossingDevice] as const;

export interface KernelState {
  readonly links: readonly Link[];
  readonly routes: readonly Route[];
  /** By device, of those of ours that are there. */
  readonly behind: ReadonlyMap<string, Behind>;
}

interface Behind {
  readonly neighbours: readonly Neighbour[];
  readonly forwarding: readonly Forwarding[];
}

export interface Commands {
  readonly ip: readonly string[];
  /** Between the device and the routes over it. */
  readonly bridge: readonly string[];
  readonly routes: readonly string[];
}

export async function readKernel(kernel: Kernel): Promise<KernelState> {
  const [links, ...routes] = await Promise.all([
    kernel.links(),
    kernel.routes(4, routeProtocol),
    // A kernel without that family has no routes of it.
    kernel.routes(6, routeProtocol).catch(() => []),
  ]);
  const there = ownDevices.filter((device) => links.some(({ ifname }) => ifname === device));
  const behind = await Promise.all(
    there.map(async (device) => [device, await readBehind(kernel, device)] as const),
  );
  return { links, routes: routes.flat(), behind: new Map(behind) };
}

async function readBehind(kernel: Kernel, device: string): Promise<Behind> {
  const [neighbours, forwarding] = await Promise.all([kernel.neighbours(device), kernel.forwarding(device)]);
  return {
    neighbours: neighbours.map(({ dst, lladdr = '' }) => ({ address: dst, mac: lladdr })),
    forwarding: forwarding.flatMap(({ mac, dst, port }) =>
      dst ? [{ mac, remote: dst, ...(port === undefined ? {} : { port }) }] : [],
    ),
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
  const devices = ownDevices.map((device) => deviceCommands(device, plan, state));
  // What was on a device that is made anew went with it.
  const renewed = new Set<string>(devices.filter(({ isKept }) => !isKept).map(({ device }) => device));
  const held = new Map(
    state.routes
      .filter(({ dev }) => dev === undefined || !renewed.has(dev))
      .map((route) => [route.dst, heldRouteText(route)]),
  );
  const wanted = new Map(plan.routes.map((route) => [route.destination, routeText(route)]));
  const differs = ([destination, text]: [string, string]) => held.get(destination) !== text;
  return {
    ip: devices.flatMap(({ ip }) => ip),
    bridge: devices.flatMap(({ bridge }) => bridge),
    routes: [
      ...[...held.keys()]
        .filter((destination) => !wanted.has(destination))
        .map((destination) => `route delete ${removable(destination, state)} protocol ${routeProtocol}`),
      ...[...wanted]
        .filter(differs)
        // Only what is ours may be replaced: added, a route of somebody else's to the same range makes the kernel refuse.
        .map(([destination, text]) => `route ${held.has(destination) ? 'replace' : 'add'} ${text}`),
    ],
  };
}

interface DeviceCommands {
  readonly device: string;
  readonly isKept: boolean;
  readonly ip: readonly string[];
  readonly bridge: readonly string[];
}

function deviceCommands(device: string, plan: FabricPlan, state: KernelState): DeviceCommands {
  const held = state.links.find(({ ifname }) => ifname === device);
  const tunnel = plan.tunnels.find((each) => each.device === device);
  if (!tunnel) return { device, isKept: false, ip: held ? [`link delete ${device}`] : [], bridge: [] };
  const isKept = held !== undefined && isSameTunnel(held, tunnel);
  const { neighbours, forwarding } = (isKept ? state.behind.get(device) : undefined) ?? {
    neighbours: [],
    forwarding: [],
  };
  const entry = ({ mac, remote, port }: Forwarding) =>
    `${mac} dev ${device} dst ${remote}${port === undefined ? '' : ` port ${port}`} self`;
  return {
    device,
    isKept,
    ip: [
      ...linkCommands(tunnel, held, isKept),
      ...missing(tunnel.neighbours, neighbours).map(
        ({ address, mac }) => `neighbour replace ${address} lladdr ${mac} dev ${device} nud permanent`,
      ),
      ...neighbours
        .filter(({ address }) => !tunnel.neighbours.some((wanted) => wanted.address === address))
        .map(({ address }) => `neighbour delete ${address} dev ${device}`),
    ],
    bridge: [
      ...missing(forwarding, tunnel.forwarding).map((gone) => `fdb delete ${entry(gone)}`),
      ...missing(tunnel.forwarding, forwarding).map((wanted) => `fdb append ${entry(wanted)} permanent`),
    ],
  };
}

function linkCommands(tunnel: Tunnel, held: Link | undefined, isKept: boolean): string[] {
  const { device, id, port, local, mac, mtu, addresses } = tunnel;
  if (!held || !isKept) {
    return [
      ...(held ? [`link delete ${device}`] : []),
      `link add name ${device} address ${mac} mtu ${mtu} type vxlan id ${id} dstport ${port} local ${local} nolearning`,
      ...addresses.map((address) => addressCommand(address, device)),
      `link set dev ${device} up`,
    ];
  }
  const present = new Set(held.addr_info.map((info) => info.local));
  return [
    ...(held.mtu === mtu ? [] : [`link set dev ${device} mtu ${mtu}`]),
    ...addresses.filter((address) => !present.has(address)).map((address) => addressCommand(address, device)),
    ...(held.flags.includes('UP') ? [] : [`link set dev ${device} up`]),
  ];
}

/** Nobody else can have it: the kernel need not ask. */
function addressCommand(address: string, device: string): string {
  return isIpv4(address)
    ? `address replace ${address}/32 dev ${device}`
    : `address replace ${address}/128 dev ${device} nodad`;
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
  const { gateway, device, onlink, source } = route;
  const from = source === undefined ? '' : ` src ${source}`;
  const via = gateway === undefined ? '' : ` via ${gateway}`;
  return `${destination}${via} dev ${device} protocol ${routeProtocol}${from}${onlink ? ' onlink' : ''}`;
}

function heldRouteText({ type, dst, gateway, dev = '', prefsrc, flags }: Route): string {
  if (type === 'unreachable') return `unreachable ${dst} protocol ${routeProtocol}`;
  const onlink = flags.includes('onlink') ? ' onlink' : '';
  const from = prefsrc === undefined ? '' : ` src ${prefsrc}`;
  const via = gateway === undefined ? '' : ` via ${gateway}`;
  return `${dst}${via} dev ${dev} protocol ${routeProtocol}${from}${onlink}`;
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
