/**
 * TLS connections from the API server to what extends it: webhooks and aggregated API servers. A destination is a Service,
 * whose pods are reached over the links of their nodes (or, without a node, dialled), or a host that is dialled.
 *
 * The other end is always verified, unless the destination says in so many words that it must not be. Connections are kept
 * and used again; at most `connectionsMax` are open to one destination, and whoever comes then waits for one of them, as
 * long as its own deadline allows. Nothing here follows redirects.
 */
import http from 'node:http';
import tls from 'node:tls';
import type { Duplex } from 'node:stream';
import { ApiError, notFound, type Service } from '@skerry/api';
import type { NodeDialer } from '#ports.ts';
import { chooseEndpoint, readyEndpoints, services } from '#outgoing/service-endpoint.ts';
import type { ObjectReader } from '#security.ts';

/** Opens a plain TCP connection from where this server runs. */
export type Dial = (target: { readonly host: string; readonly port: number }) => Promise<Duplex>;

export interface Destination {
  readonly to:
    | { readonly kind: 'service'; readonly namespace: string; readonly name: string; readonly port: number }
    | { readonly kind: 'host'; readonly host: string; readonly port: number };
  /** Authorities that may have signed the other end's certificate, PEM; those of the system unless told. */
  readonly authorityPem?: string;
  /** Only what an APIService asks for by `insecureSkipTLSVerify`. */
  readonly unverified?: boolean;
  /** Shown to the other end, so that it may believe what this server says about its user. */
  readonly clientCertificate?: { readonly certificatePem: string; readonly keyPem: string };
}

export interface ConnectionParts {
  readonly read: ObjectReader;
  readonly dialer: NodeDialer | undefined;
  readonly dial: Dial | undefined;
  readonly random: () => number;
}

const connectionsMax = 100;
const idleConnectionsMax = 16;
const idleMs = 90_000;
/** Destinations whose connections are kept; the one that was asked for longest ago goes. */
const destinationsMax = 200;

export class Connections {
  readonly #parts: ConnectionParts;
  readonly #agents = new Map<string, KeptAgent>();

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  /** The agent to give to `http.request`; its connections are TLS already. */
  agentFor(destination: Destination): http.Agent {
    const key = JSON.stringify(destination);
    const agent = this.#agents.get(key) ?? new KeptAgent(() => this.connect(destination));
    this.#agents.delete(key);
    this.#agents.set(key, agent);
    if (this.#agents.size > destinationsMax) {
      for (const [oldest, forgotten] of this.#agents) {
        this.#agents.delete(oldest);
        forgotten.retire();
        break;
      }
    }
    return agent;
  }

  /** A connection of the caller's own. Rejects with an ApiError for a Service that can't be resolved. */
  async connect(destination: Destination): Promise<Duplex> {
    const socket = await this.#open(destination);
    const name = serverNameOf(destination);
    return secured(socket, {
      host: name,
      // Server names are names: an address is checked against the certificate, but not sent.
      ...(destination.to.kind === 'host' && isAddress(name) ? {} : { servername: name }),
      ca: destination.authorityPem || undefined,
      rejectUnauthorized: destination.unverified !== true,
      cert: destination.clientCertificate?.certificatePem,
      key: destination.clientCertificate?.keyPem,
      ALPNProtocols: ['http/1.1'],
    });
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  #open({ to }: Destination): Promise<Duplex> {
    if (to.kind === 'host') return this.#dial(to.host, to.port);
    return this.#openService(to);
  }

  async #openService(to: { namespace: string; name: string; port: number }): Promise<Duplex> {
    const { read, dialer, random } = this.#parts;
    const service = read.get<Service>(services, to.name, to.namespace);
    if (!service) throw notFound({ group: '', resource: 'service' }, to.name);
    if (service.spec?.type === 'ExternalName') return this.#dial(service.spec.externalName ?? '', to.port);
    const port = service.spec?.ports?.find((each) => each.port === to.port);
    if (!port) {
      throw new ApiError('ServiceUnavailable', `no service port ${to.port} found for service "${to.name}"`);
    }
    const chosen = chooseEndpoint(to.name, readyEndpoints(read, service, port), random);
    const { node, address } = chosen;
    if (node === undefined) return this.#dial(address, chosen.port);
    if (!dialer) throw new Error('this server has no way to nodes');
    return dialer.dialPod(node, { address, port: chosen.port, purpose: 'extension' });
  }

  #dial(host: string, port: number): Promise<Duplex> {
    const { dial } = this.#parts;
    if (!dial) return Promise.reject(new Error('this server dials nothing outside its links'));
    return dial({ host, port });
  }
}

/** As the other end's certificate must name it. */
function serverNameOf({ to }: Destination): string {
  return to.kind === 'service' ? `${to.name}.${to.namespace}.svc` : to.host;
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^[\d.]+$/.test(host);
}

function secured(socket: Duplex, options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    // Its errors reach the TLS socket; one that comes before is a failure all the same.
    socket.on('error', () => undefined);
    const wrapped = tls.connect({ ...options, socket });
    wrapped.once('error', fail);
    wrapped.once('secureConnect', () => {
      wrapped.off('error', fail);
      resolve(wrapped);
    });
    wrapped.once('close', () => reject(new Error('EOF')));
  });
}

/** Keeps connections that take longer to open than a socket of this machine does. */
class KeptAgent extends http.Agent {
  readonly #open: () => Promise<Duplex>;

  constructor(open: () => Promise<Duplex>) {
    super({
      keepAlive: true,
      maxSockets: connectionsMax,
      maxFreeSockets: idleConnectionsMax,
      timeout: idleMs,
      scheduling: 'lifo',
    });
    this.#open = open;
  }

  override createConnection(
    _options: unknown,
    onCreate?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#open().then(
      (stream) => onCreate?.(null, stream),
      // The agent wants an error and nothing else then.
      (error: unknown) => (onCreate as (error: unknown) => void)(error),
    );
    return undefined;
  }

  /** Ends what is idle now; what is in use ends with its request. */
  retire(): void {
    this.maxFreeSockets = 0;
    for (const sockets of Object.values(this.freeSockets))
      for (const socket of sockets ?? []) socket.destroy();
  }
}
