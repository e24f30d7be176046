/**
 * Answers load balancers that ask a node whether it has endpoints of a Service whose traffic must stay on its node: 200
 * where it has, 503 where not, at the Service's `healthCheckNodePort`.
 * https://kubernetes.io/docs/tasks/access-application-cluster/create-external-load-balancer/
 */
import { createServer, type Server } from 'node:http';
import type { Logger } from '@skerry/base';
import type { ServiceHealth } from '#services/service-state.ts';

/** Strangers may ask: each is answered and let go. */
const connectionsMax = 100;
const requestTimeoutMs = 5_000;

interface Listening {
  readonly server: Server;
  health: ServiceHealth;
}

export class HealthChecks {
  readonly #log: Logger;
  readonly #listening = new Map<number, Listening>();

  constructor({ log }: { readonly log: Logger }) {
    this.#log = log;
  }

  /** Answers for these Services, and for no others. */
  set(wanted: readonly ServiceHealth[]): void {
    const ports = new Map(wanted.map((health) => [health.port, health]));
    for (const [port, { server }] of this.#listening) {
      if (!ports.has(port)) this.#stop(port, server);
    }
    for (const health of ports.values()) {
      const known = this.#listening.get(health.port);
      if (known) known.health = health;
      else this.#start(health);
    }
  }

  close(): void {
    this.set([]);
  }

  #start(health: ServiceHealth): void {
    const { port, namespace, name } = health;
    const server = createServer({ requestTimeout: requestTimeoutMs, keepAlive: false }, (_, response) => {
      const { localEndpoints } = entry.health;
      response.writeHead(localEndpoints > 0 ? 200 : 503, {
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        'x-load-balancing-endpoint-weight': String(localEndpoints),
        connection: 'close',
      });
      response.end(
        `${JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: true }, undefined, 2)}\n`,
      );
    });
    server.maxConnections = connectionsMax;
    const entry: Listening = { server, health };
    server.on('error', (error) => {
      this.#log.warn('health checks not answered', {
        service: `${namespace}/${name}`,
        port,
        error: error.message,
      });
      // Asked again with the next change.
      if (this.#listening.get(port) === entry) this.#listening.delete(port);
    });
    this.#listening.set(port, entry);
    server.listen(port);
  }

  #stop(port: number, server: Server): void {
    this.#listening.delete(port);
    server.close();
    server.closeAllConnections();
  }
}
