/** The APIServices: which group versions are served by whom. Remote ones win over what this server serves itself. */
import type { APIService } from '@skerry/api';
import type { Destination } from '#outgoing/connections.ts';
import type { ObjectReader } from '#security.ts';

export const apiServices = { group: 'apiregistration.k8s.io', resource: 'apiservices' };

/** An APIService that leads to a Service. */
export interface RemoteApi {
  readonly name: string;
  readonly uid: string;
  readonly group: string;
  readonly version: string;
  readonly priority: { readonly group: number; readonly version: number };
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number };
  readonly available: boolean;
  readonly destination: Destination;
}

/** Shown to aggregated servers, so that they believe what is said about the user. */
export type ClientCertificate = NonNullable<Destination['clientCertificate']>;

export class ApiServices {
  readonly #read: ObjectReader;
  readonly #certificate: () => ClientCertificate | undefined;
  readonly #listeners = new Set<(name: string) => void>();
  #remote: ReadonlyMap<string, RemoteApi> | undefined;
  #generation = 0;

  constructor(read: ObjectReader, certificate: () => ClientCertificate | undefined) {
    this.#read = read;
    this.#certificate = certificate;
    read.onChange(apiServices, ({ object }) => {
      this.#remote = undefined;
      this.#generation++;
      for (const listener of this.#listeners) listener(object.metadata?.name ?? '');
    });
  }

  /** Counts changes. */
  get generation(): number {
    return this.#generation;
  }

  /** By `group/version`. */
  get remote(): ReadonlyMap<string, RemoteApi> {
    this.#remote ??= new Map(
      this.#read
        .list<APIService>(apiServices)
        .flatMap((object) => this.#remoteApi(object) ?? [])
        .map((api) => [`${api.group}/${api.version}`, api]),
    );
    return this.#remote;
  }

  find(name: string): APIService | undefined {
    return this.#read.get<APIService>(apiServices, name);
  }

  names(): string[] {
    return this.#read.list<APIService>(apiServices).map(({ metadata }) => metadata.name ?? '');
  }

  /** Told the name of every APIService that changes. */
  onChange(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #remoteApi({ metadata, spec, status }: APIService): RemoteApi | undefined {
    const { service, group = '', version = '', caBundle } = spec ?? {};
    if (!spec || !service) return undefined;
    const { namespace = '', name = '', port = 443 } = service;
    const certificate = this.#certificate();
    return {
      name: metadata.name ?? '',
      uid: metadata.uid ?? '',
      group,
      version,
      priority: { group: spec.groupPriorityMinimum, version: spec.versionPriority },
      service: { namespace, name, port },
      available:
        status?.conditions?.some((each) => each.type === 'Available' && each.status === 'True') ?? false,
      destination: {
        to: { kind: 'service', namespace, name, port },
        authorityPem: caBundle ? Buffer.from(caBundle, 'base64').toString().trim() : '',
        ...(spec.insecureSkipTLSVerify ? { unverified: true } : {}),
        ...(certificate ? { clientCertificate: certificate } : {}),
      },
    };
  }
}
