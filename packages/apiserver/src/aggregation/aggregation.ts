/** API aggregation, put together: other servers' group versions behind this one's door. */
import type { KindInfo } from '@skerry/api';
import type { Clock, Logger } from '@skerry/base';
import { AggregatingTarget } from '#aggregation/aggregating-target.ts';
import { ApiServices, type ClientCertificate } from '#aggregation/api-services.ts';
import { publishAuthenticationConfig } from '#aggregation/authentication-config.ts';
import { Availability } from '#aggregation/availability.ts';
import { LocalRegistration } from '#aggregation/local-registration.ts';
import { RemoteDocuments } from '#aggregation/remote-documents.ts';
import { RemoteFetcher } from '#aggregation/remote-fetch.ts';
import type { Connections } from '#outgoing/connections.ts';
import type { RequestTarget } from '#request-pipeline.ts';
import type { ServerAccess } from '#security.ts';

/** By what aggregated servers know this one. */
export interface FrontProxy {
  /** Signed `clientCertificate`, PEM. */
  readonly authorityPem: string;
  /** Asked for at every connection. */
  readonly clientCertificate: ClientCertificate;
}

export interface AggregationParts {
  readonly access: Pick<ServerAccess, 'read' | 'write'>;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes an APIService away. */
  remove(name: string): Promise<void>;
  kinds(): readonly KindInfo[];
  /** Told when an APIService comes to be unavailable, and why. */
  readonly onUnavailable?: (name: string, reason: string) => void;
  readonly frontProxy: FrontProxy | undefined;
  /** Signs users' certificates, PEM; published for aggregated servers. */
  readonly clientAuthorityPem: string | undefined;
}

export class Aggregation {
  readonly #parts: AggregationParts;
  readonly #apis: ApiServices;
  readonly #availability: Availability;
  readonly #registration: LocalRegistration;
  readonly documents: RemoteDocuments;

  constructor(parts: AggregationParts) {
    const { access, connections, clock, log } = parts;
    this.#parts = parts;
    this.#apis = new ApiServices(access.read, () => parts.frontProxy?.clientCertificate);
    const fetcher = new RemoteFetcher({ connections, clock });
    this.#availability = new Availability({
      ...access,
      apis: this.#apis,
      fetcher,
      clock,
      log,
      ...(parts.onUnavailable ? { onUnavailable: parts.onUnavailable } : {}),
    });
    this.#registration = new LocalRegistration({
      ...access,
      log,
      remove: (name) => parts.remove(name),
      kinds: () => parts.kinds(),
    });
    this.documents = new RemoteDocuments({ apis: this.#apis, fetcher, clock, log });
  }

  /** `local`, and before it whatever an APIService gives to others. */
  over(local: RequestTarget): RequestTarget {
    const { connections, clock, log } = this.#parts;
    return new AggregatingTarget(local, { apis: this.#apis, connections, clock, log });
  }

  async start(): Promise<void> {
    const { access, clientAuthorityPem, frontProxy } = this.#parts;
    this.#availability.start();
    await this.#registration.start();
    if (clientAuthorityPem !== undefined) {
      const authorities = { clients: clientAuthorityPem, frontProxy: frontProxy?.authorityPem };
      await publishAuthenticationConfig(access, authorities);
    }
    this.documents.start();
  }

  async stop(): Promise<void> {
    await this.#registration.stop();
    await this.#availability.stop();
    await this.documents.stop();
  }
}
