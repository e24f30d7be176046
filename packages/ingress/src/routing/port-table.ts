/**
 * What is served at one port: a listener for each host pattern, with routes by host. A request belongs to the listener that fits
 * its host best, and to no other. Routes of Ingresses are the exception: where no path of a host fits, a less exact host's may.
 */
import type { SecureContext } from 'node:tls';
import { HostMap } from '#routing/host-map.ts';
import { RouteSet, type RequestFacts } from '#routing/route-set.ts';
import type { Route } from '#routing/route.ts';

export interface Listener {
  readonly pattern: string;
  readonly routes: HostMap<RouteSet>;
  /** Whether a request that no route here fits may be another listener's. */
  fallsThrough: boolean;
}

export interface Certificate {
  readonly context: SecureContext;
  /** PEM, with the chain. */
  readonly certificate: Buffer;
  readonly key: Buffer;
}

export interface PortTable {
  readonly protocol: 'http' | 'https';
  readonly listeners: HostMap<Listener>;
  /** By the name that a client asks for. */
  readonly certificates: HostMap<Certificate>;
}

/** By port. */
export type RouteTable = ReadonlyMap<number, PortTable>;

export function createPortTable(protocol: PortTable['protocol']): PortTable {
  return { protocol, listeners: new HostMap(), certificates: new HostMap() };
}

export function listenerAt(table: PortTable, pattern: string): Listener {
  return table.listeners.getOrAdd(pattern, () => ({
    pattern,
    routes: new HostMap(),
    fallsThrough: false,
  }));
}

export function addRoute(listener: Listener, pattern: string, route: Route): void {
  listener.routes.getOrAdd(pattern, () => new RouteSet()).add(route);
}

export function sortRoutes(table: PortTable): void {
  for (const listener of table.listeners.values())
    for (const routes of listener.routes.values()) routes.sort();
}

export type Found =
  | { readonly route: Route }
  /** The name that the client asked for when it connected is another listener's. */
  | 'misdirected'
  | undefined;

export function findRoute(
  table: PortTable,
  { host, serverName, request }: { host: string; serverName: string | undefined; request: RequestFacts },
): Found {
  const [closest] = table.listeners.matching(host);
  if (serverName !== undefined && closest !== table.listeners.closest(serverName)) return 'misdirected';
  for (const listener of table.listeners.matching(host)) {
    for (const routes of listener.routes.matching(host)) {
      const route = routes.find(request);
      if (route) return { route };
    }
    if (!listener.fallsThrough) return undefined;
  }
  return undefined;
}
