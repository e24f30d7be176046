/** A route table in the making. */
import {
  addRoute,
  createPortTable,
  listenerAt,
  sortRoutes,
  type Certificate,
  type Listener,
  type PortTable,
  type RouteTable,
} from '#routing/port-table.ts';
import type { Route } from '#routing/route.ts';

/** The ports that the proxy's Service leads to; the first of each is the one of Ingresses. */
export interface ServedPorts {
  readonly http: readonly number[];
  readonly https: readonly number[];
}

export class TableBuilder {
  readonly #tables = new Map<number, PortTable>();

  /** All of them, so that a port answers 404 rather than nothing while no route is there. */
  constructor({ http, https }: ServedPorts) {
    for (const port of http) this.#tables.set(port, createPortTable('http'));
    for (const port of https) this.#tables.set(port, createPortTable('https'));
  }

  listener(port: number, pattern: string): Listener | undefined {
    const table = this.#tables.get(port);
    return table && listenerAt(table, pattern);
  }

  route(listener: Listener | undefined, pattern: string, route: Route): void {
    if (listener) addRoute(listener, pattern, route);
  }

  /** The first that is given for a pattern stays. */
  certificate(port: number, pattern: string, certificate: Certificate): void {
    this.#tables.get(port)?.certificates.getOrAdd(pattern, () => certificate);
  }

  finish(): RouteTable {
    for (const table of this.#tables.values()) sortRoutes(table);
    return this.#tables;
  }
}
