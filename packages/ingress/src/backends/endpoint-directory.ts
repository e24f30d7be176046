/**
 * Endpoints of a Service's port, as traffic from outside may use them: ready ones of the own pool and of none, then those that
 * end but still serve. Without any it is the Service's own address: behind it the machine leads to endpoints of pools that this one
 * crosses to, which it alone knows, and refuses where there are none. What was computed is kept until the Service or one of its
 * slices changes.
 */
import { isIP } from 'node:net';
import type { Endpoint, EndpointSlice, Service } from '@skerry/api';
import type { ServicePortRef } from '#routing/route.ts';

export interface Target {
  readonly address: string;
  readonly port: number;
}

export interface ServiceTargets {
  readonly protocol: 'http/1.1' | 'h2c' | 'https';
  readonly targets: readonly Target[];
  /** Whether the target is the Service itself, and not an endpoint. */
  readonly isService?: boolean;
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
    const ready: Target[] = [];
    const ending: Target[] = [];
    const seen = new Set<string>();
    for (const slice of this.#source.slices(namespace, name)) {
      const number = slice.ports?.find((each) => (each.name ?? '') === (found.name ?? ''))?.port;
      const pool = slice.metadata.labels?.[poolLabel];
      const isFar = pool !== undefined && pool !== this.#pool;
      if (number === undefined || slice.addressType === 'FQDN' || isFar) continue;
      for (const endpoint of slice.endpoints ?? []) {
        const [address] = endpoint.addresses;
        const rank = rankOf(endpoint);
        if (address === undefined || rank === undefined || seen.has(address) || seen.size >= targetsMax)
          continue;
        seen.add(address);
        (rank === 'ready' ? ready : ending).push({ address, port: number });
      }
    }
    const targets = ready.length > 0 ? ready : ending;
    const own = targets.length === 0 ? ownAddress(service) : undefined;
    return own === undefined
      ? { protocol, targets }
      : { protocol, targets: [{ address: own, port: found.port }], isService: true };
  }
}

function rankOf({ conditions }: Endpoint): 'ready' | 'ending' | undefined {
  if (conditions?.ready ?? true) return 'ready';
  return conditions?.serving && conditions.terminating ? 'ending' : undefined;
}

/** Where endpoints must be on the machine itself there is none elsewhere, and packets would be dropped. */
function ownAddress({ spec }: Service): string | undefined {
  const { clusterIP = '', internalTrafficPolicy } = spec ?? {};
  return isIP(clusterIP) === 0 || internalTrafficPolicy === 'Local' ? undefined : clusterIP;
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
