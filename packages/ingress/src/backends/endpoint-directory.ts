/**
 * Endpoints of a Service's port, as traffic from outside may use them: ready ones of the own pool first, then ready ones of
 * pools that are reached, then those that end but still serve, in the same order. What was computed is kept until the Service or one
 * of its slices changes.
 */
import type { Endpoint, EndpointSlice, Service } from '@skerry/api';
import type { ServicePortRef } from '#routing/route.ts';

export interface Target {
  readonly address: string;
  readonly port: number;
}

export interface ServiceTargets {
  readonly protocol: 'http/1.1' | 'h2c' | 'https';
  readonly targets: readonly Target[];
}

export interface ServiceSource {
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
}

export const poolLabel = 'apps.openyurt.io/nodepool';
/** Of one port, so that a huge Service doesn't fill the memory. */
const targetsMax = 10_000;

export class EndpointDirectory {
  readonly #source: ServiceSource;
  readonly #pool: string | undefined;
  readonly #known = new Map<string, Map<number | string, ServiceTargets | undefined>>();

  constructor(source: ServiceSource, { pool }: { readonly pool: string | undefined }) {
    this.#source = source;
    this.#pool = pool;
  }

  /** Undefined where there is no such Service or port. */
  find({ namespace, name, port }: ServicePortRef): ServiceTargets | undefined {
    const key = `${namespace}/${name}`;
    let ports = this.#known.get(key);
    if (!ports) this.#known.set(key, (ports = new Map()));
    if (!ports.has(port)) ports.set(port, this.#compute(namespace, name, port));
    return ports.get(port);
  }

  /** A Service or one of its slices has changed. */
  forget(namespace: string, service: string): void {
    this.#known.delete(`${namespace}/${service}`);
  }

  #compute(namespace: string, name: string, port: number | string): ServiceTargets | undefined {
    const service = this.#source.service(namespace, name);
    const found = service?.spec?.ports?.find((each) => each.port === port || each.name === port);
    if (!service || !found || (found.protocol ?? 'TCP') !== 'TCP') return undefined;
    const protocol = protocolOf(found.appProtocol);
    const { externalName, type } = service.spec ?? {};
    if (type === 'ExternalName')
      return { protocol, targets: externalName ? [{ address: externalName, port: found.port }] : [] };
    const ranks: Target[][] = [[], [], [], []];
    const seen = new Set<string>();
    for (const slice of this.#source.slices(namespace, name)) {
      const number = slice.ports?.find((each) => (each.name ?? '') === (found.name ?? ''))?.port;
      if (number === undefined || slice.addressType === 'FQDN') continue;
      const pool = slice.metadata.labels?.[poolLabel];
      const isFar = pool !== undefined && pool !== this.#pool;
      for (const endpoint of slice.endpoints ?? []) {
        const [address] = endpoint.addresses;
        const rank = rankOf(endpoint, isFar);
        if (address === undefined || rank === undefined || seen.has(address) || seen.size >= targetsMax)
          continue;
        seen.add(address);
        ranks[rank]!.push({ address, port: number });
      }
    }
    return { protocol, targets: ranks.find((each) => each.length > 0) ?? [] };
  }
}

function rankOf({ conditions }: Endpoint, isFar: boolean): number | undefined {
  if (conditions?.ready ?? true) return isFar ? 1 : 0;
  return conditions?.serving && conditions.terminating ? (isFar ? 3 : 2) : undefined;
}

/** https://kubernetes.io/docs/concepts/services-networking/service/#application-protocol */
function protocolOf(appProtocol: string | undefined): ServiceTargets['protocol'] {
  switch (appProtocol?.toLowerCase()) {
    case 'kubernetes.io/h2c':
    case 'grpc':
      return 'h2c';
    case 'https':
    case 'kubernetes.io/wss':
      return 'https';
    default:
      return 'http/1.1';
  }
}
